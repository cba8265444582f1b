"""What did the owner do with memories? Signals as they came, each with what it was about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

PINNED = "pinned"

ADD = text("""
    INSERT INTO memory_signals (library_id, signal, memory_id, kind, item_id, features)
    VALUES (:library_id, :signal, :memory_id, :kind, :item_id, CAST(:features AS jsonb))
""")

RECENT = text("""
    SELECT signal, at, features FROM memory_signals
    WHERE library_id = :library_id ORDER BY signal_id DESC LIMIT :most
""")

UNPIN = text("""
    DELETE FROM memory_signals
    WHERE library_id = :library_id AND signal = 'pinned' AND features ? :feature RETURNING signal_id
""")

PINS = text(
    "SELECT features FROM memory_signals WHERE library_id = :library_id AND signal = 'pinned' ORDER BY signal_id"
)

ITEM = text("""
    SELECT p.place_id, ARRAY(
        SELECT DISTINCT person_id FROM face_people WHERE library_id = :library_id AND item_id = :item_id ORDER BY 1
    ) AS people, COALESCE(s.labels, '{}') AS labels
    FROM items i
    LEFT JOIN item_places p USING (library_id, item_id)
    LEFT JOIN scenes s ON s.library_id = i.library_id AND s.item_id = i.item_id AND s.model_id = :model_id
    WHERE i.library_id = :library_id AND i.item_id = :item_id
""")

FAVOURITES = text("""
    WITH loved AS (
        SELECT item_id FROM facts
        WHERE library_id = :library_id AND extra ->> 'rating' IN ('4', '5') ORDER BY item_id DESC LIMIT :most
    ), named AS (
        SELECT item_id, 'person:' || person_id AS feature FROM loved
        JOIN face_people w USING (item_id) WHERE w.library_id = :library_id
        UNION SELECT item_id, 'place:' || place_id FROM loved
        JOIN item_places p USING (item_id) WHERE p.library_id = :library_id AND place_id IS NOT NULL
        UNION SELECT item_id, 'label:' || unnest(labels) FROM loved
        JOIN scenes s USING (item_id) WHERE s.library_id = :library_id AND s.model_id = :model_id
    )
    SELECT (SELECT count(*) FROM loved) AS items, COALESCE(jsonb_object_agg(feature, found), '{}') AS features
    FROM (SELECT feature, count(*) AS found FROM named GROUP BY feature) AS each
""")


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """One thing that the owner did; `features` are shares, 0 to 1, of what it was about."""

    signal: str
    at: datetime
    features: Mapping[str, float]


def add(
    connection: Connection,
    library_id: int,
    signal: str,
    features: Mapping[str, float],
    *,
    memory_id: str | None = None,
    kind: str | None = None,
    item_id: int | None = None,
) -> None:
    """Keep a signal with what it was about, so that it counts when the memory is gone."""
    subject = {"memory_id": memory_id, "kind": kind, "item_id": item_id}
    values = {"library_id": library_id, "signal": signal, "features": json.dumps(dict(features)), **subject}
    connection.execute(ADD, values)


def unpin(connection: Connection, library_id: int, feature: str) -> bool:
    """Take a pin back; False if there was none."""
    return bool(connection.execute(UNPIN, {"library_id": library_id, "feature": feature}).all())


def pins(connection: Connection, library_id: int) -> set[str]:
    """What the owner pinned."""
    rows = connection.execute(PINS, {"library_id": library_id}).scalars()
    return {feature for features in rows for feature in features}


def recent(connection: Connection, library_id: int, *, most: int) -> list[StoredSignal]:
    """The latest signals, newest first."""
    rows = connection.execute(RECENT, {"library_id": library_id, "most": most}).mappings()
    return [StoredSignal(**row) for row in rows]


def features_of_item(connection: Connection, library_id: int, item_id: int, *, model_id: str) -> dict[str, float]:
    """What one picture is about: who is in it, where it was taken, what it shows."""
    asked = {"library_id": library_id, "item_id": item_id, "model_id": model_id}
    row = connection.execute(ITEM, asked).mappings().one_or_none()
    if row is None:
        return {}
    named: list[tuple[str, Any]] = [("person", one) for one in row["people"]] + [
        ("label", one) for one in row["labels"]
    ]
    named += [("place", row["place_id"])] if row["place_id"] else []
    return {f"{noun}:{one}": 1.0 for noun, one in named}


def favourites(connection: Connection, library_id: int, *, model_id: str, most: int) -> tuple[int, dict[str, float]]:
    """How many pictures have four or five stars, of the latest `most`, and which share of them each feature is in."""
    asked = {"library_id": library_id, "model_id": model_id, "most": most}
    row = connection.execute(FAVOURITES, asked).mappings().one()
    return row["items"], {name: found / row["items"] for name, found in row["features"].items()}
