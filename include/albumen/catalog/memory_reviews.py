"""Which memories wait for a person, and what was answered?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from albumen.catalog import audit, memory_events

UNASKED = text("""
    SELECT l.name AS library, m.memory_id, m.inputs_key FROM memories m JOIN libraries l USING (library_id)
    WHERE m.state = 'review' AND m.asked_at IS NULL ORDER BY m.told_on DESC, m.strength DESC, m.memory_id LIMIT :most
""")

ASKED = text("UPDATE memories SET asked_at = now() WHERE memory_id = :memory_id AND inputs_key = :inputs_key")

ANSWER = text("""
    UPDATE memories SET state = :state, updated_at = now()
    WHERE library_id = :library_id AND memory_id = :memory_id AND state IN ('review', 'declined') AND state <> :state
        AND (:inputs_key = '' OR inputs_key = :inputs_key)
    RETURNING told_on
""")

IN_REVIEW = text("SELECT memory_id FROM memories WHERE memory_id = ANY(:memories) AND state = 'review'")


@dataclass(frozen=True, slots=True)
class Unasked:
    """A memory in review that nobody was asked about; `inputs_key` names the edition that is meant."""

    library: str
    memory_id: str
    inputs_key: str


def unasked(connection: Connection, *, most: int) -> list[Unasked]:
    """Memories in review, of all libraries, that nobody was asked about, the latest first."""
    return [Unasked(**row) for row in connection.execute(UNASKED, {"most": most}).mappings()]


def mark_asked(connection: Connection, memory_id: str, inputs_key: str) -> None:
    """Remember that the question is put."""
    connection.execute(ASKED, {"memory_id": memory_id, "inputs_key": inputs_key})


def answer(
    connection: Connection,
    library_id: int,
    memory_id: str,
    *,
    approved: bool,
    by: str,
    library: str,
    inputs_key: str = "",
) -> date | None:
    """Publish a memory that waits or was left out, or leave out one that waits; audited, and told of when published.

    Parameters
    ----------
    by : str
        Who answered.
    library : str
        The library's name, for the audit.
    inputs_key : str
        The edition that was shown; empty: whichever there is.

    Returns
    -------
    date or None
        The day it is told on; None if there is nothing to answer: it is gone, made anew, or was answered.
    """
    state = "published" if approved else "declined"
    parameters = {"library_id": library_id, "memory_id": memory_id, "state": state, "inputs_key": inputs_key}
    told_on: date | None = connection.execute(ANSWER, parameters).scalar_one_or_none()
    if told_on is None:
        return None
    if approved:
        memory_events.note(connection, memory_events.PUBLISHED, [memory_id])
    action = "publish memory" if approved else "leave memory out"
    audit.record(connection, by=by, action=action, library=library, details={"memory": memory_id})
    return told_on


def in_review(connection: Connection, memories: Sequence[str]) -> set[str]:
    """Those of some memories that wait for a person."""
    return set(connection.execute(IN_REVIEW, {"memories": list(memories)}).scalars())
