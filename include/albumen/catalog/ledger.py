"""Why is this file the way it is? Its whole story: every step, attempt, reason, time, cost, run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from albumen.catalog.libraries import Library


@dataclass(frozen=True, slots=True)
class Entry:
    """One outcome of one step, past or present."""

    at: datetime
    step: str
    state: str
    reason: str | None
    detail: str | None
    attempts: int
    version: int
    cpu_s: float
    wall_s: float
    bytes_read: int
    bytes_written: int
    task: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A step that is due now."""

    step: str
    lane: int
    attempts: int
    due_since: datetime
    not_before: datetime
    shard_id: int | None


SUBJECTS = text("""
    SELECT original_id, item_id, discovered_at FROM originals
    WHERE library_id = :library_id AND bucket = :bucket AND key = :key
""")

ENTRIES = text("""
    SELECT at, step, state, reason, detail, attempts, version, cpu_s, wall_s, bytes_read, bytes_written, task
    FROM outcome_history WHERE library_id = :library_id AND subject_id = ANY(:subjects) ORDER BY at, history_id
""")

PENDING = text("""
    SELECT step, lane, attempts, due_since, not_before, shard_id FROM due
    WHERE library_id = :library_id AND subject_id = ANY(:subjects) ORDER BY step
""")


def of_key(connection: Connection, library: Library, key: str) -> tuple[datetime, list[Entry], list[Pending]] | None:
    """When an original was found, its history, and what is due on it; None for an unknown key."""
    scope = {"library_id": library.library_id}
    found = connection.execute(SUBJECTS, {**scope, "bucket": library.bucket, "key": key}).one_or_none()
    if found is None:
        return None
    subjects = {**scope, "subjects": [found.original_id, *([found.item_id] if found.item_id else [])]}
    entries = [Entry(**dict(row)) for row in connection.execute(ENTRIES, subjects).mappings()]
    pending = [Pending(**dict(row)) for row in connection.execute(PENDING, subjects).mappings()]
    return found.discovered_at, entries, pending
