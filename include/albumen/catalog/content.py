"""Which item is this content? Fingerprints make items unique within a library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from albumen.catalog import originals

if TYPE_CHECKING:
    from albumen.catalog.results import SubjectResult

FINGERPRINT = text("""
    INSERT INTO fingerprints (library_id, sha256)
    SELECT :library_id, sha256 FROM unnest(CAST(:hashes AS bytea[])) AS p(sha256) ORDER BY sha256
    ON CONFLICT DO NOTHING
""")

FIND = text("SELECT sha256, item_id FROM fingerprints WHERE library_id = :library_id AND sha256 = ANY(:hashes)")

ITEMS = text("""
    INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
    SELECT :library_id, item_id, sha256, bytes, kind, mime
    FROM unnest(CAST(:ids AS bigint[]), CAST(:hashes AS bytea[]), CAST(:sizes AS bigint[]),
        CAST(:kinds AS text[]), CAST(:mimes AS text[])) AS p(item_id, sha256, bytes, kind, mime)
    ORDER BY item_id
    ON CONFLICT (library_id, item_id) DO UPDATE SET retired_at = NULL, kind = excluded.kind, mime = excluded.mime
""")

POINT = text("""
    UPDATE originals o
    SET item_id = p.item_id, kind = p.kind, mime = p.mime, etag = COALESCE(p.etag, o.etag),
        size = COALESCE(p.size, o.size), last_modified = COALESCE(p.last_modified, o.last_modified)
    FROM unnest(CAST(:originals AS bigint[]), CAST(:items AS bigint[]), CAST(:kinds AS text[]), CAST(:mimes AS text[]),
        CAST(:etags AS text[]), CAST(:sizes AS bigint[]), CAST(:times AS timestamptz[]))
        AS p(original_id, item_id, kind, mime, etag, size, last_modified)
    WHERE o.original_id = p.original_id AND o.library_id = :library_id
    RETURNING o.original_id, old.item_id AS left_item, new.item_id
""")


def attach(connection: Connection, library_id: int, results: Sequence[SubjectResult]) -> dict[int, int]:
    """Point originals at the items of what was read.

    Returns
    -------
    dict of subject id to item id
        For every subject that is, or has become, an item.
    """
    items = {result.subject_id: result.item_id for result in results if result.item_id is not None}
    read = {result.subject_id: result.content for result in results if result.content is not None}
    contents = {part.sha256: part for part in read.values()}
    found: dict[bytes, int] = {}
    if contents:
        scope = {"library_id": library_id, "hashes": list(contents)}
        connection.execute(FINGERPRINT, scope)
        found = {bytes(row.sha256): row.item_id for row in connection.execute(FIND, scope)}
        connection.execute(
            ITEMS,
            {
                "library_id": library_id,
                "ids": [found[sha256] for sha256 in contents],
                "hashes": list(contents),
                "sizes": [part.size for part in contents.values()],
                "kinds": [part.kind for part in contents.values()],
                "mimes": [part.mime for part in contents.values()],
            },
        )
        items |= {subject: found[part.sha256] for subject, part in read.items()}
    told = [result for result in results if result.subject_kind == "o" and (result.content or result.kind)]
    _point_originals(connection, library_id, told, items)
    return items


def _point_originals(
    connection: Connection, library_id: int, results: Sequence[SubjectResult], items: dict[int, int]
) -> None:
    if not results:
        return
    moved = connection.execute(
        POINT,
        {
            "library_id": library_id,
            "originals": [result.original_id for result in results],
            "items": [items.get(result.subject_id) for result in results],
            "kinds": [result.content.kind if result.content else result.kind for result in results],
            "mimes": [result.content.mime if result.content else result.mime for result in results],
            "etags": [result.etag for result in results],
            "sizes": [result.content.size if result.content else None for result in results],
            "times": [result.last_modified for result in results],
        },
    )
    left = {row.original_id: row.left_item for row in moved if row.left_item and row.left_item != row.item_id}
    originals.leave_items(connection, library_id, left)
