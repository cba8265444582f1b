"""What happened on which local day? Kept per day, recomputed only where something changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

GOOD_QUALITY = 0.4

DIRTY = text("""
    INSERT INTO dirty_days (library_id, day)
    SELECT DISTINCT library_id, CAST(taken_local AS date) FROM facts
    WHERE library_id = :library_id AND item_id = ANY(:items) AND taken_local IS NOT NULL
    ORDER BY 1, 2
    ON CONFLICT (library_id, day) DO UPDATE SET since = now()
""")

WAITING = text("SELECT library_id, count(*) AS days FROM dirty_days GROUP BY 1 ORDER BY 1")

LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('albumen organise'), :library_id)")

TAKE = text("""
    DELETE FROM dirty_days WHERE (library_id, day) IN (
        SELECT library_id, day FROM dirty_days WHERE library_id = :library_id ORDER BY day LIMIT :most
    ) RETURNING day
""")

COUNT = text("""
    INSERT INTO days (library_id, day, photos, good)
    SELECT :library_id, p.day, count(f.item_id), count(f.item_id) FILTER (WHERE COALESCE(q.score, 1) >= :good)
    FROM unnest(CAST(:days AS date[])) AS p(day)
    LEFT JOIN (
        facts f
        JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
        LEFT JOIN quality q ON q.library_id = f.library_id AND q.item_id = f.item_id
    ) ON f.library_id = :library_id AND f.taken_local >= p.day AND f.taken_local < p.day + 1
     AND f.taken_confidence IN ('high', 'medium')
    GROUP BY p.day
    ON CONFLICT (library_id, day) DO UPDATE SET photos = excluded.photos, good = excluded.good
""")

DROP_EMPTY = text("DELETE FROM days WHERE library_id = :library_id AND day = ANY(:days) AND photos = 0")

COUNTS = text("SELECT day, good FROM days WHERE library_id = :library_id ORDER BY day")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A library with days to organise."""

    library_id: int
    days: int


def mark_dirty(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Have the days of these items organised anew."""
    if items:
        connection.execute(DIRTY, {"library_id": library_id, "items": list(items)})


def waiting(connection: Connection) -> list[Waiting]:
    """The libraries in which days changed."""
    return [Waiting(row.library_id, row.days) for row in connection.execute(WAITING)]


def organise(connection: Connection, library_id: int, *, most: int) -> Sequence[date]:
    """Recount up to `most` changed days, in the caller's transaction; empty when another worker has the library."""
    if not connection.execute(LOCK, {"library_id": library_id}).scalar_one():
        return []
    changed = connection.execute(TAKE, {"library_id": library_id, "most": most}).scalars().all()
    if changed:
        parameters = {"library_id": library_id, "days": list(changed)}
        connection.execute(COUNT, {**parameters, "good": GOOD_QUALITY})
        connection.execute(DROP_EMPTY, parameters)
    return changed


def counts(connection: Connection, library_id: int) -> dict[date, int]:
    """Good photos per local day; one row per day of a life, not per photo."""
    return {row.day: row.good for row in connection.execute(COUNTS, {"library_id": library_id})}
