"""How much was done in which hour, and what it cost? Kept beside the tallies, so that no report reads the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from albumen.catalog.results import StepOutcome

ADD = text("""
    INSERT INTO hours_of_work
        (library_id, hour, step, state, reason, slice, n, cpu_s, wall_s, bytes_read, bytes_written)
    SELECT :library_id, date_trunc('hour', now()), p.step, p.state, COALESCE(p.reason, ''), :slice, count(*),
        sum(p.cpu_s), sum(p.wall_s), sum(p.bytes_read), sum(p.bytes_written)
    FROM unnest(CAST(:steps AS text[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:cpu AS float8[]),
        CAST(:wall AS float8[]), CAST(:read AS bigint[]), CAST(:written AS bigint[]))
        AS p(step, state, reason, cpu_s, wall_s, bytes_read, bytes_written)
    GROUP BY 3, 4, 5 ORDER BY 3, 4, 5
    ON CONFLICT (library_id, hour, step, state, reason, slice) DO UPDATE SET n = hours_of_work.n + excluded.n,
        cpu_s = hours_of_work.cpu_s + excluded.cpu_s, wall_s = hours_of_work.wall_s + excluded.wall_s,
        bytes_read = hours_of_work.bytes_read + excluded.bytes_read,
        bytes_written = hours_of_work.bytes_written + excluded.bytes_written
""")

BETWEEN = text("""
    SELECT library_id, step, state, reason, sum(n)::bigint AS n, sum(cpu_s) AS cpu_s, sum(wall_s) AS wall_s,
        sum(bytes_read)::bigint AS bytes_read, sum(bytes_written)::bigint AS bytes_written
    FROM hours_of_work
    WHERE library_id = ANY(:library_ids) AND hour >= :since AND hour < :until
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
""")
"""Grows with the hours asked for, never with the library."""

FORGET = text("""
    DELETE FROM hours_of_work WHERE ctid = ANY(ARRAY(SELECT ctid FROM hours_of_work WHERE hour < :before LIMIT :most))
""")


@dataclass(frozen=True, slots=True)
class Work:
    """Outcomes of one step that ended in one state with one reason, and what they cost in seconds and bytes."""

    library_id: int
    step: str
    state: str
    reason: str
    n: int
    cpu_s: float
    wall_s: float
    bytes_read: int
    bytes_written: int


def add(connection: Connection, library_id: int, ended: Iterable[StepOutcome], *, slice_no: int) -> None:
    """Count outcomes in the hour of the transaction."""
    outcomes = list(ended)
    parameters = {
        "library_id": library_id,
        "slice": slice_no,
        "steps": [one.step for one in outcomes],
        "states": [one.state for one in outcomes],
        "reasons": [one.reason for one in outcomes],
        "cpu": [one.cpu_s for one in outcomes],
        "wall": [one.wall_s for one in outcomes],
        "read": [one.bytes_read for one in outcomes],
        "written": [one.bytes_written for one in outcomes],
    }
    connection.execute(ADD, parameters)


def between(connection: Connection, library_ids: Sequence[int], since: datetime, until: datetime) -> list[Work]:
    """Work of whole hours that began in [since, until), by library, step, state and reason."""
    parameters = {"library_ids": list(library_ids), "since": since, "until": until}
    return [Work(**dict(row)) for row in connection.execute(BETWEEN, parameters).mappings()]


def forget(connection: Connection, before: datetime, *, most: int) -> int:
    """Delete up to `most` rows of hours before a time; how many went."""
    return connection.execute(FORGET, {"before": before, "most": most}).rowcount
