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

SHOWING_ALL = """
    SELECT s.item_id, s.labels, s.scores FROM (
        SELECT item_id, labels, scores FROM scenes
        WHERE library_id = :library_id AND model_id = :model_id {each} LIMIT :looked_at
    ) AS s
    ORDER BY (SELECT sum(u.score) FROM unnest(s.labels, s.scores) AS u(label, score) WHERE u.label = ANY(:labels)) DESC,
        s.item_id
    LIMIT :most
"""

COMMON = text("""
    SELECT label FROM (
        SELECT labels FROM scenes WHERE library_id = :library_id AND model_id = :model_id LIMIT :looked_at
    ) AS s, unnest(s.labels) AS label GROUP BY label ORDER BY count(*) DESC, label LIMIT :most
""")

LOOKED_AT = 3000
"""Of a label that very many items have, so many of them are ranked; the same ones each time."""


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


def showing_all(
    connection: Connection, library_id: int, things: Sequence[Sequence[str]], *, model_id: str, most: int
) -> dict[int, dict[str, float]]:
    """Items that show every one of these things, with their labels, the surest first; retired ones among them.

    Parameters
    ----------
    things : sequence of sequence of str
        Of each thing, the labels of which any will do.
    """
    parameters = {"library_id": library_id, "model_id": model_id, "most": most, "looked_at": LOOKED_AT}
    each = {f"thing{number}": list(labels) for number, labels in enumerate(things)}
    statement = SHOWING_ALL.format(each=" ".join(f"AND labels && CAST(:{name} AS text[])" for name in each))
    wanted = sorted({label for labels in things for label in labels})
    rows = connection.execute(text(statement), {**parameters, **each, "labels": wanted})
    return {row.item_id: dict(zip(row.labels, row.scores, strict=True)) for row in rows}


def common(connection: Connection, library_id: int, *, model_id: str, most: int = 4) -> list[str]:
    """Labels that are frequent among some thousands of items."""
    parameters = {"library_id": library_id, "model_id": model_id, "most": most, "looked_at": LOOKED_AT}
    return list(connection.execute(COMMON, parameters).scalars())
