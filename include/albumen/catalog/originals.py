"""Which originals are there? Registering what a listing or a hint shows, and noticing what vanished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from albumen.catalog import changes, due, outcomes, steps_by_kind
from albumen.catalog.libraries import Library, LibraryError
from albumen.storage.object_store import ObjectInfo


@dataclass(frozen=True, slots=True)
class Registered:
    """What a page of a listing changed."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Registered) -> Registered:
        return Registered(self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged)


HOLD_LIBRARY = text("SELECT FROM libraries WHERE library_id = :library_id FOR KEY SHARE")
"""A listing that outlives its library must not bring originals back."""

REGISTER = text("""
    WITH page AS (
        SELECT * FROM unnest(
            CAST(:keys AS text[]), CAST(:etags AS text[]), CAST(:sizes AS bigint[]), CAST(:modified AS timestamptz[])
        ) AS p(key, etag, size, last_modified)
    ), moved AS (
        SELECT page.* FROM page
        LEFT JOIN originals o ON o.library_id = :library_id AND o.bucket = :bucket AND o.key = page.key
        WHERE o.original_id IS NULL OR o.etag <> page.etag OR o.vanished_at IS NOT NULL OR o.missed_listing IS NOT NULL
        ORDER BY page.key
    )
    INSERT INTO originals AS o (library_id, bucket, key, etag, size, last_modified)
    SELECT :library_id, :bucket, key, etag, size, last_modified FROM moved
    ON CONFLICT (library_id, bucket, key) DO UPDATE
    SET etag = excluded.etag, size = excluded.size, last_modified = excluded.last_modified,
        vanished_at = NULL, missed_listing = NULL
    RETURNING new.original_id, old.original_id IS NULL AS is_new,
        old.etag IS DISTINCT FROM new.etag OR old.vanished_at IS NOT NULL AS is_due
""")

REMEMBER_KEYS = text("""
    INSERT INTO listed_keys (listing_id, key) SELECT :listing_id, unnest(CAST(:keys AS text[])) ON CONFLICT DO NOTHING
""")

UNTIL = text("""
    SELECT max(key) FROM (
        SELECT key FROM originals WHERE library_id = :library_id AND bucket = :bucket AND key > :after
        ORDER BY key LIMIT :most
    ) AS next
""")

MISSING = text("""
    UPDATE originals o SET missed_listing = COALESCE(o.missed_listing, :listing_id)
    FROM listings l
    WHERE l.listing_id = :listing_id AND o.library_id = :library_id AND o.bucket = :bucket
      AND o.key > :after AND o.key <= :until
      AND o.vanished_at IS NULL AND o.discovered_at < l.started_at
      AND NOT EXISTS (SELECT FROM listed_keys k WHERE k.listing_id = :listing_id AND k.key = o.key)
    RETURNING o.key, old.missed_listing IS NOT NULL AND old.missed_listing < :listing_id AS twice
""")

VANISH = text("""
    UPDATE originals SET vanished_at = now(), item_id = NULL
    WHERE library_id = :library_id AND bucket = :bucket AND key = ANY(:keys) AND vanished_at IS NULL
      AND missed_listing IS NOT NULL
    RETURNING original_id, old.item_id
""")
"""A key that was registered again since it was missed stays."""

FORGET_DUE = text("DELETE FROM due WHERE library_id = :library_id AND subject_id = ANY(:subjects)")

RETIRE = text("""
    UPDATE items i SET retired_at = now()
    WHERE i.library_id = :library_id AND i.item_id = ANY(:items) AND i.retired_at IS NULL
      AND NOT EXISTS (
          SELECT FROM originals o WHERE o.library_id = :library_id AND o.item_id = i.item_id AND o.vanished_at IS NULL
      )
    RETURNING i.item_id
""")

ORPHANED_FACTS = text("""
    SELECT f.item_id, i.kind FROM facts f JOIN items i USING (library_id, item_id)
    WHERE f.library_id = :library_id AND f.item_id = ANY(:items) AND f.original_id = ANY(:originals)
      AND i.retired_at IS NULL
""")

UNKNOWN = text("""
    SELECT p.key FROM unnest(CAST(:keys AS text[]), CAST(:etags AS text[])) AS p(key, etag)
    LEFT JOIN originals o ON o.library_id = :library_id AND o.bucket = :bucket AND o.key = p.key
    WHERE o.original_id IS NULL OR o.etag <> p.etag OR o.vanished_at IS NOT NULL
""")


