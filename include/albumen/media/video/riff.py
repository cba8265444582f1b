"""Reads the headers of AVI files.

References
----------
Microsoft, AVI RIFF File Reference (avih, INFO); OpenDML 1.02 (dmlh).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from albumen.media.metadata.dates import ImpossibleDate, parse_moment
from albumen.media.video.container import Container

_MOST_CHUNKS = 4096
_LARGEST_LEAF = 64 * 1024
_INFO = {
    b"IDIT": "date",
    b"ICRD": "date",
    b"INAM": "title",
    b"ICMT": "description",
    b"IKEY": "keywords",
    b"ISFT": "software",
    b"IMAK": "make",
    b"IMOD": "model",
}


def read_avi(file: BinaryIO, found: Container) -> None:
    """Fill `found` from the file, cut off or not."""
    found.format = "riff"
    size = file.seek(0, os.SEEK_END)
    file.seek(4)
    declared = int.from_bytes(file.read(4), "little") + 8
    found.missing_bytes = max(0, declared - size)
    frames = _read_list(file, 12, size, found, 0)
    rate = found.tags.pop("frame_us", "")
    if frames and rate:
        found.duration_s = frames * int(rate) / 1e6
    date = found.tags.get("date", "")
    try:
        moment = parse_moment(date)
    except ImpossibleDate:
        moment = None
    if moment:
        found.created, found.is_local = moment.local, moment.offset_minutes is None


def _read_list(file: BinaryIO, start: int, end: int, found: Container, depth: int) -> int:
    """Walk the chunks of a list; the number of frames that the file says it has."""
    frames = 0
    for kind, first, last in _chunks(file, start, end):
        file.seek(first)
        body = file.read(min(last - first, 64))
        if kind == b"LIST" and depth < 4 and body[:4] in (b"hdrl", b"odml", b"INFO", b"ncdt"):
            frames = _read_list(file, first + 4, last, found, depth + 1) or frames
        elif kind == b"avih" and len(body) >= 40:
            microseconds, count = struct.unpack_from("<I", body)[0], struct.unpack_from("<I", body, 16)[0]
            found.set_size(*struct.unpack_from("<II", body, 32))
            found.tags["frame_us"] = str(microseconds)
            frames = frames or count
        elif kind == b"dmlh" and len(body) >= 4:
            frames = int.from_bytes(body[:4], "little") or frames
        elif kind in _INFO:
            file.seek(first)
            text = file.read(min(last - first, _LARGEST_LEAF)).split(b"\0", 1)[0]
            found.set_tag(_INFO[kind], text.decode("utf-8", "replace"))
    return frames


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    at = start
    for _ in range(_MOST_CHUNKS):
        if at + 8 > end:
            return
        file.seek(at)
        kind, size = struct.unpack("<4sI", file.read(8))
        yield kind, at + 8, min(at + 8 + size, end)
        at += 8 + size + size % 2
