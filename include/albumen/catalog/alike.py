"""Which items look alike? Miniatures, signatures of footage, candidates by structure, what ranks a group's members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

MINIATURES = text("""
    SELECT l.item_id, l.miniature FROM likenesses l
    JOIN items i ON i.library_id = l.library_id AND i.item_id = l.item_id AND i.retired_at IS NULL AND i.kind = 'photo'
    WHERE l.library_id = :library_id AND l.item_id = ANY(:items) AND l.miniature IS NOT NULL
""")

SIGNATURES = text("""
    SELECT s.item_id, s.frames, v.duration_s FROM video_signatures s
    JOIN items i ON i.library_id = s.library_id AND i.item_id = s.item_id AND i.retired_at IS NULL
    JOIN videos v ON v.library_id = s.library_id AND v.item_id = s.item_id AND v.duration_s IS NOT NULL
    WHERE s.library_id = :library_id AND s.item_id = ANY(:items)
      AND (SELECT still_id FROM paired c WHERE c.library_id = s.library_id AND c.clip_id = s.item_id LIMIT 1) IS NULL
""")
"""A clip goes with its photo."""

_CANDIDATES = """
    SELECT DISTINCT q.item_id, c.item_id AS other_id
    FROM unnest(CAST(:items AS bigint[]), CAST(:vectors AS text[])) AS q(item_id, vector)
    CROSS JOIN LATERAL (
        SELECT l.item_id, l.structure <=> CAST(q.vector AS vector) AS apart FROM {table} l
        WHERE l.library_id = :library_id ORDER BY l.structure <=> CAST(q.vector AS vector) LIMIT :most
    ) AS c
    WHERE c.item_id <> q.item_id AND c.apart <= :apart
    ORDER BY 1, 2
"""
CANDIDATES = {table: text(_CANDIDATES.format(table=table)) for table in ("likenesses", "video_signatures")}
"""The nearest by an approximate index (HNSW) of each partition: the cost grows with the logarithm of the library."""

SETTINGS = text(
    "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '40', true)"
)

RIVALS = text("""
    SELECT i.item_id, i.mime, i.bytes, COALESCE(f.width::bigint * f.height, 0) AS pixels,
        COALESCE(f.taken_source LIKE 'exif%' OR f.taken_source LIKE 'xmp%', false) AS is_dated,
        f.gps_lat IS NOT NULL AS is_located,
        EXISTS (SELECT FROM motions m WHERE m.library_id = i.library_id AND m.item_id = i.item_id)
            OR (SELECT clip_id FROM paired p WHERE p.library_id = i.library_id AND p.still_id = i.item_id LIMIT 1)
                IS NOT NULL AS moves, COALESCE(q.score, 0) AS quality, COALESCE(v.duration_s, 0) AS seconds,
        CASE WHEN jsonb_typeof(f.extra -> 'rating') = 'number' THEN (f.extra ->> 'rating')::numeric::int ELSE 0 END
            AS rating
    FROM items i
    LEFT JOIN facts f ON f.library_id = i.library_id AND f.item_id = i.item_id
    LEFT JOIN quality q ON q.library_id = i.library_id AND q.item_id = i.item_id
    LEFT JOIN videos v ON v.library_id = i.library_id AND v.item_id = i.item_id
    WHERE i.library_id = :library_id AND i.item_id = ANY(:items) AND i.retired_at IS NULL
""")

FRAMES = text("""
    SELECT f.item_id, COALESCE(f.taken_utc, f.taken_local AT TIME ZONE l.home_zone) AS at,
        COALESCE(NULLIF(concat_ws(' ', f.make, f.model), ''), '') AS camera, f.extra ->> 'burst_id' AS burst_id,
        a.phash
    FROM facts f
    JOIN libraries l ON l.library_id = f.library_id
    JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL AND i.kind = 'photo'
    JOIN likenesses a ON a.library_id = f.library_id AND a.item_id = f.item_id
    WHERE f.library_id = :library_id AND f.taken_confidence IN ('high', 'medium')
      AND f.taken_local >= :first AND f.taken_local < :last
    ORDER BY camera, at, f.item_id
""")


@dataclass(frozen=True, slots=True)
class Signature:
    """Tiny frames of the beginning of a video, as `media.video.signature` gives them, and its length in seconds."""

    frames: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One photo as bursts are found by: when, by which camera, in which burst it says it is, how it looks."""

    item_id: int
    at: datetime
    camera: str
    burst_id: str | None
    phash: int


def miniatures(connection: Connection, library_id: int, items: Sequence[int]) -> dict[int, bytes]:
    """The miniatures of those of these items that are photos and still there."""
    rows = connection.execute(MINIATURES, {"library_id": library_id, "items": list(items)})
    return {row.item_id: bytes(row.miniature) for row in rows}


def signatures(connection: Connection, library_id: int, items: Sequence[int]) -> dict[int, Signature]:
    """The signatures of those of these items that are videos of their own and still there."""
    rows = connection.execute(SIGNATURES, {"library_id": library_id, "items": list(items)})
    return {row.item_id: Signature(bytes(row.frames), row.duration_s) for row in rows}


def candidates(
    connection: Connection,
    library_id: int,
    table: str,
    probes: Mapping[int, Sequence[Any]],
    *,
    most: int,
    apart: float,
) -> list[tuple[int, int]]:
    """Pairs of an item and one whose structure is near a probe of it: at most `most` a probe, no farther than `apart`.

    Parameters
    ----------
    table : str
        `likenesses` for pictures, `video_signatures` for videos.
    probes : mapping of item to vectors of 64 floats
        What each item is looked for with.
    apart : float
        Cosine distance, 0-2.
    """
    if not probes:
        return []
    connection.execute(SETTINGS)
    pairs = [(item, vector) for item, vectors in sorted(probes.items()) for vector in vectors]
    parameters = {
        "library_id": library_id,
        "items": [item for item, _ in pairs],
        "vectors": ["[" + ",".join(f"{value:.6g}" for value in vector) + "]" for _, vector in pairs],
        "most": most,
        "apart": apart,
    }
    return [(row.item_id, row.other_id) for row in connection.execute(CANDIDATES[table], parameters)]


def rivals(connection: Connection, library_id: int, items: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What ranks these items against one another, of those that are still there."""
    rows = connection.execute(RIVALS, {"library_id": library_id, "items": list(items)}).mappings()
    return {row["item_id"]: dict(row) for row in rows}


def frames(connection: Connection, library_id: int, first: datetime, last: datetime) -> list[Frame]:
    """The photos of this span, local wall times, by camera and time."""
    parameters = {"library_id": library_id, "first": first, "last": last}
    return [Frame(**row) for row in connection.execute(FRAMES, parameters).mappings()]
