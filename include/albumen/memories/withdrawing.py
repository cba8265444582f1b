"""Taking back: what its owner hides leaves stored and published stories at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from albumen.catalog import libraries, memories, suppressions, tombstones
from albumen.catalog.libraries import FAMILY, Library
from albumen.catalog.memories import Withdrawn
from albumen.catalog.suppressions import Suppression
from albumen.memories import feeds
from albumen.memories.hiding import LIKE_BITS
from albumen.settings import Settings
from albumen.storage.layout import memory_key
from albumen.storage.object_store import ObjectStore

Connect = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What hiding something did: whether it is new, and the stories that went."""

    is_new: bool
    memories: tuple[Withdrawn, ...]


def hide(connect: Connect, store: ObjectStore, library: Library, wanted: Suppression, settings: Settings) -> Taken:
    """Hide something, and withdraw every story that shows it.

    One transaction hides it and takes the stories out of the catalog; no story that is being made meanwhile
    comes in after it. Then the feeds are written anew, and last the files go; if that is cut off, sending the
    stories' events (`announcing`) does it again first.

    Raises
    ------
    StorageError
        If storage fails: what is hidden is hidden, and the rest is done by the next run.
    """
    with connect() as connection:
        found = suppressions.add(connection, library.library_id, wanted)
        shown = suppressions.showing(
            connection, library.library_id, wanted, bits=LIKE_BITS, muted_days=settings.memories.muted_days
        )
        gone = memories.withdraw(connection, shown)
        connection.commit()
    remove(connect, store, gone, settings)
    return Taken(found is not None, tuple(gone))


def part(connect: Connect, store: ObjectStore, library: Library, settings: Settings) -> list[Withdrawn]:
    """Withdraw the consent to family stories, and at once every story in which pictures of two libraries stand.

    Raises
    ------
    StorageError
        As of `hide`.
    """
    with connect() as connection:
        tombstones.close(connection, library.library_id)
        given = libraries.named(connection, library.name).consents
        consents = [consent for consent in given if consent != FAMILY]
        libraries.change(connection, library.name, {"consents": consents})
        gone = memories.withdraw(connection, memories.borrowing(connection, library.library_id))
        connection.commit()
    remove(connect, store, gone, settings)
    return gone


def remove(
    connect: Connect,
    store: ObjectStore,
    gone: Sequence[Withdrawn],
    settings: Settings,
    *,
    until: datetime | None = None,
) -> None:
    """Take withdrawn stories out of the feeds of their days, and delete their files.

    Parameters
    ----------
    until : datetime, optional
        When they were withdrawn, if that was earlier: a story that was told anew since keeps its files.
    """
    bucket, link_s = settings.library_bucket, settings.memories.link_hours * 3600
    for library_id in sorted({each.library_id for each in gone}):
        told_on = {each.told_on for each in gone if each.library_id == library_id}
        feeds.write(connect, store, bucket, library_id, told_on, link_s=link_s)
    for each in gone:
        with connect() as connection:
            now = memories.one(connection, each.library_id, each.memory_id)
        kept = set(now.files.values()) if now else set()
        listed = store.list_all(bucket, memory_key(each.library_id, each.memory_id, ""))
        old = [found.key for found in listed if until is None or found.last_modified <= until]
        store.delete_many(bucket, [key for key in old if key not in kept])
