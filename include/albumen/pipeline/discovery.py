"""Finding originals: full listings are the truth, hints and inventories make it quick.

A listing is cut by prefix, checkpointed by page and resumed where it stopped. A key is vanished
only after two complete listings without it, and after one more look at the object itself. Hints and
inventories only ever register: both may be late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from albumen.catalog import inventories, listings, originals, sidecars
from albumen.catalog.libraries import Library
from albumen.catalog.listings import ListingShard
from albumen.catalog.originals import Registered
from albumen.media.metadata.sidecar_names import is_sidecar_name, media_keys
from albumen.pipeline import registry
from albumen.pipeline.heartbeat import Connect
from albumen.storage.object_store import ObjectInfo, ObjectMissing, ObjectStore, StorageError
from albumen.storage.s3_events import ObjectChange

MAX_PREFIXES = 1000
MAX_DEPTH = 6
BATCH_KEYS = 1000
KEYS_AT_ONCE = 10_000
"""So many a statement asks about when a listing ends; it may not take longer the larger the library."""
LOOKS_AT_ONCE = 8

Row = TypeVar("Row")


def original_steps() -> list[str]:
    """The steps a new original is due for."""
    return [step.name for step in registry.for_everyone("original")]


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

    Goes through the library's originals in steps; what was killed in between is asked again from the first.

    Returns
    -------
    (int, int) or None
        Keys listed and originals vanished; None when the listing has to be made again.
    """
    after: str | None = ""
    vanished = 0
    while after is not None:
        with connect() as connection:
            keys = listings.whole(connection, listing_id)
            if keys is None:
                break
            after, missing = originals.mark_missing(connection, library, listing_id, after=after, most=KEYS_AT_ONCE)
            connection.commit()
        vanished += _let_go(connect, store, library, missing)
    if keys is not None:
        with connect() as connection:
            listings.complete(connection, listing_id, keys)
            connection.commit()
    _forget_keys(connect, listing_id)
    if keys is None:
        with connect() as connection:
            listings.restart(connection, listing_id)
            connection.commit()
        return None
    return keys, vanished


def _let_go(connect: Connect, store: ObjectStore, library: Library, missing: Sequence[str]) -> int:
    """Let go of the keys at which nothing is indeed; how many originals vanished."""
    if not missing:
        return 0
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        looked = pool.map(lambda key: _is_gone(store, library.bucket, key), missing)
        gone = [key for key, is_gone in zip(missing, looked, strict=True) if is_gone]
    with connect() as connection:
        vanished = originals.vanish(connection, library, gone)
        told = {media for key in gone if is_sidecar_name(key) for media in media_keys(key)}
        sidecars.retell(connection, library.library_id, told)
        connection.commit()
    return vanished


def _forget_keys(connect: Connect, listing_id: int) -> None:
    last: str | None = ""
    while last is not None:
        with connect() as connection:
            last = listings.forget_keys(connection, listing_id, first=last, most=KEYS_AT_ONCE)
            connection.commit()


def register_keys(connect: Connect, store: ObjectStore, library: Library, keys: Sequence[str]) -> Registered:
    """Register objects a hint named.

    What is not there (any more) is left to the listings, what is not the library's to others.
    """
    total = Registered()
    mine = [key for key in dict.fromkeys(keys) if key.startswith(library.prefix)]
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        for some in _batches(mine, BATCH_KEYS):
            found = [info for info in pool.map(lambda key: _seen(store, library.bucket, key), some) if info]
            with connect() as connection:
                total += originals.register(connection, library, found, steps=original_steps())
                connection.commit()
    return total


def register_inventory(
    connect: Connect, store: ObjectStore, library: Library, rows: Iterable[ObjectInfo]
) -> Registered:
    """Register what an inventory shows below the library's prefix.

    Originals that the catalog never heard of are taken as they are written there. Where it knows
    otherwise, the object itself is asked, since the inventory is the older of the two; what only
    the inventory shows as gone, or does not show at all, is left to the listings.
    """
    total = Registered()
    mine = (row for row in rows if row.key.startswith(library.prefix))
    for page in _batches(mine, BATCH_KEYS):
        with connect() as connection:
            news = inventories.news(connection, library, page)
            total += originals.register(connection, library, news.unseen, steps=original_steps())
            total += Registered(unchanged=news.known)
            connection.commit()
        if news.doubtful:
            total += register_keys(connect, store, library, news.doubtful)
    return total


def changes_by_library(
    everyone: Sequence[Library], changes: Iterable[ObjectChange]
) -> dict[Library, list[ObjectChange]]:
    """Whose objects came or changed; those that went are left to the listings.

    A notification may be late, twice, or overtaken by another: it only names what to look at.
    """
    found: dict[Library, list[ObjectChange]] = {}
    for change in changes:
        for library in everyone:
            mine = change.bucket == library.bucket and change.key.startswith(library.prefix)
            if mine and not change.removed:
                found.setdefault(library, []).append(change)
    return found


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


def _seen(store: ObjectStore, bucket: str, key: str) -> ObjectInfo | None:
    try:
        return store.head(bucket, key)
    except ObjectMissing:
        return None


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, size)):
        yield batch
