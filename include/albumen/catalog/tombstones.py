"""Which content may not come back? The fingerprints of what was erased.

Every transaction that brings content in holds the library's lock, shared; one that lays tombstones
has it alone. So what comes in was looked up after the last tombstone, and what is erased was all there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

HOLD = text("SELECT pg_advisory_xact_lock_shared(hashtext('albumen erase'), :library_id)")

CLOSE = text("SELECT pg_advisory_xact_lock(hashtext('albumen erase'), :library_id)")

AMONG = text("SELECT sha256 FROM tombstones WHERE library_id = :library_id AND sha256 = ANY(:hashes)")

LAY = text("""
    INSERT INTO tombstones (library_id, sha256, item_id, erasure_id)
    SELECT :library_id, p.sha256, f.item_id, :erasure_id FROM unnest(CAST(:hashes AS bytea[])) AS p(sha256)
    LEFT JOIN fingerprints f ON f.library_id = :library_id AND f.sha256 = p.sha256
    ORDER BY p.sha256
    ON CONFLICT DO NOTHING
""")

OF_ERASURE = text("""
    SELECT sha256, item_id FROM tombstones
    WHERE erasure_id = :erasure_id AND sha256 > :after ORDER BY sha256 LIMIT :most
""")

RECENT = text("""
    SELECT sha256 FROM tombstones
    WHERE library_id = :library_id AND sha256 > :after AND erased_at > now() - make_interval(days => :days)
    ORDER BY sha256 LIMIT :most
""")

OF_ITEMS = text("SELECT item_id FROM tombstones WHERE erasure_id = :erasure_id AND item_id = ANY(:items)")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Erased content; `item_id` of the item it was, None where it was none."""

    sha256: bytes
    item_id: int | None


def hold(connection: Connection, library_id: int) -> None:
    """Have nothing erased from the library until this transaction ends; take it before any other lock."""
    connection.execute(HOLD, {"library_id": library_id})


def close(connection: Connection, library_id: int) -> None:
    """Have nothing come into the library until this transaction ends; take it before any other lock."""
    connection.execute(CLOSE, {"library_id": library_id})


def among(connection: Connection, library_id: int, hashes: Iterable[bytes]) -> set[bytes]:
    """Those of the SHA-256 digests that were erased from the library."""
    asked = list(hashes)
    if not asked:
        return set()
    rows = connection.execute(AMONG, {"library_id": library_id, "hashes": asked})
    return {bytes(sha256) for sha256 in rows.scalars()}


def lay(connection: Connection, library_id: int, erasure_id: int, hashes: Iterable[bytes]) -> int:
    """Lay tombstones, and return how many were not there before; the caller has closed the library."""
    parameters = {"library_id": library_id, "erasure_id": erasure_id, "hashes": sorted(set(hashes))}
    return connection.execute(LAY, parameters).rowcount if parameters["hashes"] else 0


def of_erasure(connection: Connection, erasure_id: int, *, after: bytes, most: int) -> Sequence[Tombstone]:
    """The tombstones of an erasure beyond `after`, by digest."""
    rows = connection.execute(OF_ERASURE, {"erasure_id": erasure_id, "after": after, "most": most})
    return [Tombstone(bytes(row.sha256), row.item_id) for row in rows]


def recent(connection: Connection, library_id: int, *, after: bytes, days: int, most: int) -> Sequence[bytes]:
    """What was erased from a library in the last days, digests beyond `after` in order."""
    rows = connection.execute(RECENT, {"library_id": library_id, "after": after, "days": days, "most": most})
    return [bytes(sha256) for sha256 in rows.scalars()]


def of_items(connection: Connection, erasure_id: int, items: Iterable[int]) -> set[int]:
    """Those of the items that an erasure took."""
    rows = connection.execute(OF_ITEMS, {"erasure_id": erasure_id, "items": list(items)})
    return set(rows.scalars())


def items_of(stones: Iterable[Tombstone]) -> Mapping[bytes, int]:
    """The items that tombstones name, by digest."""
    return {stone.sha256: stone.item_id for stone in stones if stone.item_id is not None}
