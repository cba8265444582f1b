"""How much work are the videos that are due? By length and pixels where they were read before, else by bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

BYTES_A_SECOND = 2_000_000
"""Of what a phone films in Full HD."""
FULL_HD_PIXELS_A_SECOND = 1920 * 1080 * 30.0

OLDEST = text("""
    SELECT COALESCE(
        GREATEST(v.duration_s, v.duration_s * f.width * f.height * COALESCE(v.fps, 30) / :pixels_a_second),
        CAST(o.size AS float) / :bytes_a_second, 0) AS seconds
    FROM (
        SELECT subject_id, subject_kind, seq FROM due
        WHERE step = :step AND lane = :lane AND library_id = :library_id AND shard_id IS NULL AND not_before <= now()
        ORDER BY seq LIMIT :most
    ) AS d
    LEFT JOIN LATERAL (
        (SELECT size FROM originals WHERE d.subject_kind = 'o' AND original_id = d.subject_id LIMIT 1)
        UNION ALL
        (SELECT size FROM originals
         WHERE d.subject_kind = 'i' AND library_id = :library_id AND item_id = d.subject_id LIMIT 1)
    ) AS o ON true
    LEFT JOIN videos v ON v.library_id = :library_id AND v.item_id = d.subject_id
    LEFT JOIN facts f ON f.library_id = :library_id AND f.item_id = d.subject_id
    ORDER BY d.seq
""")


def within(connection: Connection, picks: Mapping[str, Any], *, most: int, seconds: float) -> int:
    """How many of the oldest due videos come to no more than so many seconds of Full HD; one at least.

    Parameters
    ----------
    picks : mapping
        `library_id`, `step` and `lane` of the due work.
    most : int
        So many are looked at.
    """
    constants = {"bytes_a_second": BYTES_A_SECOND, "pixels_a_second": FULL_HD_PIXELS_A_SECOND, "most": most}
    scope = {name: picks[name] for name in ("library_id", "step", "lane")}
    taken, total = 0, 0.0
    for expected in connection.execute(OLDEST, {**scope, **constants}).scalars():
        total += expected
        if taken and total > seconds:
            break
        taken += 1
    return max(1, taken)
