"""The page: one HTML file in the library bucket, and the story as JSON beside it."""

from __future__ import annotations

import hashlib
import json

from albumen.memories.publishing import Edition, Publisher, Shelf
from albumen.memories.story import story_json
from albumen.storage.layout import memory_key, story_key


class PagePublisher(Publisher):
    """Puts the page where `albumen memories open` finds it."""

    name = "page"
    version = 1

    def publish(self, edition: Edition, shelf: Shelf) -> str:
        """Store page and JSON under names that their content decides; return the page's key."""
        story, page = edition.story, edition.page.encode()
        described = json.dumps(story_json(story), ensure_ascii=False, sort_keys=True).encode()
        stem = f"story-{hashlib.sha256(page).hexdigest()[:12]}"
        key = memory_key(story.library_id, story.id, f"{stem}.html")
        # The JSON first: it tells an erasure what the page shows, so that no page may be without it.
        shelf.store.put(shelf.bucket, story_key(key), described, mime="application/json")
        shelf.store.put(shelf.bucket, key, page, mime="text/html; charset=utf-8")
        return key
