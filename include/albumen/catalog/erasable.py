"""What would an erasure take, and what would it leave in the source?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, TextClause, text

from albumen.catalog import backfills, pairs, parts, renditions
from albumen.catalog.erasures import ErasureError, Selection
from albumen.catalog.libraries import Library

ROWS_AT_ONCE = 1000
TOLD = 5
"""Unknown keys that an error names; the rest it counts."""

NAMED = text("""
    SELECT o.original_id, o.bucket, o.key, o.etag, o.size, o.item_id, i.sha256, o.vanished_at IS NOT NULL AS is_gone,
        EXISTS (
            SELECT FROM outcomes s
            WHERE s.library_id = o.library_id AND s.subject_id = o.original_id AND s.reason = 'erased'
              AND NOT EXISTS (
                  SELECT FROM due d WHERE d.library_id = o.library_id AND d.subject_id = o.original_id)
        ) AS is_erased
    FROM originals o LEFT JOIN items i ON i.library_id = o.library_id AND i.item_id = o.item_id
    WHERE o.library_id = :library_id AND o.bucket = :bucket AND o.key = ANY(:keys)
""")

HASHES_OF_ITEMS = text("SELECT sha256 FROM items WHERE library_id = :library_id AND item_id = ANY(:items)")

MEASURE_NAMED = text("""
    WITH chosen AS (
        SELECT item_id FROM originals
        WHERE library_id = :library_id AND bucket = :bucket AND key = ANY(:keys) AND item_id IS NOT NULL
        UNION SELECT item_id FROM items WHERE library_id = :library_id AND item_id = ANY(:items)
        UNION SELECT item_id FROM fingerprints WHERE library_id = :library_id AND sha256 = ANY(:hashes)
    )
    SELECT (SELECT count(*) FROM chosen) AS items,
        (SELECT count(*) FROM originals o WHERE o.library_id = :library_id AND o.vanished_at IS NULL
            AND (o.item_id IN (SELECT item_id FROM chosen)
                 OR o.bucket = :bucket AND o.key = ANY(:keys) AND o.item_id IS NULL)) AS originals,
        (SELECT count(*) FROM renditions r JOIN chosen USING (item_id) WHERE r.library_id = :library_id) AS renditions,
        (SELECT COALESCE(sum(bytes), 0)::bigint FROM renditions r JOIN chosen USING (item_id)
            WHERE r.library_id = :library_id) AS rendition_bytes,
        (SELECT count(*) FROM faces f JOIN chosen USING (item_id) WHERE f.library_id = :library_id) AS faces,
        (SELECT count(DISTINCT m.memory_id) FROM chosen JOIN memory_items mi USING (item_id)
            JOIN memories m USING (memory_id)
            WHERE COALESCE(mi.library_id, m.library_id) = :library_id) AS memories
""")

MEMORIES = text("SELECT count(*) FROM memories WHERE library_id = :library_id")

LIVING = text("""
    SELECT count(*) FROM originals
    WHERE library_id = :library_id AND bucket = :bucket AND key > :after AND key <= :until AND vanished_at IS NULL
""")

LEFT_OF_ITEMS = text("""
    SELECT bucket, key, etag, size FROM originals
    WHERE library_id = :library_id AND item_id = ANY(:items) AND vanished_at IS NULL
""")

LEFT_OF_LIBRARY = text("""
    SELECT bucket, key, etag, size FROM originals WHERE library_id = :library_id AND vanished_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Named:
    """An original that a request names.

    Attributes
    ----------
    item_id, sha256 :
        Of its content; None where nobody has read it whole.
    is_gone : bool
        It vanished from the source.
    is_erased : bool
        An earlier erasure took its content, and it has not changed since.
    """

    original_id: int
    bucket: str
    key: str
    etag: str
    size: int
    item_id: int | None
    sha256: bytes | None
    is_gone: bool
    is_erased: bool

    @property
    def is_unread(self) -> bool:
        """Whether it is an object whose content nobody knows yet."""
        return self.item_id is None and not self.is_gone and not self.is_erased


@dataclass(frozen=True, slots=True)
class Extent:
    """How much an erasure would take; `originals` are the objects it would leave in the source."""

    items: int
    originals: int
    renditions: int
    rendition_bytes: int
    faces: int
    memories: int

    def __str__(self) -> str:
        return (
            f"{self.items} items ({self.originals} files in the source, which stay there), "
            f"{self.renditions} renditions ({self.rendition_bytes / 1e6:.1f} MB), {self.faces} faces, "
            f"{self.memories} memories"
        )


