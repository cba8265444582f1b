"""Which derived files are there? Of one original, and how many in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from albumen.catalog import parts
from albumen.catalog.libraries import Library

OF_KEY = text("""
    SELECT r.name, r.key, r.mime, r.width, r.height, r.bytes
    FROM originals o JOIN renditions r USING (library_id, item_id)
    WHERE o.library_id = :library_id AND o.bucket = :bucket AND o.key = :key AND o.vanished_at IS NULL
    ORDER BY r.bytes
""")

KEYS = text("""
    SELECT item_id, key FROM renditions WHERE library_id = :library_id AND item_id = ANY(:items) AND name = :name
""")

TOTALS = text("""
    SELECT name, count(*) AS items, sum(bytes)::bigint AS bytes
    FROM renditions WHERE library_id = :library_id AND item_id > :after AND item_id <= :until GROUP BY name
""")


@dataclass(frozen=True, slots=True)
class StoredRendition:
    """A derived file of an original: its key in the library bucket, type, size in pixels and in bytes."""

    name: str
    key: str
    mime: str
    width: int
    height: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Total:
    """How many renditions of one name there are, and their bytes."""

    name: str
    items: int
    bytes: int


def of_key(connection: Connection, library: Library, key: str) -> list[StoredRendition]:
    """The renditions of one original (its key with the library's prefix), smallest first."""
    scope = {"library_id": library.library_id, "bucket": library.bucket, "key": key}
    return [StoredRendition(**row) for row in connection.execute(OF_KEY, scope).mappings()]


def keys(connection: Connection, library_id: int, items: Sequence[int], *, name: str) -> dict[int, str]:
    """The keys, in the library bucket, of one rendition of each of these items."""
    rows = connection.execute(KEYS, {"library_id": library_id, "items": list(items), "name": name})
    return {row.item_id: row.key for row in rows}


def totals(connection: Connection, library_id: int) -> list[Total]:
    """All renditions of a library, by name. Grows with the library: it counts them."""
    found: dict[str, Total] = {}
    for after, until in parts.of_items(connection, library_id, table="renditions"):
        scope = {"library_id": library_id, "after": after, "until": until}
        for name, items, size in connection.execute(TOTALS, scope):
            so_far = found.get(name, Total(name, 0, 0))
            found[name] = Total(name, so_far.items + items, so_far.bytes + size)
    return sorted(found.values(), key=lambda total: total.name)
