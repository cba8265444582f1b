"""Which still belongs to which clip? By what both carry, never by name; what happens to one happens to both."""

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

HALVES = text("""
    SELECT DISTINCT theirs.item_id
    FROM pair_marks mine
    JOIN pair_marks theirs
        ON theirs.library_id = mine.library_id AND theirs.mark = mine.mark AND theirs.half <> mine.half
    WHERE mine.library_id = :library_id AND mine.item_id = ANY(:items)
    ORDER BY theirs.item_id
""")

DIGESTS_OF_HALVES = text("""
    WITH chosen AS (
        SELECT item_id FROM originals
        WHERE library_id = :library_id AND bucket = :bucket AND key = ANY(:keys) AND item_id IS NOT NULL
        UNION SELECT item_id FROM fingerprints WHERE library_id = :library_id AND sha256 = ANY(:digests)
    ), mine AS (
        SELECT m.library_id, m.item_id, m.mark, m.half FROM chosen
        JOIN pair_marks m ON m.library_id = :library_id AND m.item_id = chosen.item_id
    )
    SELECT substr(mark, 8) AS sha256 FROM mine WHERE half = 'still' AND starts_with(mark, 'sha256:')
    UNION
    SELECT encode(i.sha256, 'hex') FROM mine
    JOIN pair_marks theirs
        ON theirs.library_id = mine.library_id AND theirs.mark = mine.mark AND theirs.half <> mine.half
    JOIN items i ON i.library_id = theirs.library_id AND i.item_id = theirs.item_id
    ORDER BY 1
""")
"""A motion photo tells the digest of its clip, also of one that never came alone."""


def keys_of_halves(connection: Connection, library_id: int, bucket: str, keys: Sequence[str]) -> list[str]:
    """The keys of the other halves of these originals."""
    if not keys:
        return []
    scope = {"library_id": library_id, "bucket": bucket, "keys": list(keys)}
    return list(connection.execute(KEYS_OF_HALVES, scope).scalars())


def halves(connection: Connection, library_id: int, items: Sequence[int]) -> list[int]:
    """The items that are the other halves of these items."""
    if not items:
        return []
    return list(connection.execute(HALVES, {"library_id": library_id, "items": list(items)}).scalars())


def digests_of_halves(
    connection: Connection, library_id: int, bucket: str, *, keys: Sequence[str], digests: Sequence[str]
) -> list[str]:
    """SHA-256 digests, hexadecimal, of the other halves of what these keys and digests name."""
    scope = {"library_id": library_id, "bucket": bucket, "keys": list(keys)}
    known = [bytes.fromhex(digest) for digest in digests]
    return list(connection.execute(DIGESTS_OF_HALVES, {**scope, "digests": known}).scalars())
