"""Finds the clip in a motion photo, byte for byte: Google's and Samsung's ways of putting a film into a picture.

References
----------
Android, Motion Photo format 1.0 (Container directory, mpvd); Google MicroVideo 1 (GCamera:MicroVideoOffset);
Samsung's trailer as its phones write it (SEFH directory, entry 0x0A30).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from albumen.media.metadata.isobmff import iterate_boxes

_HEIF = frozenset({"image/heic", "image/heif", "image/avif"})
_ITEM = re.compile(rb"<(?:Container:Item|rdf:li)\b[^>]*>", re.DOTALL)
_SEMANTIC = re.compile(rb"Item:Semantic\s*=\s*[\"']MotionPhoto[\"']")
_LENGTH, _PADDING = (re.compile(rb"Item:" + name + rb"\s*=\s*[\"'](\d{1,12})[\"']") for name in (b"Length", b"Padding"))
_MICRO_VIDEO = re.compile(rb"GCamera:MicroVideoOffset\s*(?:=\s*[\"']|>)\s*(\d{1,12})")
_SAMSUNG_MARK = b"MotionPhoto_Data"
_SAMSUNG_ENTRY = 0x0A30
_MOST_ENTRIES = 256
_LEAST_BYTES = 64
_HEAD_BYTES = 256 * 1024
"""A JPEG's XMP packet stands in its first segments."""


class Clip(NamedTuple):
    """Where the clip lies in the file."""

    start: int
    end: int


def find_clip(data: bytes, mime: str) -> Clip | None:
    """The clip of a motion photo.

    Parameters
    ----------
    data : bytes
        The whole file.
    mime : str
        What `media.sniff` says it is.

    Returns
    -------
    Clip or None
        None where there is none, or where what is said to be one is no MP4 at that place.
    """
    return next((clip for said in _said(data, mime) if (clip := _film(data, said))), None)


def _said(data: bytes, mime: str) -> Iterator[Clip]:
    if mime in _HEIF:
        yield from (Clip(start, end) for kind, start, end in iterate_boxes(data, 0, len(data)) if kind == b"mpvd")
    yield from _samsung(data)
    head = data[:_HEAD_BYTES]
    if b"MotionPhoto" not in head and b"MicroVideo" not in head:
        return
    for item in _ITEM.findall(head):
        length, padding = _LENGTH.search(item), _PADDING.search(item)
        if _SEMANTIC.search(item) and length:
            end = len(data) - (int(padding[1]) if padding else 0)
            yield Clip(len(data) - int(length[1]), len(data))
            yield Clip(end - int(length[1]), end)
    if micro := _MICRO_VIDEO.search(head):
        yield Clip(len(data) - int(micro[1]), len(data))


def _samsung(data: bytes) -> Iterator[Clip]:
    """By the directory at the end of the file; its places are counted back from itself."""
    if data[-4:] != b"SEFT":
        return
    head = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    if head < 0 or data[head : head + 4] != b"SEFH":
        return
    for number in range(min(int.from_bytes(data[head + 8 : head + 12], "little"), _MOST_ENTRIES)):
        entry = data[head + 12 + 12 * number : head + 24 + 12 * number]
        back, size = int.from_bytes(entry[4:8], "little"), int.from_bytes(entry[8:12], "little")
        start = head - back
        if int.from_bytes(entry[2:4], "little") == _SAMSUNG_ENTRY and 0 <= start < head:
            name_length = int.from_bytes(data[start + 4 : start + 8], "little")
            if data[start + 8 : start + 8 + name_length] == _SAMSUNG_MARK:
                yield Clip(start + 8 + name_length, start + size)


def _film(data: bytes, said: Clip) -> Clip | None:
    """The clip without what Samsung puts behind it into the same box; None where it is no MP4."""
    if not 0 < said.start < said.end <= len(data) or said.end - said.start < _LEAST_BYTES:
        return None
    boxes = list(iterate_boxes(data, said.start, said.end))
    kinds = [kind for kind, _, _ in boxes]
    if kinds[:1] != [b"ftyp"] or b"moov" not in kinds:
        return None
    trailer = next((start - 8 for kind, start, _ in boxes if kind == b"sefd"), said.end)
    return Clip(said.start, trailer)
