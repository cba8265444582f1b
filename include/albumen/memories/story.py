"""A story as it is kept and told: a candidate with its title and its stable id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from albumen.memories.context import Clip, Context, Photo
from albumen.memories.contract import Candidate
from albumen.memories.schemas import check

# Version of `schemas/story.schema.json`; fields may be added, never renamed.
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class StoryItem:
    """A picture of a story, and in words why it is in it."""

    photo: Photo
    reason: str


@dataclass(frozen=True, slots=True)
class Story:
    """A memory.

    Attributes
    ----------
    id : str
        16 hexadecimal digits, the same for the same library, kind and key.
    library_id : int
        Whose it is.
    library_name : str
        For display; untrusted text.
    locale : str
        How its dates and times are written.
    kind, key : str
        What it is about.
    date : date
        The local day it is told on.
    title, reason : str
        Headline, and why it was made.
    strength : float
        0 to 1.
    cover : Photo
        One of the items' photos.
    items : tuple of StoryItem
        In time order.
    why : mapping
        What its strength is made of; not part of what is told.
    """

    id: str
    library_id: int
    library_name: str
    locale: str
    kind: str
    key: str
    date: date
    title: str
    reason: str
    strength: float
    cover: Photo
    items: tuple[StoryItem, ...]
    why: Mapping[str, Any] = field(default_factory=dict)


def memory_id(library_id: int, kind: str, key: str) -> str:
    """The id of a memory: 16 hexadecimal digits that depend on nothing but the arguments."""
    return hashlib.sha256(json.dumps([library_id, kind, key]).encode()).hexdigest()[:16]


def tell(candidate: Candidate, title: str, context: Context) -> Story:
    """Make a story of a candidate.

    Parameters
    ----------
    candidate : Candidate
        What to tell.
    title : str
        From the candidate's kind.
    context : Context
        The library it was found in.

    Returns
    -------
    Story
        With its stable id.
    """
    return Story(
        id=memory_id(context.library_id, candidate.kind, candidate.key),
        library_id=context.library_id,
        library_name=context.library_name,
        locale=context.locale,
        kind=candidate.kind,
        key=candidate.key,
        date=candidate.date,
        title=title,
        reason=candidate.reason,
        strength=candidate.strength,
        cover=candidate.cover,
        items=tuple(StoryItem(item.photo, item.reason) for item in candidate.items),
        why=candidate.why,
    )


def story_json(story: Story, files: Mapping[str, str]) -> dict[str, Any]:
    """The story as other programs read it, as `schemas/story.schema.json` describes it.

    Parameters
    ----------
    story : Story
        The story.
    files : mapping of str to str
        Keys of its rendered files by name.

    Returns
    -------
    dict
        Ready for `json.dumps`; the same arguments give the same dict, anywhere and at any time.
    """
    return {
        "version": SCHEMA_VERSION,
        "id": story.id,
        "kind": story.kind,
        "key": story.key,
        "date": story.date.isoformat(),
        "title": story.title,
        "reason": story.reason,
        "cover": story.cover.key,
        "files": dict(files),
        "items": [
            {
                "item_id": item.photo.item_id,
                "key": item.photo.key,
                "reason": item.reason,
                "taken_local": item.photo.taken_local.isoformat(),
                "width": item.photo.width,
                "height": item.photo.height,
                "preview": item.photo.preview_key,
                "thumb": item.photo.thumb_key,
                "place": item.photo.place,
                "media": "video" if item.photo.is_video else "photo",
                **({"library": item.photo.lender.name} if item.photo.lender else {}),
                **_motion_json(item.photo.clip),
            }
            for item in story.items
        ],
    }


def _motion_json(clip: Clip | None) -> dict[str, Any]:
    """What moves of an item; nothing for a photo alone."""
    if clip is None:
        return {}
    return {"duration_s": clip.duration_s, "hover": clip.hover_key, "proxy": clip.proxy_key}


def story_bytes(story: Story, files: Mapping[str, str]) -> bytes:
    """`story.json`: the same arguments give the same bytes; jsonschema.ValidationError if they break the schema."""
    described = story_json(story, files)
    check(described, "story")
    return json.dumps(described, ensure_ascii=False, sort_keys=True).encode("utf-8", "backslashreplace")
