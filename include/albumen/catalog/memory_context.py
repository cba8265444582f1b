"""What is there to tell of these days? The photos and videos of a few date ranges, in one bounded query.

Of a long window each day gives its best photos only, so that what is read depends on how many days
are asked for, and not on how many photos a library has.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

MOST_PHOTOS = 4_000
"""No story needs more; a day of 50,000 photos is cut to its best."""
LEAST_OF_A_DAY = 12
OF_A_YEAR = 40
"""Photos of one person that are read of each year."""
UNSAFE = 0.5
"""From this score on a picture is in no story."""
NEAR_KM = 5.0
"""A guessed position that may be farther off names no place."""
MOST_OF_A_DAY = 2000

PHOTOS = text("""
    WITH seen AS (
        SELECT f.item_id, CAST(f.taken_local AS date) AS day, q.score, row_number() OVER (
            PARTITION BY date_trunc('hour', f.taken_local) ORDER BY q.score DESC NULLS LAST, f.item_id
        ) AS of_hour
        FROM unnest(CAST(:firsts AS timestamp[]), CAST(:ends AS timestamp[])) AS w(first, last)
        CROSS JOIN LATERAL (
            SELECT item_id, taken_local FROM facts
            WHERE library_id = :library_id AND taken_local >= w.first AND taken_local < w.last
                AND taken_confidence IN ('high', 'medium') OFFSET 0
        ) AS f
        CROSS JOIN LATERAL (
            SELECT FROM items i WHERE i.library_id = :library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
                AND (i.kind = 'photo' OR i.kind = 'video' AND (
                    SELECT still_id FROM paired WHERE library_id = :library_id AND clip_id = f.item_id LIMIT 1) IS NULL)
            LIMIT 1
        ) AS living
        LEFT JOIN LATERAL (
            SELECT score FROM quality WHERE library_id = :library_id AND item_id = f.item_id LIMIT 1
        ) AS q ON true
    ), ranked AS (
        SELECT item_id, score, row_number() OVER (
            PARTITION BY day ORDER BY of_hour, score DESC NULLS LAST, item_id
        ) AS of_day
        FROM seen WHERE of_hour <= :of_a_day
    ), of_people AS (
        SELECT w.item_id, row_number() OVER (
            PARTITION BY w.person_id, date_part('year', f.taken_local) ORDER BY q.score DESC NULLS LAST, w.item_id
        ) AS of_year
        FROM face_people w
        CROSS JOIN LATERAL (
            SELECT taken_local FROM facts
            WHERE library_id = :library_id AND item_id = w.item_id AND taken_confidence IN ('high', 'medium') LIMIT 1
        ) AS f
        CROSS JOIN LATERAL (
            SELECT FROM items i WHERE i.library_id = :library_id AND i.item_id = w.item_id AND i.retired_at IS NULL
                AND (i.kind = 'photo' OR i.kind = 'video' AND (
                    SELECT still_id FROM paired WHERE library_id = :library_id AND clip_id = w.item_id LIMIT 1) IS NULL)
            LIMIT 1
        ) AS living
        LEFT JOIN LATERAL (
            SELECT score FROM quality WHERE library_id = :library_id AND item_id = w.item_id LIMIT 1
        ) AS q ON true
        WHERE w.library_id = :library_id AND w.person_id = ANY(:people)
    ), picked AS MATERIALIZED (
        (SELECT item_id FROM ranked WHERE of_day <= :of_a_day
         ORDER BY of_day, score DESC NULLS LAST, item_id LIMIT :most)
        UNION SELECT item_id FROM of_people WHERE of_year <= :of_a_year
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
    WHERE COALESCE(k.kind, 'photo') IN ('photo', 'scan') AND COALESCE(s.score, 0) < :unsafe
    ORDER BY f.taken_local, f.item_id
""")
"""Of every day the best photo of each hour before any second one; details are read of those only. The clip of a photo
is told with it and not by itself.

The planner cannot know how few rows the windows have, and would read whole tables to join them; a LATERAL with a LIMIT
or OFFSET is looked up row by row.
"""


def photos(
    connection: Connection,
    library_id: int,
    ranges: Sequence[tuple[date, date]],
    *,
    days: int,
    people: Sequence[str] = (),
    scene_model: str = "",
) -> list[dict[str, Any]]:
    """What was taken on these local dates, or of these people, at a time that is trusted, by time; of many, the best.

    Parameters
    ----------
    ranges : sequence of (date, date)
        First and last day, both included; without overlap.
    days : int
        How many of the days have photos.
    people : sequence of str
        Of these people the best photos of each year are read too, whatever their day; that grows with their photos.
    scene_model : str
        Whose labels count, as `models_in_use.model_ids` gives it for `scene`.
    """
    if not (ranges or people):
        return []
    day = datetime.min.time()
    parameters = {
        "library_id": library_id,
        "firsts": [datetime.combine(first, day) for first, _ in ranges],
        "ends": [datetime.combine(date.fromordinal(last.toordinal() + 1), day) for _, last in ranges],
        "of_a_day": min(max(MOST_PHOTOS // max(days, 1), LEAST_OF_A_DAY), MOST_OF_A_DAY),
        "most": MOST_PHOTOS,
        "near_km": NEAR_KM,
        "unsafe": UNSAFE,
        "people": list(people),
        "of_a_year": OF_A_YEAR,
        "scene_model": scene_model,
    }
    return [dict(row) for row in connection.execute(PHOTOS, parameters).mappings()]
