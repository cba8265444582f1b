"""What do pictures show? Words by picture, and pictures by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

OF_ITEMS = text("""
    SELECT item_id, labels, scores FROM scenes
    WHERE library_id = :library_id AND item_id = ANY(:items) AND model_id = :model_id
""")

SHOWING = text("""
    SELECT s.item_id, s.scores[array_position(s.labels, :label)] AS score
    FROM (
        SELECT item_id, labels, scores FROM scenes
        WHERE library_id = :library_id AND model_id = :model_id AND labels @> ARRAY[:label] LIMIT :looked_at
    ) AS s
    JOIN items i ON i.library_id = :library_id AND i.item_id = s.item_id AND i.retired_at IS NULL
    ORDER BY score DESC, item_id LIMIT :most
""")

COMMON = text("""
    SELECT label FROM (
        SELECT labels FROM scenes WHERE library_id = :library_id AND model_id = :model_id LIMIT :looked_at
    ) AS s, unnest(s.labels) AS label GROUP BY label ORDER BY count(*) DESC, label LIMIT :most
""")

LOOKED_AT = 4000


@dataclass(frozen=True, slots=True)
class SceneLabel:
    """A word for what a picture shows, and how sure the model is of it, 0 to 1."""

    name: str
    score: float


def labels(
    connection: Connection, library_id: int, items: Sequence[int], *, model_id: str
) -> dict[int, list[SceneLabel]]:
    """Labels of these items, surest first; an item that the model has not seen is left out.

    Parameters
    ----------
    model_id : str
        As `models_in_use.model_ids` gives it for `scene`.
    """
    parameters = {"library_id": library_id, "items": list(items), "model_id": model_id}
    return {
        row.item_id: [SceneLabel(name, score) for name, score in zip(row.labels, row.scores, strict=True)]
        for row in connection.execute(OF_ITEMS, parameters)
    }


def showing(
    connection: Connection, library_id: int, label: str, *, model_id: str, most: int
) -> list[tuple[int, float]]:
    """Items with this label, surest first, each with its score; of very many, the surest of some thousands."""
    parameters = {
        "library_id": library_id, "label": label, "model_id": model_id, "most": most, "looked_at": LOOKED_AT,
    }  # fmt: skip
    return [(row.item_id, row.score) for row in connection.execute(SHOWING, parameters)]


def common(connection: Connection, library_id: int, *, model_id: str, most: int = 4) -> list[str]:
    """Labels that are frequent among some thousands of items."""
    parameters = {"library_id": library_id, "model_id": model_id, "most": most, "looked_at": LOOKED_AT}
    return list(connection.execute(COMMON, parameters).scalars())
