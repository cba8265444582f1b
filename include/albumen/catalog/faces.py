"""Which faces are where, and which look alike?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

PREVIEW_SIDE = 1440

FACES = text("""
    SELECT f.item_id, f.face_no, f.x, f.y, f.width, f.height, f.score, f.landmarks, f.sharpness, f.model_id,
        CAST(f.vector AS text) AS vector, COALESCE(r.width, 0) AS across, COALESCE(r.height, 0) AS down, p.person_id
    FROM faces f
    JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
    LEFT JOIN renditions r ON r.library_id = f.library_id AND r.item_id = f.item_id AND r.name = 'preview'
    LEFT JOIN face_people p ON p.library_id = f.library_id AND p.item_id = f.item_id AND p.face_no = f.face_no
    WHERE f.library_id = :library_id AND f.item_id = ANY(:items) ORDER BY f.item_id, f.face_no
""")

NEIGHBOURS = text("""
    SELECT q.n, c.item_id, c.face_no, 1 - c.apart AS cosine
    FROM unnest(CAST(:numbers AS int[]), CAST(:vectors AS text[])) AS q(n, vector)
    CROSS JOIN LATERAL (
        SELECT f.item_id, f.face_no, f.vector <=> CAST(q.vector AS vector) AS apart FROM faces f
        WHERE f.library_id = :library_id AND f.model_id = :model_id
        ORDER BY f.vector <=> CAST(q.vector AS vector) LIMIT :most
    ) AS c
    WHERE c.apart <= 1 - :least ORDER BY 1, 2, 3
""")
"""By an approximate index (HNSW): no list of all faces is ever in memory."""

SETTINGS = text(
    "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '60', true)"
)
AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """One face: its box and landmarks as fractions of the upright picture, its vector, whose it is taken to be.

    `side` is the shorter side of its box in the preview, pixels.
    """

    item_id: int
    face_no: int
    box: tuple[float, float, float, float]
    side: float
    score: float
    sharpness: float
    landmarks: tuple[float, ...]
    model_id: str
    vector: NDArray[np.float32]
    person_id: str | None


def of_items(connection: Connection, library_id: int, items: Sequence[int]) -> list[FaceSeen]:
    """The faces of these items."""
    rows = connection.execute(FACES, {"library_id": library_id, "items": list(items)})
    return [
        FaceSeen(
            item_id=row.item_id,
            face_no=row.face_no,
            box=(row.x, row.y, row.width, row.height),
            side=min(row.width * row.across, row.height * row.down),
            score=row.score,
            sharpness=row.sharpness,
            landmarks=tuple(row.landmarks),
            model_id=row.model_id,
            vector=np.array(row.vector[1:-1].split(","), np.float32),
            person_id=row.person_id,
        )
        for row in rows
    ]


def neighbours(
    connection: Connection, library_id: int, model_id: str, vectors: Sequence[Any], *, most: int, least: float
) -> list[tuple[int, int, int, float]]:
    """For each vector (by number) the nearest faces: item, face number, cosine; at most `most`, from `least` on."""
    connection.execute(SETTINGS)
    found = []
    for start in range(0, len(vectors), AT_ONCE):
        chunk = vectors[start : start + AT_ONCE]
        parameters = {
            "library_id": library_id,
            "model_id": model_id,
            "numbers": list(range(start, start + len(chunk))),
            "vectors": ["[" + ",".join(f"{value:.7g}" for value in vector) + "]" for vector in chunk],
            "most": most,
            "least": least,
        }
        found += [(row.n, row.item_id, row.face_no, row.cosine) for row in connection.execute(NEIGHBOURS, parameters)]
    return found
