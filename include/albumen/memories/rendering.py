"""A story as one HTML page that needs nothing else: pictures, style and script are inside it.

It works from a file, without a network, and without its script. What it shows of file names, EXIF
texts and the like is escaped, and a content security policy that names the page's own style and
script by their hashes lets nothing else run or load.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from albumen.memories.context import Photo
from albumen.memories.language import language
from albumen.memories.story import Story, StoryItem
from albumen.memories.titles import clock, full_day, weekday_day, years_ago

DEFAULT_TONE = "#2b2723"
# Sum of width to height of the pictures in a row that fills a wide screen well, and the most in one row.
ROW_RATIO = 2.8
ROW_PICTURES = 3
# Clips are in the page as far as they are small: it is sent whole, and opened by phones.
CLIP_BYTES = 600_000
CLIPS_BYTES = 6_000_000
# A frame is never more extreme than this, whatever the picture.
RATIOS = (0.5, 3.0)


@dataclass(frozen=True, slots=True)
class Row:
    """Pictures side by side, of one height."""

    shape: str
    pictures: Sequence[Mapping[str, Any]]


def clips_to_embed(story: Story) -> list[Photo]:
    """Of which items the page plays a clip, in order: all of a story where they are small enough together."""
    chosen, left = [], CLIPS_BYTES
    for item in story.items:
        clip = item.photo.clip
        if clip and clip.hover_key and 0 < clip.hover_bytes <= min(CLIP_BYTES, left):
            chosen.append(item.photo)
            left -= clip.hover_bytes
    return chosen


def render_story(story: Story, pictures: Mapping[int, bytes], clips: Mapping[int, bytes] | None = None) -> str:
    """Write the page of a story.

    Parameters
    ----------
    story : Story
        At least one item.
    pictures : mapping of int to bytes
        JPEG, WebP, PNG or AVIF files by item id. Where one is missing or is none of these, its frame
        says so.
    clips : mapping of int to bytes
        MP4 files by item id, of those of `clips_to_embed`. A video without one is shown by its poster and marked.

    Returns
    -------
    str
        An HTML document without any reference to outside; the same arguments give the same page.

    Raises
    ------
    ValueError
        If not a single picture can be shown.
    """
    uris = {item.photo.item_id: _data_uri(pictures.get(item.photo.item_id, b"")) for item in story.items}
    if not any(uris.values()):
        raise ValueError(f"memory {story.id} has no picture to show")
    moving = {item_id: _clip_uri(data) for item_id, data in (clips or {}).items()}
    shown = [_picture(number, item, uris, moving, story) for number, item in enumerate(story.items, 1)]
    chapters = [_chapter(year, list(of_year), story) for year, of_year in groupby(shown, lambda each: each["year"])]
    cover = next((each for each in shown if each["uri"] and each["photo"].item_id == story.cover.item_id), None)
    cover = cover or next(each for each in shown if each["uri"])
    lead, _, head = story.title.rpartition(", ")
    environment = _environment()
    style, script = _source("story.css"), _source("story.js")
    picture_style = _picture_style(shown, cover)
    return environment.get_template("story.html").render(
        say=language(story.locale).say,
        code=language(story.locale).code,
        title=story.title,
        lead=lead,
        head=head,
        reason=story.reason,
        library_name=_plain(story.library_name),
        cover=cover,
        tone=_tone(cover["photo"]),
        chapters=chapters,
        # Ours, or made of numbers and base64 alone: nothing in them to escape.
        style=Markup(style),  # noqa: S704
        picture_style=Markup(picture_style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        style_sources=Markup(f"{_policy_hash(style)} {_policy_hash(picture_style)}"),  # noqa: S704
        script_source=Markup(_policy_hash(script)),  # noqa: S704
    )


def rows(ratios: Sequence[float]) -> list[int]:
    """How many pictures each row takes, in order.

    Parameters
    ----------
    ratios : sequence of float
        Width to height of the pictures.

    Returns
    -------
    list of int
        1 to 3 each, adding up to the number of pictures: the split whose rows are nearest to `ROW_RATIO`,
        where a landscape picture may also stand alone.
    """
    best: list[tuple[float, list[int]]] = [(0.0, [])]
    for end in range(1, len(ratios) + 1):
        options = []
        for size in range(1, min(ROW_PICTURES, end) + 1):
            cost, before = best[end - size]
            # Rows of one size below one another look like a contact sheet.
            repeated = 0.6 if before and before[-1] == size else 0.0
            options.append((cost + _row_cost(ratios[end - size : end]) + repeated, [*before, size]))
        best.append(min(options))
    return best[-1][1]


def _row_cost(ratios: Sequence[float]) -> float:
    if len(ratios) == 1:
        return 0.3 if ratios[0] >= 1.2 else 1.5
    return (sum(ratios) - ROW_RATIO) ** 2 + (0.4 if len(ratios) == ROW_PICTURES else 0.0)


def _row_shape(ratios: Sequence[float]) -> str:
    if max(ratios) < 1:
        return "upright-alone" if len(ratios) == 1 else "uprights"
    return "alone" if len(ratios) == 1 else "mixed"


def _ratio(photo: Photo) -> float:
    if photo.width <= 0 or photo.height <= 0:
        return 1.5
    return min(max(photo.width / photo.height, RATIOS[0]), RATIOS[1])


def _picture(
    number: int, item: StoryItem, uris: Mapping[int, str | None], moving: Mapping[int, str | None], story: Story
) -> dict[str, Any]:
    """What the page shows of one item; its caption is completed by its chapter."""
    photo, taken = item.photo, item.photo.taken_local
    # A time of exactly midnight is nearly always a date without a time.
    time = "" if (taken.hour, taken.minute, taken.second) == (0, 0, 0) else clock(taken, story.locale)
    place = _plain(photo.place or "")
    day = full_day(taken.date(), story.locale)
    moment = language(story.locale).say("%(day)s at %(time)s", day=day, time=time) if time else day
    noun = language(story.locale).say("Video" if photo.is_video else "Photo")
    reason = item.reason[:1].upper() + item.reason[1:] + "."
    return {
        "number": number,
        "photo": photo,
        "year": taken.year,
        "iso": taken.isoformat(timespec="minutes") if time else taken.date().isoformat(),
        "time": time,
        "place": place,
        "uri": uris[photo.item_id],
        "width": max(photo.width, 1),
        "height": max(photo.height, 1),
        "clip": moving.get(photo.item_id),
        "length": _length(photo.clip.duration_s) if photo.is_video and photo.clip else "",
        "is_video": photo.is_video,
        "alt": f"{noun}, {moment}{', ' + place if place else ''}. {reason}",
        "reason": reason,
        "name": _plain(PurePosixPath(photo.key).name or photo.key),
        "camera": _plain(photo.camera or ""),
    }


def _chapter(year: int, pictures: list[dict[str, Any]], story: Story) -> dict[str, Any]:
    """The pictures of one year in rows; what they all share is said once, in the heading."""
    days = sorted({each["photo"].taken_local.date() for each in pictures})
    places = {each["place"] for each in pictures}
    shared_place = next(iter(places)) if len(places) == 1 else ""
    captioned = []
    for each in pictures:
        day = "" if len(days) == 1 else weekday_day(each["photo"].taken_local.date(), story.locale)
        when = ", ".join(part for part in (day, each["time"]) if part)
        captioned.append({**each, "when": when, "place": "" if shared_place else each["place"]})
    ratios = [_ratio(each["photo"]) for each in captioned]
    split = []
    start = 0
    for size in rows(ratios):
        split.append(Row(_row_shape(ratios[start : start + size]), captioned[start : start + size]))
        start += size
    return {
        "year": year,
        "ago": years_ago(story.date.year - year, story.locale),
        "day": weekday_day(days[0], story.locale) if len(days) == 1 else "",
        "iso": days[0].isoformat(),
        "place": shared_place,
        "rows": split,
    }


def _picture_style(shown: Sequence[Mapping[str, Any]], cover: Mapping[str, Any]) -> str:
    """Each picture's shape and colour, and where to look on the cover."""
    rules = [f"#picture-{each['number']}{{--ratio:{_ratio(each['photo']):.4f};{_ground(each)}}}" for each in shown]
    x, y = _focus(cover["photo"])
    return "".join([*rules, f".cover{{--focus:{x:.1f}% {y:.1f}%;{_ground(cover)}}}"])


