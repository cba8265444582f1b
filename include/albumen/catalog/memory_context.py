"""What is there to tell of these days? The photos of a few date ranges, in one bounded query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

MOST_PHOTOS = 20_000
"""No story needs more; a day of 50,000 photos is cut to its best."""

PHOTOS = text("""
    SELECT f.item_id, o.key, f.taken_local, f.taken_confidence, f.width, f.height, f.gps_lat, f.gps_lon,
        q.score AS quality, COALESCE(q.reasons, '{}') AS quality_reasons, l.phash,
        NULLIF(concat_ws(' ', f.make, f.model), '') AS camera,
        p.key AS preview_key, p.width AS preview_width, p.height AS preview_height, t.key AS thumb_key,
        h.thumbhash, h.dominant, faces.boxes
    FROM unnest(CAST(:firsts AS timestamp[]), CAST(:ends AS timestamp[])) AS w(first, last)
    JOIN facts f ON f.library_id = :library_id AND f.taken_local >= w.first AND f.taken_local < w.last
    JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL AND i.kind = 'photo'
    JOIN renditions p ON p.library_id = f.library_id AND p.item_id = f.item_id AND p.name = 'preview'
    JOIN renditions t ON t.library_id = f.library_id AND t.item_id = f.item_id AND t.name = 'thumb'
    JOIN LATERAL (
        SELECT key FROM originals
        WHERE library_id = f.library_id AND item_id = f.item_id AND vanished_at IS NULL ORDER BY original_id LIMIT 1
    ) AS o ON true
    LEFT JOIN quality q ON q.library_id = f.library_id AND q.item_id = f.item_id
    LEFT JOIN likenesses l ON l.library_id = f.library_id AND l.item_id = f.item_id
    LEFT JOIN placeholders h ON h.library_id = f.library_id AND h.item_id = f.item_id
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(x, y, width, height, score) ORDER BY face_no) AS boxes
        FROM faces WHERE library_id = f.library_id AND item_id = f.item_id
    ) AS faces ON true
    ORDER BY COALESCE(q.score, 0) DESC, f.item_id LIMIT :most
""")


def photos(connection: Connection, library_id: int, ranges: Sequence[tuple[date, date]]) -> list[dict[str, Any]]:
    """Photos taken on these local dates (first and last included), the best ones if there are too many."""
    day = datetime.min.time()
    parameters = {
        "library_id": library_id,
        "firsts": [datetime.combine(first, day) for first, _ in ranges],
        "ends": [datetime.combine(date.fromordinal(last.toordinal() + 1), day) for _, last in ranges],
        "most": MOST_PHOTOS,
    }
    return [dict(row) for row in connection.execute(PHOTOS, parameters).mappings()]