def register(
    connection: Connection, library: Library, page: Sequence[ObjectInfo], *, steps: Sequence[str]
) -> Registered:
    """Upsert what the store shows; new and changed originals become due for `steps` in the fresh lane.

    Raises
    ------
    albumen.catalog.libraries.LibraryError
        If the library is gone.
    """
    if not page:
        return Registered()
    if connection.execute(HOLD_LIBRARY, {"library_id": library.library_id}).one_or_none() is None:
        raise LibraryError(f"library {library.name!r} was erased")
    unique = {listed.key: listed for listed in page}
    rows = connection.execute(
        REGISTER,
        {
            "library_id": library.library_id,
            "bucket": library.bucket,
            "keys": list(unique),
            "etags": [listed.etag for listed in unique.values()],
            "sizes": [listed.size for listed in unique.values()],
            "modified": [listed.last_modified for listed in unique.values()],
        },
    ).all()
    pairs = [(row.original_id, step) for row in rows if row.is_due for step in steps]
    due.enqueue(connection, library.library_id, pairs, subject_kind="o", lane=due.Lane.FRESH)
    new = sum(row.is_new for row in rows)
    changed = sum(row.is_due for row in rows) - new
    return Registered(new, changed, len(unique) - new - changed)


def remember_keys(connection: Connection, listing_id: int, keys: Sequence[str]) -> int:
    """Keep the keys of a running listing until it ends, and count the new ones; no order is relied on."""
    if not keys:
        return 0
    return connection.execute(REMEMBER_KEYS, {"listing_id": listing_id, "keys": list(keys)}).rowcount


def mark_missing(
    connection: Connection, library: Library, listing_id: int, *, after: str, most: int
) -> tuple[str | None, list[str]]:
    """Mark the originals a complete listing did not show, among the next so many keys after one.

    Returns
    -------
    (str or None, list)
        The last of the keys looked at, None when there was none; the keys missed by an earlier listing too.
    """
    due.lookups_only(connection)
    scope = {"library_id": library.library_id, "bucket": library.bucket, "after": after}
    until: str | None = connection.execute(UNTIL, {**scope, "most": most}).scalar_one()
    if until is None:
        return None, []
    rows = connection.execute(MISSING, {**scope, "until": until, "listing_id": listing_id})
    return until, [row.key for row in rows if row.twice]


def vanish(connection: Connection, library: Library, keys: Sequence[str]) -> int:
    """Let originals go: items without one left are retired, others take their facts from the next original."""
    scope = {"library_id": library.library_id}
    rows = connection.execute(VANISH, {**scope, "bucket": library.bucket, "keys": list(keys)}).all()
    if rows:
        gone = [row.original_id for row in rows]
        connection.execute(FORGET_DUE, {**scope, "subjects": gone})
        outcomes.forget(connection, library.library_id, gone)
        leave_items(connection, library.library_id, {row.original_id: row.item_id for row in rows if row.item_id})
    return len(rows)


def leave_items(connection: Connection, library_id: int, left: dict[int, int]) -> None:
    """After originals (id → item) left their items: retire the empty ones, re-read facts of the others.

    What a retired item had done stays, so that content that comes back is adopted; what it had not
    is forgotten, so that nothing lists or releases it.
    """
    if not left:
        return
    scope = {"library_id": library_id, "items": sorted(set(left.values()))}
    retired = connection.execute(RETIRE, scope).scalars().all()
    connection.execute(FORGET_DUE, {"library_id": library_id, "subjects": list(retired)})
    outcomes.forget(connection, library_id, retired, states=("quarantined", "retrying"))
    changes.mark(connection, library_id, retired)
    orphaned = connection.execute(ORPHANED_FACTS, {**scope, "originals": sorted(left)})
    pairs = [(row.item_id, steps_by_kind.FACTS[row.kind]) for row in orphaned if row.kind in steps_by_kind.FACTS]
    due.enqueue(connection, library_id, pairs, subject_kind="i", lane=due.Lane.FRESH)


def unknown_keys(connection: Connection, library: Library, listed: Sequence[ObjectInfo]) -> list[str]:
    """The keys among these that are new, changed or back again; reads only."""
    if not listed:
        return []
    parameters = {
        "library_id": library.library_id,
        "bucket": library.bucket,
        "keys": [info.key for info in listed],
        "etags": [info.etag for info in listed],
    }
    return list(connection.execute(UNKNOWN, parameters).scalars())
