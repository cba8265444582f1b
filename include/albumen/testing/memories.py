"""Photos and contexts as memories see them, without a catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from albumen.memories.context import Context, Photo


def a_memorable(item_id: int, taken: datetime, **changes: Any) -> Photo:
    """A sharp 12-megapixel photo with a camera, of which a test changes what it is about."""
    facts: dict[str, Any] = {
        "item_id": item_id,
        "key": f"{taken.year}/img_{item_id}.jpg",
        "taken_local": taken,
        "taken_confidence": "high",
        "width": 4000,
        "height": 3000,
        "gps": None,
        "quality": 0.8,
        "quality_reasons": (),
        "phash": None,
        "faces": (),
        "camera": "Test Camera",
        "preview_key": f"p/{item_id}",
        "thumb_key": f"t/{item_id}",
        "thumbhash": None,
        "dominant": None,
    }
    return Photo(**{**facts, **changes})


def a_context(photos: Sequence[Photo], **changes: Any) -> Context:
    """The context of a library in Zagreb with these photos, its days counted."""
    days = dict(Counter(photo.taken_local.date() for photo in photos))
    facts: dict[str, Any] = {
        "library_id": 1,
        "library_name": "Home",
        "home_zone": "Europe/Zagreb",
        "locale": "en_GB",
        "photos": tuple(photos),
        "days": days,
    }
    return Context(**{**facts, **changes})
