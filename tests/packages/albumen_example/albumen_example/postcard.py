"""The publisher `postcard`: the cover of a memory with a line of greeting."""

from __future__ import annotations

from albumen.memories.publishing import Edition, Publisher, Shelf
from albumen.storage.layout import memory_key


class PostcardPublisher(Publisher):
    """Puts a postcard beside the page."""

    name = "postcard"
    version = 1

    def publish(self, edition: Edition, shelf: Shelf) -> str:
        """Store picture and greeting; return the picture's key."""
        story = edition.story
        picture = memory_key(story.library_id, story.id, "postcard.jpg")
        shelf.store.put(shelf.bucket, picture, edition.pictures[story.cover.item_id], mime="image/jpeg")
        greeting = memory_key(story.library_id, story.id, "postcard.txt")
        words = f"Greetings from {story.title}".encode()
        shelf.store.put(shelf.bucket, greeting, words, mime="text/plain; charset=utf-8")
        return picture
