"""Which model's results count? The one in use, of each kind; those of others stand beside them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from albumen.catalog import libraries, parts
from albumen.settings import ModelSettings

CHOSEN = text("SELECT capability, model_id FROM models_in_use")

COVERED = text("""
    SELECT count(*) AS photos, count(s.item_id) AS seen
    FROM items i
    JOIN renditions r ON r.library_id = i.library_id AND r.item_id = i.item_id AND r.name = 'preview'
        AND r.item_id > :after AND r.item_id <= :until
    LEFT JOIN embeddings s ON s.library_id = i.library_id AND s.item_id = i.item_id AND s.model_id = :model_id
        AND s.item_id > :after AND s.item_id <= :until
    WHERE i.library_id = :library_id AND i.item_id > :after AND i.item_id <= :until
        AND i.kind = 'photo' AND i.retired_at IS NULL
""")

SWITCH = text("""
    INSERT INTO models_in_use (capability, model_id, before) VALUES (:capability, :model_id, :before)
    ON CONFLICT (capability) DO UPDATE
    SET model_id = excluded.model_id, before = excluded.before, since = now()
""")

LOOK_ANEW = text("""
    INSERT INTO dirty_days (library_id, day) SELECT library_id, day FROM days ORDER BY 1, 2
    ON CONFLICT (library_id, day) DO UPDATE SET since = now()
""")
"""Which pictures stand for what a day shows hangs on the labels; grows with the days of all libraries."""

SCENE, TEXT_SPACE = "scene", "text_space"


def model_ids(connection: Connection) -> dict[str, str]:
    """Per capability, the id that the rows in use carry: those of `scenes` and the points of pictures (`scene`),
    and the points of pictures among sentences (`text_space`).
    """
    unchosen = ModelSettings()
    chosen = {row.capability: row.model_id for row in connection.execute(CHOSEN)}
    return {SCENE: unchosen.scene, TEXT_SPACE: unchosen.text_space, **chosen}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many living photos have a preview, and how many of them this model has seen."""

    photos: int
    seen: int


def coverage(connection: Connection, model_id: str) -> Coverage:
    """How far a model that gives photos points is through all libraries. Counts everything: for a person who waits."""
    photos = seen = 0
    for library in libraries.everyone(connection):
        for after, until in parts.of_items(connection, library.library_id):
            part = {"library_id": library.library_id, "after": after, "until": until, "model_id": model_id}
            row = connection.execute(COVERED, part).one()
            photos, seen = photos + row.photos, seen + row.seen
    return Coverage(photos, seen)


def switch(connection: Connection, *, text_space: str, scene: str = "") -> dict[str, str]:
    """Have other models' rows count; the ids before, for the way back.

    Parameters
    ----------
    text_space : str
        Whose points of pictures sentences are near to.
    scene : str
        Whose labels and points count; empty: the same as before.
    """
    before = model_ids(connection)
    for capability, model_id in ((SCENE, scene or before[SCENE]), (TEXT_SPACE, text_space)):
        parameters = {"capability": capability, "model_id": model_id, "before": before[capability]}
        connection.execute(SWITCH, parameters)
    if scene:
        connection.execute(LOOK_ANEW)
    return before
