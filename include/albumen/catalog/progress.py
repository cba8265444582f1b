"""How far is a step: what is left of it, and how much of it ended badly?

What is left is looked up among the pending work, and grows with the step's pending work at most;
what has ended is read from the tallies. Neither grows with the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from albumen.catalog import due

MOST_COUNTED = 1000

STEPS_ASKED = "asked AS (SELECT unnest(CAST(:steps AS text[])) AS step)"

EVERY_STEP = """
    waiting AS (
        (SELECT min(step) AS step FROM due WHERE shard_id IS NULL)
        UNION ALL
        SELECT (SELECT min(step) FROM due WHERE shard_id IS NULL AND step > waiting.step)
        FROM waiting WHERE waiting.step IS NOT NULL
    ),
    asked AS (
        SELECT step FROM waiting WHERE step IS NOT NULL
        UNION SELECT step FROM due WHERE shard_id IS NOT NULL
    )
"""
"""Goes from one step to the next in the index of what waits, and so does not read what waits."""

COUNTED = """
    WITH RECURSIVE {asked},
    leased AS MATERIALIZED (SELECT library_id, step, lane, due_since FROM due WHERE shard_id IS NOT NULL)
    SELECT step, count(*) FILTER (WHERE NOT leased AND lane <> 1) AS due, count(*) FILTER (WHERE leased) AS leased,
        count(*) FILTER (WHERE NOT leased AND lane = 1) AS retrying, min(due_since) AS oldest
    FROM (
        (SELECT s.step, false AS leased, lane, due_since
         FROM asked AS s
         CROSS JOIN generate_series(0, 2) AS lanes(lane)
         CROSS JOIN LATERAL (
            SELECT d.due_since FROM due d
            WHERE d.step = s.step AND d.lane = lanes.lane AND d.library_id = :library_id AND d.shard_id IS NULL
              AND (CAST(:since AS timestamptz) IS NULL OR d.due_since <= :since)
            ORDER BY d.seq LIMIT :most
         ) AS waiting)
        UNION ALL
        (SELECT step, true, lane, due_since FROM leased
         WHERE library_id = :library_id AND step IN (SELECT step FROM asked)
           AND (CAST(:since AS timestamptz) IS NULL OR due_since <= :since))
    ) AS counted
    GROUP BY step
"""
"""What is leased is little, in all libraries together: it is read from its own index before anything is asked of it.

It is one statement, so that work which goes from one step to the next meanwhile is seen in one of the two.
"""

LEFT = text(COUNTED.format(asked=STEPS_ASKED))
LEFT_OF_EVERY_STEP = text(COUNTED.format(asked=EVERY_STEP))

ENDED = text("""
    SELECT COALESCE(sum(n) FILTER (WHERE state IN ('done', 'quarantined')), 0)::bigint AS tried,
        COALESCE(sum(n) FILTER (WHERE state = 'quarantined' AND (:reason = '' OR reason = :reason)), 0)::bigint
            AS quarantined
    FROM tallies WHERE library_id = :library_id AND step = ANY(:steps)
""")


@dataclass(frozen=True, slots=True)
class Left:
    """What has not ended: (subject, step) pairs, those that wait counted up to `MOST_COUNTED` a step and lane.

    Attributes
    ----------
    oldest : datetime or None
        Since when the oldest has been due.
    """

    due: int
    leased: int
    retrying: int
    oldest: datetime | None

    def __bool__(self) -> bool:
        return bool(self.due or self.leased or self.retrying)

    def __add__(self, other: Left) -> Left:
        oldest = min(filter(None, (self.oldest, other.oldest)), default=None)
        return Left(self.due + other.due, self.leased + other.leased, self.retrying + other.retrying, oldest)

    def __str__(self) -> str:
        since = f", the oldest since {self.oldest:%Y-%m-%d %H:%M:%S}" if self.oldest else ""
        return f"{self.due} due, {self.leased} leased, {self.retrying} retrying{since}"


NOTHING = Left(0, 0, 0, None)


@dataclass(frozen=True, slots=True)
class Ended:
    """Of (subject, step) pairs that were tried, and not skipped: how many, and how many are in quarantine."""

    tried: int
    quarantined: int

    @property
    def percent(self) -> float:
        """Share in quarantine, 0 where nothing was tried."""
        return 100 * self.quarantined / self.tried if self.tried else 0.0


def left(connection: Connection, library_id: int, steps: list[str], *, since: datetime | None = None) -> Left:
    """What is due, leased or retrying.

    Parameters
    ----------
    since : datetime, optional
        Only work that was due at that moment already.
    """
    return sum(left_by_step(connection, library_id, steps, since=since).values(), NOTHING)


def left_by_step(
    connection: Connection,
    library_id: int,
    steps: Sequence[str] | None,
    *,
    since: datetime | None = None,
    most: int = MOST_COUNTED,
) -> dict[str, Left]:
    """The same, of each step of which something is left; `most` is counted a step and lane.

    Parameters
    ----------
    steps : sequence of str, optional
        None for every step, also one that no code knows any more.
    """
    due.lookups_only(connection)
    parameters = {"library_id": library_id, "since": since, "most": most}
    if steps is None:
        rows = connection.execute(LEFT_OF_EVERY_STEP, parameters).mappings().all()
    else:
        rows = connection.execute(LEFT, {**parameters, "steps": list(steps)}).mappings().all()
    return {row["step"]: Left(row["due"], row["leased"], row["retrying"], row["oldest"]) for row in rows}


def ended(connection: Connection, library_id: int, steps: list[str], *, reason: str = "") -> Ended:
    """How many were tried, and how many are in quarantine; with `reason`, for that reason only."""
    parameters = {"library_id": library_id, "steps": steps, "reason": reason}
    return Ended(**dict(connection.execute(ENDED, parameters).mappings().one()))
