"""The feed of a day: which published stories a library has to show, as one JSON object that is replaced whole.

Whoever writes a feed holds the library's lock from reading the stories until the object is stored,
so that of two writers the later one tells the later truth.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from albumen.catalog import memories
from albumen.catalog.memories import StoredMemory
from albumen.memories.schemas import check
from albumen.storage.layout import feed_key
from albumen.storage.object_store import ObjectStore

Connect = Callable[[], AbstractContextManager[Connection]]

FEED_VERSION = 1

LOCK = text("SELECT pg_advisory_xact_lock(hashtext('albumen feed'), :library_id)")


def feed_json(day: date, stories: Sequence[StoredMemory]) -> dict[str, Any]:
    """The feed of a day without links: the same stories give the same dict.

    Returns
    -------
    dict
        As `schemas/feed.schema.json` describes it; `edition` changes when anything else does.
    """
    told = [
        {
            "id": story.memory_id,
            "kind": story.kind,
            "title": story.title,
            "reason": story.reason,
            "pictures": len(story.items),
            "videos": story.videos,
            "files": dict(sorted(story.files.items())),
        }
        for story in stories
    ]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    return {"version": FEED_VERSION, "date": day.isoformat(), "edition": digest, "stories": told}


def write(
    connect: Connect, store: ObjectStore, bucket: str, library_id: int, days: Iterable[date], *, link_s: int
) -> list[str]:
    """Write the feeds of some days anew; a day that never had a story gets none.

    Parameters
    ----------
    link_s : int
        How long the signed links in it live, seconds; 0: none are put in.

    Returns
    -------
    list of str
        Keys of the feeds written.
    """
    written = []
    for day in sorted(set(days)):
        with connect() as connection:
            connection.execute(LOCK, {"library_id": library_id})
            shown = [row for row in memories.stored(connection, library_id, day) if row.state == "published"]
            key = feed_key(library_id, day)
            if not shown and not any(store.list_all(bucket, key, most=1)):
                continue
            feed = feed_json(day, shown)
            for story in feed["stories"] if link_s else ():
                story["links"] = {
                    name: store.signed_url(bucket, file, seconds=link_s) for name, file in story["files"].items()
                }
            check(feed, "feed")
            store.put(bucket, key, _bytes(feed), mime="application/json", cache_control="no-cache")
            written.append(key)
    return written


def _bytes(feed: dict[str, Any]) -> bytes:
    return json.dumps(feed, ensure_ascii=False, sort_keys=True).encode()
