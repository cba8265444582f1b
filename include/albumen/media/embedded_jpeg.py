"""Finds whole JPEG pictures inside another file, wherever its maker has put them.

Makers keep previews in strips, in notes, in boxes and in directories of their own; what they have in
common is that each is a complete JPEG stream.

References
----------
ITU-T T.81, annex B (markers and their segments).
"""

from __future__ import annotations

import re
from typing import NamedTuple

_START = b"\xff\xd8\xff"
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_END, _SCAN = 0xD9, 0xDA
# Baseline, extended and progressive; lossless frames are how sensors' data are packed.
_PICTURES = frozenset({0xC0, 0xC1, 0xC2})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# In packed data FF is followed by 00 or a restart marker; anything else ends them.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_MOST_STARTS = 4096
_MOST_SEGMENTS = 4096


class EmbeddedJpeg(NamedTuple):
    """A JPEG stream: where it lies, and its size in pixels."""

    start: int
    end: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def find_jpegs(data: bytes) -> list[EmbeddedJpeg]:
    """Every JPEG of eight bits that lies in `data` whole; a thumbnail inside another JPEG is not one of them.

    Parameters
    ----------
    data : bytes
        Any file. At most 4,096 places that look like a start are tried.

    Returns
    -------
    list of EmbeddedJpeg
        In the order they lie.
    """
    found = []
    at = -1
    for _ in range(_MOST_STARTS):
        at = data.find(_START, at + 1)
        if at < 0:
            break
        end, picture = _walk(data, at)
        if picture is not None:
            found.append(picture)
        at = max(at, end - 1)
    return found


def _walk(data: bytes, start: int) -> tuple[int, EmbeddedJpeg | None]:
    """Follow the segments from a start: the end of the stream (0 where it has none) and its picture."""
    size: tuple[int, int] | None = None
    at = start + 2
    for _ in range(_MOST_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return 0, None
        marker = data[at + 1]
        if marker == _END:
            return at + 2, EmbeddedJpeg(start, at + 2, *size) if size else None
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        body = at + 4
        at += 2 + int.from_bytes(data[at + 2 : body], "big")
        if marker in _PICTURES and data[body] == 8:
            height, width = (int.from_bytes(data[at : at + 2], "big") for at in (body + 1, body + 3))
            size = (width, height) if width and height else None
        elif marker in _FRAMES:
            size = None
        elif marker == _SCAN:
            following = _AFTER_SCAN.search(data, at)
            if following is None:
                return 0, None
            at = following.start()
    return 0, None