@dataclass(frozen=True, slots=True)
class LeftObject:
    """An object that stays in the source, for its owner to delete."""

    bucket: str
    key: str
    etag: str
    size: int


def select(
    connection: Connection,
    library: Library,
    *,
    keys: Iterable[str] = (),
    hashes: Iterable[str] = (),
    whole_library: bool = False,
) -> Selection:
    """A selection as people write it: keys below the library's prefix, digests in any case; pairs go as one.

    Raises
    ------
    ErasureError
        If it names nothing, too much, no digest, or a file that the library has not.
    """
    chosen = Selection(
        keys=tuple(library.prefix + key for key in keys),
        hashes=tuple(digest.lower() for digest in hashes),
        whole_library=whole_library,
    )
    if unknown := backfills.unknown_keys(connection, library.library_id, chosen.keys):
        told = ", ".join(repr(key.removeprefix(library.prefix)) for key in unknown[:TOLD])
        raise ErasureError(
            f"library {library.name} has no file {told} ({len(unknown)} unknown keys); "
            "one that is gone from the source is named by its SHA-256 digest"
        )
    where = (connection, library.library_id, library.bucket)
    halves = pairs.keys_of_halves(*where, chosen.keys)
    digests = pairs.digests_of_halves(*where, keys=chosen.keys, digests=chosen.hashes)
    return replace(
        chosen,
        keys=tuple(dict.fromkeys([*chosen.keys, *halves])),
        hashes=tuple(dict.fromkeys([*chosen.hashes, *digests])),
    )


def measure(connection: Connection, library: Library, selection: Selection) -> Extent:
    """Count what would go. Of a whole library it grows with it: it counts its rows."""
    if selection.whole_library:
        return _of_library(connection, library)
    parameters = {
        "library_id": library.library_id,
        "bucket": library.bucket,
        "keys": list(selection.keys),
        "items": list(selection.items),
        "hashes": [bytes.fromhex(digest) for digest in selection.hashes],
    }
    return Extent(**connection.execute(MEASURE_NAMED, parameters).mappings().one())


def _of_library(connection: Connection, library: Library) -> Extent:
    scope = {"library_id": library.library_id, "bucket": library.bucket}
    stored = renditions.totals(connection, library.library_id)
    return Extent(
        items=parts.count(connection, library.library_id, "items"),
        originals=sum(
            connection.execute(LIVING, {**scope, "after": after, "until": until}).scalar_one()
            for after, until in parts.of_keys(connection, library.library_id, library.bucket)
        ),
        renditions=sum(total.items for total in stored),
        rendition_bytes=sum(total.bytes for total in stored),
        faces=parts.count(connection, library.library_id, "faces"),
        memories=connection.execute(MEMORIES, scope).scalar_one(),
    )


def named(connection: Connection, library_id: int, bucket: str, keys: Sequence[str]) -> list[Named]:
    """The originals with these keys (with the library's prefix); unknown ones are left out."""
    if not keys:
        return []
    parameters = {"library_id": library_id, "bucket": bucket, "keys": list(keys)}
    rows = connection.execute(NAMED, parameters).mappings()
    return [Named(**{**row, "sha256": row["sha256"] and bytes(row["sha256"])}) for row in rows]


def hashes_of(connection: Connection, library_id: int, items: Sequence[int]) -> list[bytes]:
    """The SHA-256 digests of these items."""
    rows = connection.execute(HASHES_OF_ITEMS, {"library_id": library_id, "items": list(items)})
    return [bytes(sha256) for sha256 in rows.scalars()]


def left_of_items(connection: Connection, library_id: int, items: Sequence[int]) -> Iterator[LeftObject]:
    """The living originals of these items, a thousand at a time."""
    yield from _left(connection, LEFT_OF_ITEMS, {"library_id": library_id, "items": list(items)})


def left_of_library(connection: Connection, library_id: int) -> Iterator[LeftObject]:
    """All living originals of a library, a thousand at a time."""
    yield from _left(connection, LEFT_OF_LIBRARY, {"library_id": library_id})


def _left(connection: Connection, question: TextClause, parameters: dict[str, Any]) -> Iterator[LeftObject]:
    rows = connection.execute(question, parameters, execution_options={"yield_per": ROWS_AT_ONCE})
    for row in rows.mappings():
        yield LeftObject(**row)
