"""Which pictures are near? Points of items, by model, and their nearest neighbours.

Points have length one, so that a dot product is a cosine. Points of different models are never compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from sqlalchemy import Connection, text

MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")

OF_ITEMS = text("""
    SELECT item_id, CAST(vector AS text) AS vector FROM embeddings
    WHERE library_id = :library_id AND item_id = ANY(:items) AND model_id = :model_id
""")

NEAREST = """
    SELECT e.item_id, -(CAST(e.vector AS halfvec({dimensions})) <#> CAST(:point AS halfvec({dimensions}))) AS cosine
    FROM embeddings e
    WHERE e.library_id = :library_id AND e.model_id = '{model_id}'
    ORDER BY CAST(e.vector AS halfvec({dimensions})) <#> CAST(:point AS halfvec({dimensions})) LIMIT :most
"""
"""The model and the number of dimensions stand in the statement, as they do in the index of a model."""

RETIRED = text("""
    SELECT item_id FROM items WHERE library_id = :library_id AND item_id = ANY(:items) AND retired_at IS NOT NULL
""")

INDEX = """
    CREATE INDEX "embeddings_of_{model_id}" ON embeddings
    USING hnsw ((CAST(vector AS halfvec({dimensions}))) halfvec_ip_ops) WHERE model_id = '{model_id}'
"""

INDEXED = text("""
    SELECT EXISTS (
        SELECT FROM pg_index WHERE indrelid = 'embeddings'::regclass
          AND pg_get_expr(indpred, indrelid) LIKE '%' || quote_literal(:model_id) || '%'
    )
""")

ANY_POINT = text("""
    SELECT e.library_id, e.item_id, CAST(e.vector AS text) AS vector FROM embeddings e
    JOIN items i ON i.library_id = e.library_id AND i.item_id = e.item_id AND i.retired_at IS NULL
    WHERE e.model_id = :model_id LIMIT 1
""")

SAME = 0.999
"""Cosine of a point and itself, as half-precision numbers have it."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An item and how near it is: the cosine, 1 for the same point."""

    item_id: int
    cosine: float


def vectors(
    connection: Connection, library_id: int, items: Sequence[int], *, model_id: str
) -> dict[int, NDArray[np.float32]]:
    """Points of these items; an item that the model has not seen is left out.

    Parameters
    ----------
    model_id : str
        As `models_in_use.model_ids` gives it for `scene` or `text_space`.
    """
    parameters = {"library_id": library_id, "items": list(items), "model_id": model_id}
    return {
        row.item_id: np.fromstring(row.vector[1:-1], np.float32, sep=",")
        for row in connection.execute(OF_ITEMS, parameters)
    }


def nearest(
    connection: Connection, library_id: int, point: NDArray[np.float32], *, model_id: str, most: int
) -> list[Neighbour]:
    """The living ones of the items nearest to a point, nearest first.

    Grows with the library while the model has no index; with one it is approximate.

    Parameters
    ----------
    point : ndarray, shape (dimensions,), float32
        Of length one, from the same model.
    model_id : str
        As `models_in_use.model_ids` gives it for `scene` or `text_space`.

    Raises
    ------
    ValueError
        If the model's id is not one.
    """
    if not MODEL_ID.fullmatch(model_id):
        raise ValueError(f"{model_id!r} is no model id")
    statement = text(NEAREST.format(dimensions=len(point), model_id=model_id))
    parameters = {"library_id": library_id, "point": HalfVector(point).to_text(), "most": most}
    found = [Neighbour(row.item_id, row.cosine) for row in connection.execute(statement, parameters)]
    scope = {"library_id": library_id, "items": [one.item_id for one in found]}
    retired = set(connection.execute(RETIRED, scope).scalars())
    return [one for one in found if one.item_id not in retired]


def index(connection: Connection, model_id: str) -> bool:
    """Give a model's points an index (HNSW, inner product), where it has points and none is there.

    Nobody can store points meanwhile: minutes for millions.

    Returns
    -------
    bool
        Whether the model has points.

    Raises
    ------
    ValueError
        If the model's id is not one.
    """
    if not MODEL_ID.fullmatch(model_id):
        raise ValueError(f"{model_id!r} is no model id")
    found = connection.execute(ANY_POINT, {"model_id": model_id}).one_or_none()
    if found is None:
        return False
    dimensions = found.vector.count(",") + 1
    if not connection.execute(INDEXED, {"model_id": model_id}).scalar_one():
        connection.execute(text(INDEX.format(model_id=model_id, dimensions=dimensions)))
    return True


def finds_itself(connection: Connection, model_id: str) -> bool | None:
    """Ask for what is nearest to one of a model's points: it has to be that point, or one like it.

    Returns
    -------
    bool or None
        None when the model has no point of a living item.
    """
    found = connection.execute(ANY_POINT, {"model_id": model_id}).one_or_none()
    if found is None:
        return None
    point = np.fromstring(found.vector[1:-1], np.float32, sep=",")
    near = nearest(connection, found.library_id, point, model_id=model_id, most=1)
    return bool(near) and near[0].cosine >= SAME
