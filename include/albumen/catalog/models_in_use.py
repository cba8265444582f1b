"""Which model's results count? The one in use, of each kind; those of others stand beside them."""

from __future__ import annotations

from sqlalchemy import Connection, text

from albumen.settings import ModelSettings

CHOSEN = text("SELECT capability, model_id FROM models_in_use")

SCENE, TEXT_SPACE = "scene", "text_space"


def model_ids(connection: Connection) -> dict[str, str]:
    """Per capability, the id that the rows in use carry: those of `scenes` and the points of pictures (`scene`),
    and the points of pictures among sentences (`text_space`).
    """
    unchosen = ModelSettings()
    chosen = {row.capability: row.model_id for row in connection.execute(CHOSEN)}
    return {SCENE: unchosen.scene, TEXT_SPACE: unchosen.text_space, **chosen}
