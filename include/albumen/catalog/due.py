"""What is due? The table of pending work: putting in, counting, looking ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection, text


class Lane(IntEnum):
    """Order of work: fresh uploads overtake retries, retries overtake backfills."""

    FRESH = 0
    RETRY = 1
    BACKFILL = 2


LOOKUPS_ONLY = text("""
    SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true), set_config('enable_sort', 'off', true)
""")
"""The table of due work grows and shrinks by millions between two ANALYZE: its statistics are never right.

Sorting is off because a planner that believes the table empty would rather read and sort all of a step's work
than walk the index that has it in order.
"""

ENQUEUE = text("""
    INSERT INTO due (library_id, subject_id, step, subject_kind, lane)
    SELECT :library_id, p.subject_id, p.step, :subject_kind, :lane
    FROM unnest(CAST(:subjects AS bigint[]), CAST(:steps AS text[])) AS p(subject_id, step)
    ORDER BY 2, 3
    ON CONFLICT (library_id, subject_id, step) DO UPDATE
    SET lane = LEAST(due.lane, excluded.lane), shard_id = NULL, attempts = 0, not_before = now(), failing_since = NULL
    WHERE excluded.lane < 2
""")
"""Taking the row off its shard makes a result that is still on its way meet no row, and be dropped.

A backfill leaves work that is due already as it is: that will give what the backfill wants.
"""

COUNT = text("""
    SELECT count(*) FROM (
        SELECT FROM due WHERE step = ANY(:steps) AND shard_id IS NULL AND not_before <= now() LIMIT :most
    ) AS counted
""")

EXPIRED = text(
    "SELECT count(*) FROM shards WHERE pass_name = :pass_name AND finished_at IS NULL AND leased_until < now()"
)

NEXT_WAKE = text("""
    SELECT min(at) FROM (
        (SELECT min(not_before) AS at FROM due WHERE step = ANY(:steps) AND lane = 1 AND shard_id IS NULL)
        UNION ALL
        (SELECT min(leased_until) FROM shards WHERE pass_name = :pass_name AND finished_at IS NULL)
    ) AS wakes
""")

NEGLECTED = text("""
    SELECT NOT EXISTS (
        SELECT FROM shards WHERE pass_name = :pass_name AND finished_at IS NULL AND leased_until > now()
    ) AND (
        EXISTS (SELECT FROM shards WHERE pass_name = :pass_name AND finished_at IS NULL AND leased_until <= now())
        OR EXISTS (
            SELECT FROM due WHERE step = ANY(:steps) AND shard_id IS NULL
              AND GREATEST(not_before, due_since) < now() - make_interval(secs => :idle_s))
    )
""")


def lookups_only(connection: Connection) -> None:
    """For the rest of the transaction, have the planner look rows up by index, whatever it believes of the table.

    Everything asked here takes a bounded number of rows, for which that is never a bad plan.
    """
    connection.execute(LOOKUPS_ONLY)


def enqueue(
    connection: Connection, library_id: int, pairs: Iterable[tuple[int, str]], *, subject_kind: str, lane: Lane
) -> int:
    """Make (subject, step) pairs due; work already due keeps the better lane."""
    pairs = list(pairs)
    if pairs:
        subjects, steps = zip(*pairs, strict=True)
        connection.execute(
            ENQUEUE,
            {
                "library_id": library_id,
                "subjects": list(subjects),
                "steps": list(steps),
                "subject_kind": subject_kind,
                "lane": int(lane),
            },
        )
    return len(pairs)


def count(connection: Connection, steps: Sequence[str], *, most: int) -> int:
    """How many (subject, step) pairs could be leased now, counted up to `most`."""
    lookups_only(connection)
    return int(connection.execute(COUNT, {"steps": list(steps), "most": most}).scalar_one())


def expired_shards(connection: Connection, pass_name: str) -> int:
    """How many shards lost their worker."""
    return int(connection.execute(EXPIRED, {"pass_name": pass_name}).scalar_one())


def next_wake(connection: Connection, steps: Sequence[str], pass_name: str) -> Any:
    """When the next retry or lease expiry makes work available; None if nothing waits."""
    return connection.execute(NEXT_WAKE, {"steps": list(steps), "pass_name": pass_name}).scalar_one()


def is_neglected(connection: Connection, steps: Sequence[str], pass_name: str, *, idle_s: float) -> bool:
    """Whether work could have been leased for `idle_s` seconds and nobody works on the pass."""
    lookups_only(connection)
    parameters = {"steps": list(steps), "pass_name": pass_name, "idle_s": idle_s}
    return bool(connection.execute(NEGLECTED, parameters).scalar_one())
