"""What did a DAG run cost? From what its shards summed up; kept as long as the shards are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

RUNS = text("""
    WITH runs AS (
        SELECT regexp_replace(claim, '/[^/]*/[^/]*$', '') AS run, started_at, finished_at, size, summary
        FROM shards WHERE started_at > :since AND summary IS NOT NULL
    )
    SELECT run, min(started_at) AS started_at, max(finished_at) AS finished_at, sum(size)::bigint AS items,
        COALESCE(sum((SELECT sum(value::float8) FROM jsonb_each_text(summary -> 'cpu_s'))), 0) AS cpu_s,
        sum((summary ->> 'bytes_read')::bigint)::bigint AS bytes_read,
        sum((summary ->> 'bytes_written')::bigint)::bigint AS bytes_written
    FROM runs GROUP BY run ORDER BY started_at DESC LIMIT :most
""")
"""Grows with the shards that are kept, never with a library."""


@dataclass(frozen=True, slots=True)
class RunCost:
    """One run (`dag_id/run_id`): its items, and what the steps cost on them."""

    run: str
    started_at: datetime
    finished_at: datetime
    items: int
    cpu_s: float
    bytes_read: int
    bytes_written: int


def latest(connection: Connection, since: datetime, *, most: int) -> list[RunCost]:
    """The latest runs that worked on shards, newest first."""
    rows = connection.execute(RUNS, {"since": since, "most": most}).mappings()
    return [RunCost(**dict(row)) for row in rows]