def _ground(picture: Mapping[str, Any]) -> str:
    return f"--tone:{_tone(picture['photo'])}"


def _tone(photo: Photo) -> str:
    return photo.dominant if photo.dominant and re.fullmatch(r"#[0-9a-fA-F]{6}", photo.dominant) else DEFAULT_TONE


def _focus(photo: Photo) -> tuple[float, float]:
    """Where the faces are, else a little above the middle; per cent of width and height."""
    faces = [face for face in photo.faces if all(map(math.isfinite, (face.x, face.y, face.width, face.height)))]
    if not faces:
        return 50.0, 45.0
    left = min(face.x for face in faces)
    right = max(face.x + face.width for face in faces)
    top = min(face.y for face in faces)
    bottom = max(face.y + face.height for face in faces)
    return min(max(50 * (left + right), 0.0), 100.0), min(max(50 * (top + bottom), 0.0), 100.0)


def _data_uri(data: bytes) -> str | None:
    """The picture as a data URI, or None if its first bytes are not those of a picture we embed."""
    if data.startswith(b"\xff\xd8\xff"):
        mime = "image/jpeg"
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        mime = "image/png"
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        mime = "image/webp"
    elif data[4:12] == b"ftypavif":
        mime = "image/avif"
    else:
        return None
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _clip_uri(data: bytes) -> str | None:
    """The clip as a data URI, or None if it does not begin as an MP4 does."""
    return f"data:video/mp4;base64,{base64.b64encode(data).decode()}" if data[4:8] == b"ftyp" else None


def _length(seconds: float | None) -> str:
    """Minutes and seconds, as players show them; empty where they are not known."""
    return "" if seconds is None else f"{round(seconds) // 60}:{round(seconds) % 60:02}"


def _plain(text: str) -> str:
    """Untrusted text fit for one line: no control characters, nothing that UTF-8 cannot carry."""
    kept = (" " if unicodedata.category(each) in {"Cc", "Cs"} else each for each in text)
    return " ".join("".join(kept).split())


def _policy_hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("albumen.memories", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def _source(name: str) -> str:
    environment = _environment()
    if environment.loader is None:
        raise RuntimeError("the templates of memories are not there")
    return environment.loader.get_source(environment, name)[0]
