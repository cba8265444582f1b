"""Which still belongs to which clip? By what both carry, never by name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

KEYS_OF_HALVES = text("""
    SELECT DISTINCT c.key
    FROM originals o
    JOIN pair_marks mine ON mine.library_id = o.library_id AND mine.item_id = o.item_id
    JOIN pair_marks theirs
        ON theirs.library_id = mine.library_id AND theirs.mark = mine.mark AND theirs.half <> mine.half
    JOIN originals c ON c.library_id = theirs.library_id AND c.item_id = theirs.item_id AND c.vanished_at IS NULL
    WHERE o.library_id = :library_id AND o.bucket = :bucket AND o.key = ANY(:keys)
    ORDER BY c.key
""")
"""Marks are looked up by index; a mark is on two items, or on a handful where one was edited."""


def keys_of_halves(connection: Connection, library_id: int, bucket: str, keys: Sequence[str]) -> list[str]:
    """The keys of the other halves of these originals: what happens to one happens to both."""
    if not keys:
        return []
    scope = {"library_id": library_id, "bucket": bucket, "keys": list(keys)}
    return list(connection.execute(KEYS_OF_HALVES, scope).scalars())
