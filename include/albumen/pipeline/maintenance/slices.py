"""Cutting a library by the digits that the SHA-256 of its contents begin with.

Keys of derived files carry the digest, fingerprints are indexed by it, and digests are spread
evenly: a slice is one short listing and one short query, whatever the size of the library. The
cursor of a slice is its digits; behind the last one come the memories.
"""

from __future__ import annotations

OBJECTS = 4000
"""About as many objects as a slice should have: four pages of a listing."""
MEMORIES = "memories"
DIGEST_DIGITS = 64


def first(objects: int) -> str:
    """The first slice of a library with about so many objects."""
    digits = 1
    while objects > OBJECTS * 16**digits:
        digits += 1
    return "0" * digits


def following(cursor: str) -> str | None:
    """The cursor behind this one; None behind the memories."""
    if cursor == MEMORIES:
        return None
    number = int(cursor, 16) + 1
    return MEMORIES if number == 16 ** len(cursor) else f"{number:0{len(cursor)}x}"


def share(cursor: str) -> float:
    """How much of the library a slice is."""
    return 0.0 if cursor == MEMORIES else 16.0 ** -len(cursor)


def bounds(cursor: str) -> tuple[bytes, bytes]:
    """The first and the last digest of a slice."""
    return bytes.fromhex(cursor.ljust(DIGEST_DIGITS, "0")), bytes.fromhex(cursor.ljust(DIGEST_DIGITS, "f"))


def renditions_prefix(library_id: int, cursor: str) -> str:
    """What the keys of a slice's derived files, and no others, begin with."""
    folder = f"renditions/{library_id}/"
    return folder + cursor if len(cursor) == 1 else f"{folder}{cursor[:2]}/{cursor if len(cursor) > 2 else ''}"


def memories_prefix(library_id: int) -> str:
    """What the keys of a library's memories begin with."""
    return f"memories/{library_id}/"
