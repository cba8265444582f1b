"""Finding originals: full listings are the truth, hints make it quick.

A listing is cut by prefix, checkpointed by page and resumed where it stopped. A key is vanished
only after two complete listings without it, and after one more look at the object itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from albumen.catalog import listings, originals
from albumen.catalog.libraries import Library
from albumen.catalog.listings import ListingShard
from albumen.catalog.originals import Registered
from albumen.pipeline import registry
from albumen.pipeline.heartbeat import Connect
from albumen.storage.object_store import ObjectMissing, ObjectStore, StorageError

MAX_PREFIXES = 1000
MAX_DEPTH = 6


def original_steps() -> list[str]:
    """The steps a new original is due for."""
    return [step.name for step in registry.of_pass("original")]


def begin_listing(connect: Connect, store: ObjectStore, library: Library) -> int:
    """The library's open listing, or a new one cut along the prefixes the bucket has now."""
    with connect() as connection:
        listing_id = listings.open_listing(connection, library.library_id)
        if listing_id is None:
            listing_id = listings.start(connection, library.library_id, _prefixes(store, library))
            connection.commit()
    return listing_id


def list_prefix(
    connect: Connect, store: ObjectStore, library: Library, listing_id: int, shard: ListingShard, *, page_keys: int
) -> Registered:
    """Register everything below one prefix, from its checkpoint on.

    Raises
    ------
    albumen.storage.object_store.StorageError
        If the store fails; what is registered stays, and the next try goes on from the last page.
    """
    total, token, steps = Registered(), shard.token, original_steps()
    while True:
        page = store.list_page(
            library.bucket, shard.prefix, token=token, delimiter="/" if shard.direct else "", keys=page_keys
        )
        token = page.token
        with connect() as connection:
            total += originals.register(connection, library, page.objects, steps=steps)
            keys = originals.remember_keys(connection, listing_id, [listed.key for listed in page.objects])
            listings.checkpoint(connection, listing_id, shard.prefix, token=token, keys=keys)
            connection.commit()
        if not token:
            return total


def conclude_listing(connect: Connect, store: ObjectStore, library: Library, listing_id: int) -> tuple[int, int] | None:
    """End a complete listing: mark what it missed, let go what two listings missed.

    Returns
    -------
    (int, int) or None
        Keys listed and originals vanished; None when the listing has to be made again.
    """
    with connect() as connection:
        keys = listings.complete(connection, listing_id)
        if keys is None:
            connection.commit()
            return None
        missing = originals.mark_missing(connection, library, listing_id)
        connection.commit()
    gone = [key for key in missing if _is_gone(store, library.bucket, key)]
    with connect() as connection:
        vanished = originals.vanish(connection, library, gone, metadata_step="metadata")
        listings.forget_keys(connection, listing_id)
        connection.commit()
    return keys, vanished


def register_keys(connect: Connect, store: ObjectStore, library: Library, keys: Sequence[str]) -> Registered:
    """Register objects a hint named.

    What is not there (any more) is left to the listings, what is not the library's to others.
    """
    found = []
    for key in keys:
        if not key.startswith(library.prefix):
            continue
        try:
            found.append(store.head(library.bucket, key))
        except ObjectMissing:
            continue
    with connect() as connection:
        registered = originals.register(connection, library, found, steps=original_steps())
        connection.commit()
    return registered


def _prefixes(store: ObjectStore, library: Library) -> list[tuple[str, bool]]:
    """Where to cut a listing: along the first level at which there is more than one folder."""
    prefix = library.prefix
    for _ in range(MAX_DEPTH):
        found, objects = _level(store, library.bucket, prefix)
        if len(found) == 1 and not objects:
            prefix = found[0]
            continue
        if 1 < len(found) <= MAX_PREFIXES:
            return [(prefix, True), *((below, False) for below in found)]
        break
    return [(library.prefix, False)]


def _level(store: ObjectStore, bucket: str, prefix: str) -> tuple[list[str], bool]:
    found: list[str] = []
    objects, token = False, ""
    while len(found) <= MAX_PREFIXES:
        page = store.list_page(bucket, prefix, token=token, delimiter="/")
        found += page.prefixes
        objects = objects or bool(page.objects)
        token = page.token
        if not token:
            break
    return found, objects


def _is_gone(store: ObjectStore, bucket: str, key: str) -> bool:
    """One more look before an original is let go; a store in doubt keeps it."""
    try:
        store.head(bucket, key)
    except ObjectMissing:
        return True
    except StorageError:
        return False
    return False
