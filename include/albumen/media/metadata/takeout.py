"""Reads the JSON that Google Takeout puts beside a photo or video."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from albumen.media.metadata.text import readable

_MOST_PEOPLE = 200


@dataclass(frozen=True, slots=True)
class Takeout:
    """What the JSON says of its photo; absent facts are None.

    Attributes
    ----------
    title : str
        The photo's file name, as it was uploaded.
    taken : datetime or None
        Naive UTC.
    lat, lon, alt : float or None
        Degrees and metres. Google writes zeros for unknown, which are None here.
    people : tuple of str
        Names of those whom the owner named in it.
    """

    title: str
    description: str | None
    taken: datetime | None
    lat: float | None
    lon: float | None
    alt: float | None
    is_favourite: bool
    people: tuple[str, ...]


def read_takeout(content: bytes) -> Takeout | None:
    """Read the JSON; None where it is none, or not one of Takeout's."""
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or not {"photoTakenTime", "geoDataExif", "geoData"} & values.keys():
        return None
    # What somebody put right by hand stands in the first.
    places = [_place(values.get(name)) for name in ("geoData", "geoDataExif")]
    lat, lon, alt = next((place for place in places if place), (None, None, None))
    people = values.get("people")
    names = [person.get("name") for person in people if isinstance(person, dict)] if isinstance(people, list) else []
    return Takeout(
        title=_text(values.get("title")) or "",
        description=_text(values.get("description")),
        taken=_moment(values.get("photoTakenTime")),
        lat=lat,
        lon=lon,
        alt=alt,
        is_favourite=values.get("favorited") is True,
        people=tuple(name for raw in names[:_MOST_PEOPLE] if (name := _text(raw))),
    )


def _text(value: Any) -> str | None:
    return readable(value) or None if isinstance(value, str) else None


def _moment(value: Any) -> datetime | None:
    try:
        seconds = int(value["timestamp"])
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) if seconds else None
    except (TypeError, KeyError, ValueError, OverflowError, OSError):
        return None


def _place(value: Any) -> tuple[float, float, float | None] | None:
    try:
        lat, lon = float(value["latitude"]), float(value["longitude"])
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    if not (lat or lon):
        return None
    alt = value.get("altitude")
    return lat, lon, float(alt) if isinstance(alt, int | float) and alt else None
