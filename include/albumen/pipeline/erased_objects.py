"""Deleting what the library bucket holds of erased content: renditions, also superseded ones, memories, feeds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

from albumen.catalog import memories, tombstones
from albumen.catalog.erasures import Erasure
from albumen.pipeline.heartbeat import Connect
from albumen.storage.layout import (
    feeds_prefix,
    library_prefixes,
    memories_prefix,
    memory_key,
    rendition_prefix,
    story_page,
)
from albumen.storage.object_store import ObjectMissing, ObjectStore, StorageError

CONTENTS_AT_ONCE = 100
OBJECTS_AT_ONCE = 1000
RENDITIONS_DONE = "memories"


class ErasedObjects:
    """Finds them by their prefixes, so that what no row names is found, too."""

    def __init__(self, connect: Connect, store: ObjectStore, bucket: str) -> None:
        self.connect, self.store, self.bucket = connect, store, bucket

    def delete_next(self, erasure: Erasure) -> tuple[int, str | None]:
        """Delete the next objects; how many, and the cursor to go on from, None when none is left.

        Raises
        ------
        StorageError
            If storage fails, or lists what it has deleted.
        """
        if erasure.selection.whole_library:
            return self._delete_of_library(erasure)
        if erasure.cursor == RENDITIONS_DONE:
            return self._delete_telling(erasure), None
        return self._delete_renditions(erasure)

    def _delete_of_library(self, erasure: Erasure) -> tuple[int, str | None]:
        for prefix in library_prefixes(erasure.library_id):
            keys = [listed.key for listed in self.store.list_page(self.bucket, prefix, keys=OBJECTS_AT_ONCE).objects]
            if erasure.cursor in keys:
                raise StorageError(f"s3://{self.bucket}/{erasure.cursor} is still listed after it was deleted")
            if keys:
                return self.store.delete_many(self.bucket, keys), keys[-1]
        return 0, None

    def _delete_renditions(self, erasure: Erasure) -> tuple[int, str | None]:
        with self.connect() as connection:
            stones = tombstones.of_erasure(
                connection, erasure.erasure_id, after=bytes.fromhex(erasure.cursor), most=CONTENTS_AT_ONCE
            )
        if not stones:
            return 0, RENDITIONS_DONE
        removed = sum(self._delete_below(rendition_prefix(erasure.library_id, one.sha256)) for one in stones)
        return removed, stones[-1].sha256.hex()

    def _delete_telling(self, erasure: Erasure) -> int:
        """Memories that showed what was erased, older pages of others that did, and feeds that name such a memory."""
        told = erasure.receipt.get("memories", ())
        removed = sum(self._delete_below(memory_key(erasure.library_id, memory_id, "")) for memory_id in told)
        removed += self.store.delete_many(self.bucket, list(self._old_pages(erasure)))
        return removed + self.store.delete_many(self.bucket, list(self._feeds(erasure)))

    def _delete_below(self, prefix: str) -> int:
        return self.store.delete_many(self.bucket, [found.key for found in self.store.list_all(self.bucket, prefix)])

    def _old_pages(self, erasure: Erasure) -> Iterator[str]:
        """Pages that no memory has any more, each with its story, if that shows an erased item."""
        with self.connect() as connection:
            current = {row.page_key for row in memories.stored(connection, erasure.library_id)}
        for found in self.store.list_all(self.bucket, memories_prefix(erasure.library_id)):
            page = story_page(found.key)
            if page is None or page in current:
                continue
            with suppress(ObjectMissing):
                story = json.loads(self.store.get(self.bucket, found.key))
                with self.connect() as connection:
                    items = [item["item_id"] for item in story["items"]]
                    if tombstones.of_items(connection, erasure.erasure_id, items):
                        yield from {page, found.key, *story.get("files", {}).values()}

    def _feeds(self, erasure: Erasure) -> Iterator[str]:
        """Feeds that name an erased memory; whoever publishes them makes them anew."""
        named = [memory_id.encode() for memory_id in erasure.receipt.get("memories", ())]
        for feed in self.store.list_all(self.bucket, feeds_prefix(erasure.library_id)):
            text = self.store.get(self.bucket, feed.key)
            if any(memory_id in text for memory_id in named):
                yield feed.key
