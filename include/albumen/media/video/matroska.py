"""Reads the headers of Matroska and WebM files.

References
----------
RFC 8794 (EBML), RFC 9559 (Matroska).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO

from albumen.media.video.container import Container

_SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO, _TAGS, _CLUSTER = (
    0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0x1254C367, 0x1F43B675,
)  # fmt: skip
_SCALE, _DURATION, _DATE, _TITLE = 0x2AD7B1, 0x4489, 0x4461, 0x7BA9
_WIDTH, _HEIGHT = 0xB0, 0xBA
_TAG, _SIMPLE, _TAG_NAME, _TAG_STRING = 0x7373, 0x67C8, 0x45A3, 0x4487
_TAG_NAMES = {
    "DATE_RECORDED": "content_date",
    "DESCRIPTION": "description",
    "COM.APPLE.QUICKTIME.CREATIONDATE": "creation_date",
}
_EPOCH = datetime(2001, 1, 1)
_MOST_ELEMENTS = 4096
_LARGEST_LEAF = 64 * 1024


def read_matroska(file: BinaryIO, found: Container) -> None:
    """Fill `found` from the file, cut off or not; what stands behind the first cluster is not looked for."""
    found.format = "matroska"
    size = file.seek(0, os.SEEK_END)
    for element, start, end in _elements(file, 0, size):
        if element == _SEGMENT:
            found.missing_bytes = max(0, end - size)
            for part, first, last in _elements(file, start, min(end, size)):
                if part == _CLUSTER:
                    return
                if part == _INFO:
                    _read_info(file, first, last, found)
                elif part == _TRACKS:
                    _read_tracks(file, first, last, found)
                elif part == _TAGS:
                    _read_tags(file, first, last, found)


def _read_info(file: BinaryIO, start: int, end: int, found: Container) -> None:
    parts = {element: _leaf(file, first, last) for element, first, last in _elements(file, start, end)}
    scale = int.from_bytes(parts.get(_SCALE, b""), "big") or 1_000_000
    length = parts.get(_DURATION, b"")
    if len(length) in (4, 8):
        found.duration_s = struct.unpack(">f" if len(length) == 4 else ">d", length)[0] * scale / 1e9 or None
    if len(parts.get(_DATE, b"")) == 8:
        found.created = _EPOCH + timedelta(microseconds=struct.unpack(">q", parts[_DATE])[0] // 1000)
    found.set_tag("title", parts.get(_TITLE, b"").decode("utf-8", "replace"))


def _read_tracks(file: BinaryIO, start: int, end: int, found: Container) -> None:
    for track, first, last in _elements(file, start, end):
        if track != _TRACK:
            continue
        for video, a, b in _elements(file, first, last):
            if video == _VIDEO:
                sizes = {name: int.from_bytes(_leaf(file, c, d), "big") for name, c, d in _elements(file, a, b)}
                found.set_size(sizes.get(_WIDTH, 0), sizes.get(_HEIGHT, 0))


def _read_tags(file: BinaryIO, start: int, end: int, found: Container) -> None:
    for tag, first, last in _elements(file, start, end):
        for simple, a, b in _elements(file, first, last) if tag == _TAG else ():
            if simple == _SIMPLE:
                texts = {name: _leaf(file, c, d).decode("utf-8", "replace") for name, c, d in _elements(file, a, b)}
                name = _TAG_NAMES.get(texts.get(_TAG_NAME, "").upper())
                if name:
                    found.set_tag(name, texts.get(_TAG_STRING, ""))


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Id, start and end of the elements of a range; one of unknown size goes to the range's end."""
    at = start
    for _ in range(_MOST_ELEMENTS):
        if at + 2 > end:
            return
        file.seek(at)
        head = file.read(12)
        id_length = 9 - head[0].bit_length()
        if id_length > 4 or len(head) <= id_length:
            return
        size_length = 9 - head[id_length].bit_length()
        if size_length > 8 or len(head) < id_length + size_length:
            return
        raw = int.from_bytes(head[id_length : id_length + size_length], "big")
        mask = (1 << 7 * size_length) - 1
        body = at + id_length + size_length
        size = end - body if raw & mask == mask else raw & mask
        yield int.from_bytes(head[:id_length], "big"), body, body + size
        at = body + size


def _leaf(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(end - start, _LARGEST_LEAF))
