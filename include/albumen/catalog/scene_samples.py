"""Some photos that a scene model has seen: to look at what another would see in them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

CHOSEN = text("""
    SELECT s.item_id, s.labels, s.scores, p.key AS preview, t.key AS thumb, o.key
    FROM scenes s
    JOIN items i ON i.library_id = s.library_id AND i.item_id = s.item_id AND i.kind = 'photo' AND i.retired_at IS NULL
    JOIN renditions p ON p.library_id = s.library_id AND p.item_id = s.item_id AND p.name = 'preview'
    JOIN renditions t ON t.library_id = s.library_id AND t.item_id = s.item_id AND t.name = 'thumb'
    JOIN LATERAL (
        SELECT key FROM originals o WHERE o.library_id = s.library_id AND o.item_id = s.item_id
          AND o.vanished_at IS NULL ORDER BY original_id LIMIT 1
    ) AS o ON true
    WHERE s.library_id = :library_id AND s.model_id = :model_id
    ORDER BY hashint8(s.item_id), s.item_id LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Sampled:
    """One photo: where it is, and the words that a model has for it, surest first, with their scores."""

    item_id: int
    key: str
    preview: str
    thumb: str
    labels: tuple[str, ...]
    scores: tuple[float, ...]


def chosen(connection: Connection, library_id: int, *, model_id: str, most: int) -> list[Sampled]:
    """Photos by a hash of their ids: the same ones each time. Reads all the model has seen: for a person who waits."""
    parameters = {"library_id": library_id, "model_id": model_id, "most": most}
    return [
        Sampled(row.item_id, row.key, row.preview, row.thumb, tuple(row.labels), tuple(row.scores))
        for row in connection.execute(CHOSEN, parameters)
    ]
