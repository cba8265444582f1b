"""Where a GoPro was: the first position with a fix in the metadata track that it writes beside the pictures.

References
----------
GoPro, GPMF introduction (key-length-value, GPS5, GPS9, SCAL, GPSF); ISO/IEC 14496-12 8.6 and 8.7 (sample tables).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from albumen.media.video.boxes import boxes, read

Position = tuple[float, float, float]
"""Latitude and longitude in degrees, altitude in metres."""
_MOST_SAMPLES = 120
"""One a second: who has no fix after two minutes is indoors."""
_MOST_ENTRIES = 4096
_MOST_DEPTH = 4
_NESTED = 0
_FIX_2D = 2
_GPS5 = struct.Struct(">5i")
_GPS9 = struct.Struct(">7i2H")


def position_in_track(file: BinaryIO, start: int, end: int) -> Position | None:
    """The first position with a fix in a track of a film; None where there is none, or it is another kind of track.

    Parameters
    ----------
    file : binary file
        The film, cut off or not.
    start, end : int
        Where the content of the `trak` box is.
    """
    tables = _sample_tables(file, start, end)
    if tables.get(b"stsd", b"")[12:16] != b"gpmd":
        return None
    for offset, size in _samples(tables):
        found = position(read(file, offset, offset + size))
        if found is not None:
            return found
    return None


def position(sample: bytes) -> Position | None:
    """The first position with a fix in one sample of GPMF; None where it has none, or makes no sense.

    Parameters
    ----------
    sample : bytes
        Key-length-value triples, nested.
    """
    return _position(sample, 0)


def _position(data: bytes, depth: int) -> Position | None:
    scales: list[int] = []
    fix = _FIX_2D
    for key, kind, size, body in _entries(data):
        if kind == _NESTED and depth < _MOST_DEPTH:
            found = _position(body, depth + 1)
            if found is not None:
                return found
        elif key == b"GPSF" and len(body) >= 4:
            fix = int.from_bytes(body[:4], "big")
        elif key == b"SCAL" and size in (2, 4):
            scales = [int.from_bytes(body[at : at + size], "big", signed=True) for at in range(0, len(body), size)]
        elif key == b"GPS5" and fix >= _FIX_2D:
            found = _scaled(body, _GPS5, scales)
            if found is not None:
                return found
        elif key == b"GPS9" and len(body) >= _GPS9.size and _GPS9.unpack_from(body)[8] >= _FIX_2D:
            found = _scaled(body, _GPS9, scales)
            if found is not None:
                return found
    return None


def _scaled(body: bytes, layout: struct.Struct, scales: list[int]) -> Position | None:
    if len(body) < layout.size or len(scales) < 3 or 0 in scales[:3]:
        return None
    latitude, longitude, altitude = (
        value / scale for value, scale in zip(layout.unpack_from(body)[:3], scales[:3], strict=True)
    )
    return latitude, longitude, altitude


def _entries(data: bytes) -> Iterator[tuple[bytes, int, int, bytes]]:
    """Key, type, size of one value, and content of each entry; each is padded to four bytes."""
    at = 0
    for _ in range(_MOST_ENTRIES):
        if at + 8 > len(data):
            return
        key, kind, size, count = struct.unpack_from(">4sBBH", data, at)
        yield key, kind, size, data[at + 8 : at + 8 + size * count]
        at += 8 + (size * count + 3) // 4 * 4


def _sample_tables(file: BinaryIO, start: int, end: int) -> dict[bytes, bytes]:
    """What tells where the samples of a track are, by box."""
    for name in (b"mdia", b"minf", b"stbl"):
        start, end = next(((first, last) for kind, first, last in boxes(file, start, end) if kind == name), (0, 0))
    return {kind: read(file, first, last) for kind, first, last in boxes(file, start, end)} if end else {}


def _samples(tables: dict[bytes, bytes]) -> Iterator[tuple[int, int]]:
    """Offset and size of the first samples, in order."""
    wide = b"co64" in tables
    chunks = _numbers(tables.get(b"co64" if wide else b"stco", b""), 8, 8 if wide else 4, _MOST_SAMPLES)
    table = tables.get(b"stsz", b"").ljust(12, b"\0")
    fixed, count = struct.unpack_from(">II", table, 4)
    sizes = [fixed] * min(count, _MOST_SAMPLES) if fixed else _numbers(table, 12, 4, _MOST_SAMPLES)
    runs = _numbers(tables.get(b"stsc", b""), 8, 4, 3 * _MOST_SAMPLES)
    per_chunk = dict(zip(runs[::3], runs[1::3], strict=False))
    number, here = 0, 1
    for chunk, offset in enumerate(chunks, 1):
        here = per_chunk.get(chunk, here)
        at = offset
        for size in sizes[number : number + here]:
            yield at, size
            at += size
        number += here


def _numbers(table: bytes, start: int, size: int, most: int) -> list[int]:
    """The big-endian numbers of a table behind its header."""
    last = min(len(table) - size + 1, start + most * size)
    return [int.from_bytes(table[at : at + size], "big") for at in range(start, last, size)]
