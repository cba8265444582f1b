"""Which pictures stand for a local day? The best of all of it, and of everybody and everything on it.

Memories read these and never a whole day or a whole person, so that what they read does not grow with how many
pictures there are. They are chosen anew where a day is organised; what is hidden leaves its place to others there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, text

from albumen.catalog import models_in_use

WHOLE_DAY = ""
"""The feature that every picture of a day has; others are `person:ID`, `place:ID` and `label:NAME`."""
NOUNS = ("person", "place", "label")
OF_A_DAY = 96
OF_A_FEATURE = 6
DAYS_AT_ONCE = 50
"""So that no statement takes long where days have thousands of pictures."""
UNMEASURED = 0.7
"""A quality that was never measured goes between that of an ordinary sharp photo and that of a poor one."""
UNSAFE = 0.5
"""From this score on a picture is in no story."""
TOLD_KINDS = ("photo", "scan")

FORGET = text("DELETE FROM highlights WHERE library_id = :library_id AND day = ANY(CAST(:days AS date[]))")

CHOOSE = text("""
    WITH seen AS MATERIALIZED (
        SELECT p.day, f.item_id, date_trunc('hour', f.taken_local) AS hour, w.features,
            f.item_id = ANY(CAST(:hidden_items AS bigint[])) OR w.features && CAST(:hidden AS text[]) AS is_hidden,
            COALESCE(q.score, :unmeasured) + CAST(f.stars IN ('4', '5') AS int) AS score
        FROM unnest(CAST(:days AS date[])) AS p(day)
        CROSS JOIN LATERAL (
            SELECT item_id, taken_local, COALESCE(extra ->> 'rating', '') AS stars FROM facts
            WHERE library_id = :library_id AND taken_local >= p.day AND taken_local < p.day + 1
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
        LEFT JOIN LATERAL (
            SELECT kind FROM picture_kinds WHERE library_id = :library_id AND item_id = f.item_id LIMIT 1
        ) AS k ON true
        LEFT JOIN LATERAL (
            SELECT score FROM safety WHERE library_id = :library_id AND item_id = f.item_id LIMIT 1
        ) AS s ON true
        CROSS JOIN LATERAL (
            SELECT COALESCE(array_agg(named.feature), '{}') AS features FROM (
                SELECT 'person:' || person_id AS feature FROM face_people
                WHERE library_id = :library_id AND item_id = f.item_id
                UNION SELECT 'place:' || place_id FROM item_places
                WHERE library_id = :library_id AND item_id = f.item_id AND place_id IS NOT NULL
                UNION SELECT 'label:' || unnest(labels) FROM scenes
                WHERE library_id = :library_id AND item_id = f.item_id AND model_id = :scene_model
            ) AS named
        ) AS w
        WHERE COALESCE(k.kind, 'photo') = ANY(:kinds) AND COALESCE(s.score, 0) < :unsafe
    ), by_feature AS (
        SELECT day, CAST(:whole_day AS text) AS feature, item_id, hour, score FROM seen WHERE NOT is_hidden
        UNION ALL
        SELECT day, f.feature, item_id, hour, score FROM seen, unnest(features) AS f(feature)
        WHERE NOT is_hidden OR f.feature = ANY(:hidden)
    ), in_hours AS (
        SELECT *, row_number() OVER (PARTITION BY day, feature, hour ORDER BY score DESC, item_id) AS of_hour
        FROM by_feature
    ), placed AS (
        SELECT *, row_number() OVER (PARTITION BY day, feature ORDER BY of_hour, score DESC, item_id) AS place
        FROM in_hours
    )
    INSERT INTO highlights (library_id, feature, day, items, score)
    SELECT :library_id, feature, day, array_agg(item_id ORDER BY place), max(score) FROM placed
    WHERE place <= CASE WHEN feature = :whole_day THEN :of_a_day ELSE :of_a_feature END
    GROUP BY feature, day
""")
"""Of every day the best picture of each hour before any second one, favourites first. A clip goes with its photo.
What is hidden itself keeps its days, by which they are found when it is shown again; readers leave it out.

The planner cannot know how few rows the days have, and would read whole tables to join them; a LATERAL with a LIMIT
or OFFSET is looked up row by row.
"""

HIDDEN = text("""
    SELECT kind || ':' || value AS feature, CAST(NULL AS bigint) AS item_id FROM suppressions
    WHERE library_id = :library_id AND kind = ANY(:nouns)
    UNION ALL SELECT 'person:' || person_id, NULL FROM people WHERE library_id = :library_id AND hidden
    UNION ALL SELECT NULL, item_id FROM suppressions WHERE library_id = :library_id AND item_id IS NOT NULL
""")

WITHOUT = text("""
    UPDATE highlights SET items = ARRAY(
        SELECT u.item_id FROM unnest(items) WITH ORDINALITY AS u(item_id, place)
        WHERE u.item_id <> ALL(:items) ORDER BY u.place)
    WHERE library_id = :library_id AND items && CAST(:items AS bigint[]) AND day IN (
        SELECT CAST(taken_local AS date) FROM facts WHERE library_id = :library_id AND item_id = ANY(:items))
""")

DROP_EMPTY = text("""
    DELETE FROM highlights WHERE library_id = :library_id AND items = '{}' AND day IN (
        SELECT CAST(taken_local AS date) FROM facts WHERE library_id = :library_id AND item_id = ANY(:items))
""")

CHOOSE_ANEW = text("""
    INSERT INTO dirty_days (library_id, day)
    SELECT :library_id, day FROM highlights WHERE library_id = :library_id AND feature = :feature
    UNION SELECT :library_id, CAST(taken_local AS date) FROM facts
    WHERE library_id = :library_id AND item_id = :item_id AND taken_local IS NOT NULL
    ORDER BY 2
    ON CONFLICT (library_id, day) DO UPDATE SET since = now()
""")
"""Grows with the days of what is hidden."""

DAYS_SEEN = text("""
    SELECT feature, count(*) AS days FROM highlights
    WHERE library_id = :library_id AND feature = ANY(:features) AND day >= :since AND day < :before
    GROUP BY feature ORDER BY feature
""")
"""Grows with the days of the span and the features asked for."""


def choose(connection: Connection, library_id: int, changed: Sequence[date]) -> None:
    """Choose the best pictures of these local days anew."""
    hidden = connection.execute(HIDDEN, {"library_id": library_id, "nouns": list(NOUNS)}).all()
    parameters = {
        "library_id": library_id,
        "scene_model": models_in_use.model_ids(connection)[models_in_use.SCENE],
        "hidden": sorted({row.feature for row in hidden if row.feature}),
        "hidden_items": sorted({row.item_id for row in hidden if row.item_id is not None}),
        "unmeasured": UNMEASURED,
        "unsafe": UNSAFE,
        "kinds": list(TOLD_KINDS),
        "whole_day": WHOLE_DAY,
        "of_a_day": OF_A_DAY,
        "of_a_feature": OF_A_FEATURE,
    }
    for first in range(0, len(changed), DAYS_AT_ONCE):
        some = list(changed[first : first + DAYS_AT_ONCE])
        connection.execute(FORGET, {"library_id": library_id, "days": some})
        connection.execute(CHOOSE, {**parameters, "days": some})


def days_seen(
    connection: Connection, library_id: int, features: Sequence[str], *, since: date, before: date
) -> dict[str, int]:
    """On how many days of a span each of these features was seen; those never seen are left out."""
    asked = {"library_id": library_id, "features": list(features), "since": since, "before": before}
    return {row.feature: row.days for row in connection.execute(DAYS_SEEN, asked)}


def leave_out(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Take items that are about to be erased out at once; others take their places when the days are organised."""
    for statement in (WITHOUT, DROP_EMPTY):
        connection.execute(statement, {"library_id": library_id, "items": list(items)})


def choose_anew(connection: Connection, library_id: int, *, feature: str = "-", item_id: int = 0) -> None:
    """Have the days of a feature, or of an item, organised anew: it was hidden, or is shown again."""
    connection.execute(CHOOSE_ANEW, {"library_id": library_id, "feature": feature, "item_id": item_id})
