"""What of an inventory is news? An inventory is old, so that the catalog may know better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from albumen.catalog.libraries import Library
from albumen.storage.object_store import ObjectInfo

KNOWN = text("""
    SELECT p.key, o.etag = p.etag AND o.vanished_at IS NULL AS agrees
    FROM unnest(CAST(:keys AS text[]), CAST(:etags AS text[])) AS p(key, etag)
    JOIN originals o ON o.library_id = :library_id AND o.bucket = :bucket AND o.key = p.key
""")


@dataclass(frozen=True, slots=True)
class News:
    """Rows of an inventory, as the catalog sees them.

    Attributes
    ----------
    unseen : sequence of ObjectInfo
        Never heard of.
    doubtful : sequence of str
        Keys of originals that the catalog knows otherwise, or as gone: only the store can tell who is right.
    known : int
        How many agree.
    """

    unseen: Sequence[ObjectInfo]
    doubtful: Sequence[str]
    known: int


def news(connection: Connection, library: Library, rows: Sequence[ObjectInfo]) -> News:
    """Compare rows of an inventory with the catalog; reads only."""
    unique = {row.key: row for row in rows}
    parameters = {
        "library_id": library.library_id,
        "bucket": library.bucket,
        "keys": list(unique),
        "etags": [row.etag for row in unique.values()],
    }
    agrees = {row.key: row.agrees for row in connection.execute(KNOWN, parameters)}
    return News(
        unseen=[row for key, row in unique.items() if key not in agrees],
        doubtful=[key for key, same in agrees.items() if not same],
        known=sum(agrees.values()),
    )
