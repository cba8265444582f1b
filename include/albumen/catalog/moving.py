"""What of these items moves? Videos, and photos that have a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

MOVING = text("""
    SELECT i.item_id, i.kind = 'video' AS is_video, v.duration_s
    FROM items i LEFT JOIN videos v ON v.library_id = i.library_id AND v.item_id = i.item_id
    WHERE i.library_id = :library_id AND i.item_id = ANY(:items) AND (
        i.kind = 'video'
        OR EXISTS (SELECT FROM motions m WHERE m.library_id = i.library_id AND m.item_id = i.item_id)
        OR (SELECT clip_id FROM paired p WHERE p.library_id = i.library_id AND p.still_id = i.item_id LIMIT 1)
            IS NOT NULL)
""")


@dataclass(frozen=True, slots=True)
class Moving:
    """A video with its length in seconds, or a photo with a clip."""

    item_id: int
    is_video: bool
    duration_s: float | None


def of_items(connection: Connection, library_id: int, items: Sequence[int]) -> dict[int, Moving]:
    """Those of these items that move, by id."""
    rows = connection.execute(MOVING, {"library_id": library_id, "items": list(items)}).mappings()
    return {row["item_id"]: Moving(**row) for row in rows}
