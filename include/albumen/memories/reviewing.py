"""Answering for a memory that a person is asked about: it is published, or left out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from albumen.catalog import memory_reviews
from albumen.catalog.libraries import Library
from albumen.memories import feeds
from albumen.settings import Settings
from albumen.storage.object_store import ObjectStore

Connect = Callable[[], AbstractContextManager[Connection]]


def answer(
    connect: Connect,
    store: ObjectStore,
    library: Library,
    memory_id: str,
    settings: Settings,
    *,
    approved: bool,
    by: str,
) -> bool:
    """Publish a memory, or leave it out, and write the feed of its day; False if there was nothing to answer.

    Raises
    ------
    StorageError
        If storage fails: the answer stands, and the feed is written when its event is sent (`announcing`).
    """
    with connect() as connection:
        told_on = memory_reviews.answer(
            connection, library.library_id, memory_id, approved=approved, by=by, library=library.name
        )
        connection.commit()
    if told_on is None:
        return False
    link_s = settings.memories.link_hours * 3600
    feeds.write(connect, store, settings.library_bucket, library.library_id, [told_on], link_s=link_s)
    return True
