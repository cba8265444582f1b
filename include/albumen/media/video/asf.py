"""Reads the headers of Windows Media (ASF) files.

References
----------
Microsoft, Advanced Systems Format Specification 1.2 (3.2 file properties, 3.3 stream properties, 3.10 content).
"""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from albumen.media.video.container import Container

_FILE = UUID("8CABDCA1-A947-11CF-8EE4-00C00C205365").bytes_le
_STREAM = UUID("B7DC0791-A9B7-11CF-8EE6-00C00C205365").bytes_le
_VIDEO = UUID("BC19EFC0-5B4D-11CF-A8FD-00805F5C442B").bytes_le
_CONTENT = UUID("75B22633-668E-11CF-A6D9-00AA0062CE6C").bytes_le
_EPOCH = datetime(1601, 1, 1)
_LARGEST_HEADER = 1024**2


def read_asf(file: BinaryIO, found: Container) -> None:
    """Fill `found` from the file, cut off or not."""
    found.format = "asf"
    file.seek(16)
    size = int.from_bytes(file.read(8), "little")
    file.seek(30)
    header, at = file.read(min(max(0, size - 30), _LARGEST_HEADER)), 0
    while at + 24 <= len(header):
        kind, length = header[at : at + 16], int.from_bytes(header[at + 16 : at + 24], "little")
        if length < 24:
            return
        _read_object(kind, header[at + 24 : at + length], found)
        at += length


def _read_object(kind: bytes, body: bytes, found: Container) -> None:
    if kind == _FILE and len(body) >= 64:
        created, _, play, _, preroll = struct.unpack_from("<5Q", body, 24)
        found.created = _EPOCH + timedelta(microseconds=created // 10) if created else None
        seconds = play / 1e7 - preroll / 1e3
        found.duration_s = seconds if seconds > 0 else None
    elif kind == _STREAM and body[:16] == _VIDEO and len(body) >= 62:
        found.set_size(*struct.unpack_from("<II", body, 54))
    elif kind == _CONTENT and len(body) >= 10:
        lengths = struct.unpack_from("<5H", body)
        title, *_ = _texts(body[10:], lengths)
        found.set_tag("title", title)


def _texts(body: bytes, lengths: tuple[int, ...]) -> list[str]:
    texts, at = [], 0
    for length in lengths:
        texts.append(body[at : at + length].decode("utf-16-le", "replace"))
        at += length
    return texts
