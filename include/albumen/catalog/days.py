"""What happened on which local day? Kept per day, recomputed only where something changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, text

GOOD_QUALITY = 0.4

COUNT = text("""
    INSERT INTO days (library_id, day, photos, good, shown)
    SELECT :library_id, p.day, count(f.item_id) FILTER (WHERE f.taken_confidence IN ('high', 'medium')),
        count(f.item_id) FILTER (WHERE f.taken_confidence IN ('high', 'medium') AND COALESCE(f.score, 1) >= :good),
        count(f.item_id)
    FROM unnest(CAST(:days AS date[])) AS p(day)
    LEFT JOIN LATERAL (
        SELECT of_day.*, q.score FROM (
            SELECT item_id, taken_confidence FROM facts
            WHERE library_id = :library_id AND taken_local >= p.day AND taken_local < p.day + 1 OFFSET 0
        ) AS of_day
        CROSS JOIN LATERAL (
            SELECT FROM items i
            WHERE i.library_id = :library_id AND i.item_id = of_day.item_id AND i.retired_at IS NULL
              AND (i.kind <> 'video' OR (
                SELECT still_id FROM paired WHERE library_id = :library_id AND clip_id = of_day.item_id LIMIT 1
              ) IS NULL)
            LIMIT 1
        ) AS living
        LEFT JOIN LATERAL (
            SELECT score FROM quality WHERE library_id = :library_id AND item_id = of_day.item_id LIMIT 1
        ) AS q ON true
    ) AS f ON true
    GROUP BY p.day
    ON CONFLICT (library_id, day) DO UPDATE SET photos = excluded.photos, good = excluded.good,
        shown = excluded.shown
""")
"""A photo and its clip count once. Looked up day by day, whatever the planner believes of tables that grow quickly."""

DROP_EMPTY = text("DELETE FROM days WHERE library_id = :library_id AND day = ANY(:days) AND shown = 0")

COUNTS = text("SELECT day, good FROM days WHERE library_id = :library_id AND photos > 0 ORDER BY day")


def recount(connection: Connection, library_id: int, changed: Sequence[date]) -> None:
    """Count the photos of these days anew."""
    parameters = {"library_id": library_id, "days": list(changed)}
    connection.execute(COUNT, {**parameters, "good": GOOD_QUALITY})
    connection.execute(DROP_EMPTY, parameters)


def counts(connection: Connection, library_id: int) -> dict[date, int]:
    """Good photos per local day; one row per day of a life, not per photo."""
    return {row.day: row.good for row in connection.execute(COUNTS, {"library_id": library_id})}
