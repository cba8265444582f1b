"""Making a library's memories of a day: gather once, choose purely, render, store.

The same inputs give the same memory: a story whose inputs key is stored already is left alone, and
an empty result never wipes a story that was told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection

from albumen.catalog import days, memories, memory_context
from albumen.catalog.libraries import Library
from albumen.memories.context import Context, FaceBox, Photo
from albumen.memories.contract import DateRange, MemoryKind
from albumen.memories.kinds.on_this_day import nearest_day
from albumen.memories.registry import memory_kinds
from albumen.memories.rendering import render_story
from albumen.memories.story import Story, story_json, tell
from albumen.settings import Settings
from albumen.storage.layout import memory_key
from albumen.storage.object_store import ObjectStore

Connect = Callable[[], AbstractContextManager[Connection]]


def gather(connection: Connection, library: Library, ranges: list[DateRange]) -> Context:
    """The context of a kind's window, in one query."""
    rows = memory_context.photos(connection, library.library_id, [(window.first, window.last) for window in ranges])
    return Context(
        library_id=library.library_id,
        library_name=library.name,
        home_zone=library.home_zone,
        locale=library.locale,
        photos=tuple(_photo(row) for row in rows),
    )


def stories(connection: Connection, library: Library, day: date, settings: Settings, *, seed: int) -> list[Story]:
    """The stories to tell a library on a local day, strongest first; reads only."""
    per_day = days.counts(connection, library.library_id)
    if not per_day:
        return []
    told: list[Story] = []
    for kind in memory_kinds(settings.memories).values():
        ranges = [window for window in kind.window(day) if window.last >= min(per_day)]
        context = gather(connection, library, ranges)
        told += [
            tell(found, kind.title(found, library.locale), context) for found in kind.candidates(context, day, seed)
        ]
    return sorted(told, key=lambda story: (-story.strength, story.id))


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
    """Choose, render and store the memories of a local day; return the stories that stand."""
    with connect() as connection:
        found = stories(connection, library, day, settings, seed=seed)
    kinds = memory_kinds(settings.memories)
    for story in found:
        key = _inputs_key(story, kinds[story.kind])
        with connect() as connection:
            if memories.inputs_key(connection, story.id) == key:
                continue
        page_key = _render(store, story, settings)
        with connect() as connection:
            memories.store(
                connection, _row(story, key, page_key), [(item.photo.item_id, item.reason) for item in story.items]
            )
            connection.commit()
    return found


def _render(store: ObjectStore, story: Story, settings: Settings) -> str:
    bucket = settings.library_bucket
    pictures = {item.photo.item_id: store.get(bucket, item.photo.preview_key) for item in story.items}
    page = render_story(story, pictures).encode()
    described = json.dumps(story_json(story), ensure_ascii=False, sort_keys=True).encode()
    digest = hashlib.sha256(page).hexdigest()[:12]
    page_key = memory_key(story.library_id, story.id, f"story-{digest}.html")
    store.put(bucket, page_key, page, mime="text/html; charset=utf-8")
    store.put(
        bucket, memory_key(story.library_id, story.id, f"story-{digest}.json"), described, mime="application/json"
    )
    return page_key


def _inputs_key(story: Story, kind: MemoryKind) -> str:
    parts: list[Any] = [kind.name, kind.version, story_json(story), [item.photo.preview_key for item in story.items]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _row(story: Story, inputs_key: str, page_key: str) -> dict[str, Any]:
    described = asdict(story)
    names = ("library_id", "kind", "key", "title", "reason", "strength")
    return {
        "memory_id": story.id,
        "told_on": story.date,
        "cover_item_id": story.cover.item_id,
        "inputs_key": inputs_key,
        "page_key": page_key,
        **{name: described[name] for name in names},
    }


def _photo(row: dict[str, Any]) -> Photo:
    return Photo(
        item_id=row["item_id"],
        key=row["key"],
        taken_local=row["taken_local"],
        taken_confidence=row["taken_confidence"],
        width=row["width"] or row["preview_width"],
        height=row["height"] or row["preview_height"],
        gps=None if row["gps_lat"] is None else (row["gps_lat"], row["gps_lon"]),
        quality=row["quality"],
        quality_reasons=tuple(row["quality_reasons"]),
        phash=row["phash"],
        faces=tuple(FaceBox(*box) for box in row["boxes"] or ()),
        camera=row["camera"],
        preview_key=row["preview_key"],
        thumb_key=row["thumb_key"],
        thumbhash=row["thumbhash"],
        dominant=row["dominant"],
    )
