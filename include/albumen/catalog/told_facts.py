"""What could a sidecar tell of each original? Reads the whole library, in pages by key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog.libraries import Library

PAGE = 500

FACTS = text("""
    SELECT o.key, o.kind, f.taken_local, f.taken_offset_minutes, f.taken_confidence, f.gps_lat, f.gps_lon, f.gps_alt,
        f.width, f.height, f.orientation, f.extra
    FROM originals o JOIN facts f ON f.library_id = o.library_id AND f.item_id = o.item_id
    WHERE o.library_id = :library_id AND o.bucket = :bucket AND o.vanished_at IS NULL AND o.key > :after
    ORDER BY o.key LIMIT :page
""")


@dataclass(frozen=True, slots=True)
class ToldFacts:
    """The facts of one original; `extra` holds rating, title, description, keywords and face regions."""

    key: str
    kind: str
    taken_local: datetime | None
    taken_offset_minutes: int | None
    taken_confidence: str | None
    gps_lat: float | None
    gps_lon: float | None
    gps_alt: float | None
    width: int | None
    height: int | None
    orientation: int | None
    extra: dict[str, Any]


def everyone(connection: Connection, library: Library) -> Iterator[ToldFacts]:
    """The facts of all originals of a library, in key order."""
    after = ""
    while True:
        scope = {"library_id": library.library_id, "bucket": library.bucket, "after": after, "page": PAGE}
        rows = connection.execute(FACTS, scope).mappings().all()
        yield from (ToldFacts(**row) for row in rows)
        if len(rows) < PAGE:
            return
        after = rows[-1]["key"]
