"""What is the world to be told of memories? An outbox: written with the change itself, sent afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

PUBLISHED, WITHDRAWN = "memory.published", "memory.withdrawn"

NOTE = text("""
    INSERT INTO memory_events (library_id, event, payload)
    SELECT m.library_id, :event, jsonb_build_object('library', l.name, 'memory', m.memory_id, 'kind', m.kind,
        'date', m.told_on, 'title', CASE WHEN :event = 'memory.published' THEN m.title END)
    FROM memories m JOIN libraries l USING (library_id)
    WHERE m.memory_id = ANY(:memories) AND m.state = 'published' ORDER BY m.memory_id
""")

WAITING = text("""
    SELECT event_id, library_id, event, payload, created_at, attempts FROM memory_events
    WHERE sent_at IS NULL ORDER BY event_id LIMIT :most FOR UPDATE SKIP LOCKED
""")

SENT = text("UPDATE memory_events SET sent_at = now(), attempts = attempts + 1 WHERE event_id = :event_id")

FAILED = text("UPDATE memory_events SET attempts = attempts + 1 WHERE event_id = :event_id")


@dataclass(frozen=True, slots=True)
class MemoryEvent:
    """Something that happened to a memory: `event` is `memory.published` or `memory.withdrawn`."""

    event_id: int
    library_id: int
    event: str
    payload: dict[str, Any]
    created_at: datetime
    attempts: int


def note(connection: Connection, event: str, memories: Sequence[str]) -> None:
    """Have it told of these memories, those of them that are published; a withdrawn one is noted before it goes."""
    if memories:
        connection.execute(NOTE, {"event": event, "memories": list(memories)})


def waiting(connection: Connection, *, most: int) -> list[MemoryEvent]:
    """The oldest events that are not sent, held by this transaction."""
    return [MemoryEvent(**row) for row in connection.execute(WAITING, {"most": most}).mappings()]


def mark(connection: Connection, event_id: int, *, is_sent: bool) -> None:
    """Keep whether an attempt to send an event succeeded."""
    connection.execute(SENT if is_sent else FAILED, {"event_id": event_id})
