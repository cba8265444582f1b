"""Walks the boxes of QuickTime and MP4 files without reading more of them than is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from albumen.media.video.container import Container

Span = tuple[bytes, int, int]
"""A box's name, and where its content begins and ends."""
LARGEST_READ = 1024**2
_MOST_BOXES = 4096


def boxes(file: BinaryIO, start: int, end: int, found: Container | None = None) -> Iterator[Span]:
    """The boxes of a range; told `found`, also by how much the last one is cut."""
    at = start
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        head = read(file, at, at + 16)
        size, kind, skip = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, skip = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - at
        if size < skip:
            return
        if found is not None and at + size > end:
            found.missing_bytes = at + size - end
        yield kind, at + skip, min(at + size, end)
        at += size


def read(file: BinaryIO, start: int, end: int) -> bytes:
    """The bytes of a range, at most `LARGEST_READ`."""
    file.seek(start)
    return file.read(min(max(0, end - start), LARGEST_READ))
