"""The page: one HTML file in the library bucket, and beside it the story as JSON and what else was rendered."""

from __future__ import annotations

import hashlib

from albumen.memories.publishing import FILM, Edition, Publisher, Shelf
from albumen.memories.story import story_bytes
from albumen.storage.layout import memory_key, story_file_key, story_key


class PagePublisher(Publisher):
    """Puts the page where `albumen memories open` finds it."""

    name = "page"
    version = 2

    def publish(self, edition: Edition, shelf: Shelf) -> str:
        """Store everything under names that its content decides; return the page's key."""
        story, page = edition.story, edition.page.encode()
        digest = hashlib.sha256(page)
        for name in sorted(edition.files):
            # What a film shows is all in the pictures; its bytes may depend on the processor.
            digest.update(b"" if name == FILM else edition.files[name])
        key = memory_key(story.library_id, story.id, f"story-{digest.hexdigest()[:12]}.html")
        for name, data in edition.files.items():
            shelf.store.put(
                shelf.bucket, story_file_key(key, name), data, mime="video/mp4" if name == FILM else "image/jpeg"
            )
        # The JSON before the page: it tells an erasure what the page shows, so that no page may be without it.
        described = story_bytes(story, files_of(key, edition))
        shelf.store.put(shelf.bucket, story_key(key), described, mime="application/json")
        shelf.store.put(shelf.bucket, key, page, mime="text/html; charset=utf-8")
        return key


def files_of(page_key: str, edition: Edition) -> dict[str, str]:
    """Keys of all files of a memory by name: `page`, `story`, and the rendered ones without their ending."""
    rendered = {name.partition(".")[0]: story_file_key(page_key, name) for name in sorted(edition.files)}
    return {"page": page_key, "story": story_key(page_key), **rendered}
