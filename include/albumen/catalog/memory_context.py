"""What is there to tell of these days, and of these people and things? The best pictures of each, in one bounded query.

What is read depends on how many days are asked for, and not on how many pictures a library has: see `highlights`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog.highlights import TOLD_KINDS, UNSAFE

OF_A_YEAR = 16
"""Pictures of one person or thing that are read of each year."""
NEAR_KM = 5.0
"""A guessed position that may be farther off names no place."""

PHOTOS = text("""
    WITH of_days AS (
        SELECT unnest(h.items[1:w.most]) AS item_id
        FROM unnest(CAST(:firsts AS date[]), CAST(:lasts AS date[]), CAST(:mosts AS int[])) AS w(first, last, most)
        CROSS JOIN LATERAL (
            SELECT items FROM highlights
            WHERE library_id = :library_id AND feature = '' AND day BETWEEN w.first AND w.last OFFSET 0
        ) AS h
    ), of_features AS (
        SELECT u.item_id, row_number() OVER (
            PARTITION BY h.feature, date_part('year', h.day) ORDER BY u.place, h.score DESC, h.day
        ) AS of_year
        FROM highlights h CROSS JOIN LATERAL unnest(h.items) WITH ORDINALITY AS u(item_id, place)
        WHERE h.library_id = :library_id AND h.feature = ANY(:features)
    ), picked AS MATERIALIZED (
        SELECT item_id FROM of_days UNION SELECT item_id FROM of_features WHERE of_year <= :of_a_year
    )
    SELECT f.item_id, o.key, f.taken_local, f.taken_confidence, f.width, f.height, f.gps_lat, f.gps_lon,
        q.score AS quality, COALESCE(q.reasons, '{}') AS quality_reasons, l.phash,
        NULLIF(concat_ws(' ', f.make, f.model), '') AS camera, f.extra -> 'rating' AS rating,
        p.key AS preview_key, p.width AS preview_width, p.height AS preview_height, t.key AS thumb_key,
        h.thumbhash, h.dominant, faces.boxes, faces.appearing, COALESCE(sc.labels, '{}') AS labels, ip.place_id,
        ie.trip_id,
        CASE WHEN NOT ip.inferred OR ip.within_km <= :near_km
            THEN COALESCE(pl.city, pl.region, pl.country) END AS place,
        i.kind, moves.clip_id, v.duration_s, hv.key AS hover_key, hv.bytes AS hover_bytes, px.key AS proxy_key
    FROM picked
    CROSS JOIN LATERAL (
        SELECT * FROM facts WHERE library_id = :library_id AND item_id = picked.item_id LIMIT 1
    ) AS f
    CROSS JOIN LATERAL (
        SELECT kind FROM items WHERE library_id = :library_id AND item_id = f.item_id AND retired_at IS NULL LIMIT 1
    ) AS i
    JOIN renditions p ON p.library_id = :library_id AND p.item_id = f.item_id AND p.name = 'preview'
    JOIN renditions t ON t.library_id = :library_id AND t.item_id = f.item_id AND t.name = 'thumb'
    JOIN LATERAL (
        SELECT key FROM originals
        WHERE library_id = :library_id AND item_id = f.item_id AND vanished_at IS NULL ORDER BY original_id LIMIT 1
    ) AS o ON true
    LEFT JOIN quality q ON q.library_id = :library_id AND q.item_id = f.item_id
    LEFT JOIN likenesses l ON l.library_id = :library_id AND l.item_id = f.item_id
    LEFT JOIN placeholders h ON h.library_id = :library_id AND h.item_id = f.item_id
    LEFT JOIN item_places ip ON ip.library_id = :library_id AND ip.item_id = f.item_id
    LEFT JOIN places pl ON pl.library_id = :library_id AND pl.place_id = ip.place_id
    LEFT JOIN item_events ie ON ie.library_id = :library_id AND ie.item_id = f.item_id
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(a.x, a.y, a.width, a.height, a.score, w.person_id)
            ORDER BY a.face_no) FILTER (WHERE a.frame_s IS NULL) AS boxes,
            array_agg(DISTINCT w.person_id) FILTER (WHERE a.frame_s IS NOT NULL AND w.person_id IS NOT NULL)
                AS appearing
        FROM faces a LEFT JOIN face_people w USING (library_id, item_id, face_no)
        WHERE a.library_id = :library_id AND a.item_id = f.item_id
    ) AS faces ON true
    LEFT JOIN LATERAL (
        SELECT f.item_id AS clip_id WHERE i.kind = 'video'
        UNION ALL
        (SELECT clip_id FROM paired WHERE library_id = :library_id AND still_id = f.item_id AND i.kind = 'photo'
         ORDER BY clip_id LIMIT 1)
    ) AS moves ON true
    LEFT JOIN videos v ON v.library_id = :library_id AND v.item_id = moves.clip_id
    LEFT JOIN renditions hv ON hv.library_id = :library_id AND hv.item_id = moves.clip_id AND hv.name = 'hover'
    LEFT JOIN renditions px ON px.library_id = :library_id AND px.item_id = moves.clip_id AND px.name = 'proxy'
    LEFT JOIN picture_kinds k ON k.library_id = :library_id AND k.item_id = f.item_id
    LEFT JOIN scenes sc ON sc.library_id = :library_id AND sc.item_id = f.item_id AND sc.model_id = :scene_model
    LEFT JOIN safety s ON s.library_id = :library_id AND s.item_id = f.item_id
    WHERE COALESCE(k.kind, 'photo') = ANY(:kinds) AND COALESCE(s.score, 0) < :unsafe
    ORDER BY f.taken_local, f.item_id
""")
"""What changed since a day was organised is left out here: what is retired, has another kind or is unsafe now.

The planner cannot know how few rows the windows have, and would read whole tables to join them; a LATERAL with a LIMIT
or OFFSET is looked up row by row.
"""


def photos(
    connection: Connection,
    library_id: int,
    ranges: Sequence[tuple[date, date, int]],
    *,
    features: Sequence[str] = (),
    scene_model: str = "",
) -> list[dict[str, Any]]:
    """The best of what was taken on these local dates, or of these people and things, at a time that is trusted.

    Parameters
    ----------
    ranges : sequence of (date, date, int)
        First and last day, both included, and how many pictures of each day at most.
    features : sequence of str
        `person:ID`, `place:ID` or `label:NAME`, of each of which every year gives its best pictures, of different days
        first; that grows with the days they are seen on.
    scene_model : str
        Whose labels count, as `models_in_use.model_ids` gives it for `scene`.

    Returns
    -------
    list of dict
        By time.
    """
    if not (ranges or features):
        return []
    parameters = {
        "library_id": library_id,
        "firsts": [first for first, _, _ in ranges],
        "lasts": [last for _, last, _ in ranges],
        "mosts": [most for _, _, most in ranges],
        "near_km": NEAR_KM,
        "unsafe": UNSAFE,
        "kinds": list(TOLD_KINDS),
        "features": list(features),
        "of_a_year": OF_A_YEAR,
        "scene_model": scene_model,
    }
    return [dict(row) for row in connection.execute(PHOTOS, parameters).mappings()]
