"""Making a library's memories of a day: gather once, choose purely, render, store.

The same inputs give the same memory: a story whose inputs key is stored already is left alone, and
an empty result never wipes a story that was told.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from sqlalchemy import Connection

from albumen.catalog import days, memories, suppressions
from albumen.catalog.libraries import Library
from albumen.memories import feeds, personal, selection
from albumen.memories.collage import collages
from albumen.memories.contract import MemoryKind
from albumen.memories.covers import covers
from albumen.memories.film import film
from albumen.memories.gathering import gather, hidden_of, relatives, taste_of
from albumen.memories.kinds.on_this_day import nearest_day
from albumen.memories.publishers.page import files_of
from albumen.memories.publishing import FILM, Edition, Publisher, PublishingError, Shelf
from albumen.memories.registry import memory_kinds, publishers
from albumen.memories.rendering import clips_to_embed, render_story
from albumen.memories.story import Story, memory_id, story_json, tell
from albumen.settings import Settings
from albumen.storage.object_store import ObjectStore

Connect = Callable[[], AbstractContextManager[Connection]]

PAGE = "page"
"""The publisher whose key is kept with the memory."""
RENDERING = 6
"""Raised when pages or pictures would come out differently."""

log = logging.getLogger(__name__)


def stories(connection: Connection, library: Library, day: date, settings: Settings, *, seed: int) -> list[Story]:
    """The stories to tell a library on a local day, strongest first; reads only."""
    kinds, knobs = memory_kinds(settings.memories), settings.memories
    contexts = gather(connection, library, day, kinds.values(), knobs)
    if not contexts:
        return []
    whole = next(iter(contexts.values()))
    candidates = [found for name, context in contexts.items() for found in kinds[name].candidates(context, day, seed)]
    unwanted = hidden_of(connection, library.library_id, knobs).memories
    candidates = [each for each in candidates if memory_id(library.library_id, each.kind, each.key) not in unwanted]
    taste = taste_of(connection, library, whole, day)
    candidates = [personal.weigh(each, taste, contexts[each.kind]) for each in candidates]
    return [
        tell(found, kinds[found.kind].title(found, library.locale), contexts[found.kind])
        for found in selection.select(candidates, whole, day, knobs)
    ]


def day_with_story(
    connection: Connection, library: Library, wanted: date, settings: Settings, *, seed: int
) -> date | None:
    """The wanted day if it has a story, else the nearest day that has one; None if no day has."""
    if stories(connection, library, wanted, settings, seed=seed):
        return wanted
    per_day = days.counts(connection, library.library_id)
    rejected: set[date] = set()
    knobs = settings.memories
    while (
        near := nearest_day(
            per_day,
            wanted,
            min_photos=knobs.on_this_day_min_photos,
            min_years=knobs.on_this_day_min_years,
            rejected=rejected,
        )
    ) is not None:
        if stories(connection, library, near, settings, seed=seed):
            return near
        rejected.add(near)
    return None


def generate(
    connect: Connect, store: ObjectStore, library: Library, day: date, settings: Settings, *, seed: int
) -> list[Story]:
    """Choose, render, publish and store the memories of a local day; return the stories that stand.

    A story that a person left out stays out for that day, whatever comes in.

    Raises
    ------
    PublishingError
        At the end, if a publisher other than the page's failed. All memories are stored by then; those
        that it failed on are published again next time.
    """
    with connect() as connection:
        # First: what is hidden after this is found out when a story is stored.
        family = relatives(connection, library, settings.memories)
        hidden_to = suppressions.latest(connection, [library.library_id, *(each.library_id for each in family)])
        found = stories(connection, library, day, settings, seed=seed)
    kinds, ways = memory_kinds(settings.memories), publishers(settings.memories)
    shelf = Shelf(store, settings.library_bucket)
    failures: list[str] = []
    for story in list(found):
        with connect() as connection:
            before = memories.standing(connection, story.id)
        if before and before.state == "declined" and before.told_on == day:
            found.remove(story)
            continue
        if before and before.inputs_key == _inputs_key(story, kinds[story.kind], ways.values(), settings):
            with connect() as connection:
                memories.weigh(connection, story.id, story.strength, story.why)
                connection.commit()
            continue
        edition = _edition(story, shelf, is_filmed=settings.memories.film)
        places, failed = _publish(edition, shelf, ways)
        failures += failed
        files = files_of(places[PAGE], edition)
        key = _inputs_key(story, kinds[story.kind], [ways[name] for name in places], settings)
        row = _row(story, key, files, state="review" if library.review == "ask" else "published")
        with connect() as connection:
            items = [(item.photo.item_id, item.reason) for item in story.items]
            photos = [item.photo for item in story.items]
            lent = {photo.item_id: photo.lender.library_id for photo in photos if photo.lender}
            stands = memories.store(connection, row, items, hidden_to=hidden_to, lent=lent)
            connection.commit()
        if not stands:
            log.info("memory %s is withdrawn: something in it was erased or hidden meanwhile", story.id)
            shelf.store.delete_many(shelf.bucket, list(files.values()))
            found.remove(story)
    feeds.write(connect, store, shelf.bucket, library.library_id, [day], link_s=settings.memories.link_hours * 3600)
    if failures:
        raise PublishingError("; ".join(failures))
    return found


def _edition(story: Story, shelf: Shelf, *, is_filmed: bool) -> Edition:
    pictures = {item.photo.item_id: shelf.store.get(shelf.bucket, item.photo.preview_key) for item in story.items}
    clips = {
        photo.item_id: shelf.store.get(shelf.bucket, photo.clip.hover_key)
        for photo in clips_to_embed(story)
        if photo.clip and photo.clip.hover_key
    }
    photos = [item.photo for item in story.items]
    files = covers(pictures[story.cover.item_id], story.cover.faces) | collages(photos, story.cover, pictures)
    if made := film(story, pictures, clips) if is_filmed else None:
        files[FILM] = made
    return Edition(story, render_story(story, pictures, clips), pictures, files)


def _publish(edition: Edition, shelf: Shelf, ways: Mapping[str, Publisher]) -> tuple[dict[str, str], list[str]]:
    """Where the memory is by publisher, and what failed; without its page there is no memory, so that one may raise."""
    places, failures = {PAGE: ways[PAGE].publish(edition, shelf)}, []
    for name, way in ways.items():
        if name == PAGE:
            continue
        try:
            places[name] = way.publish(edition, shelf)
        except Exception as error:
            log.exception("memory %s is not published by %r", edition.story.id, name)
            failures.append(f"memory {edition.story.id} is not published by {name!r}: {error!r}")
    for name, place in places.items():
        log.info("memory %s is published by %r: %s", edition.story.id, name, place)
    return places, failures


def _inputs_key(story: Story, kind: MemoryKind, ways: Iterable[Publisher], settings: Settings) -> str:
    published = sorted([way.name, way.version] for way in ways)
    previews = [item.photo.preview_key for item in story.items]
    parts: list[Any] = [kind.name, kind.version, RENDERING, story_json(story, {}), previews, published]
    parts += ["film"] if settings.memories.film else []
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _row(story: Story, inputs_key: str, files: Mapping[str, str], *, state: str) -> dict[str, Any]:
    names = ("library_id", "kind", "key", "title", "reason", "strength")
    return {
        "memory_id": story.id,
        "told_on": story.date,
        "cover_item_id": story.cover.item_id,
        "inputs_key": inputs_key,
        "page_key": files[PAGE],
        "files": dict(files),
        "state": state,
        "why": dict(story.why),
        **{name: getattr(story, name) for name in names},
    }
