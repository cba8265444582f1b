"""Films as a GoPro writes them: headers, and a track of positions (GPMF)."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def a_gopro_film(samples: Sequence[bytes], *, a_chunk: int = 1) -> bytes:
    """An MP4 of 1 May 2020, 10:00 by its clock, whose one track holds these samples; it has no pictures.

    Parameters
    ----------
    samples : sequence of bytes
        As of `gps5` and `gps9`.
    a_chunk : int
        Samples of a chunk; the last one may have fewer.
    """
    mdat = _box(b"mdat", *samples)
    head = _box(b"ftyp", b"mp41", bytes(4))
    starts = [len(head) + 8 + sum(map(len, samples[:first])) for first in range(0, len(samples), a_chunk)]
    rest = len(samples) % a_chunk
    runs = [(1, a_chunk, 1), *([(len(starts), rest, 1)] if rest else [])]
    stbl = _box(
        b"stbl",
        _box(b"stsd", bytes(4), struct.pack(">I", 1), _box(b"gpmd", bytes(8))),
        _box(b"stsc", bytes(4), struct.pack(">I", len(runs)), *(struct.pack(">3I", *run) for run in runs)),
        _box(b"stsz", bytes(8), struct.pack(f">I{len(samples)}I", len(samples), *map(len, samples))),
        _box(b"stco", bytes(4), struct.pack(f">I{len(starts)}I", len(starts), *starts)),
    )
    track = _box(b"trak", _box(b"mdia", _box(b"minf", stbl)))
    made = 3_671_172_000
    movie = _box(b"mvhd", struct.pack(">IIIII", 0, made, made, 1000, 2500), bytes(80))
    return head + mdat + _box(b"moov", movie, track, _box(b"udta", _box(b"FIRM", b"HD8.01.01.60.00")))


def gps5(latitude: float, longitude: float, altitude: float, *, fix: int) -> bytes:
    """One second of a Hero 5 to 10: degrees, degrees, metres; `fix` 0 (none), 2 or 3 (dimensions)."""
    scales = (10**7, 10**7, 1000, 1000, 100)
    values = [round(value * scale) for value, scale in zip((latitude, longitude, altitude, 0, 0), scales, strict=True)]
    stream = [
        _entry(b"GPSF", b"L", 4, struct.pack(">I", fix)),
        _entry(b"GPSU", b"c", 1, b"200501080000.000"),
        _entry(b"SCAL", b"l", 4, struct.pack(">5i", *scales)),
        _entry(b"GPS5", b"l", 20, struct.pack(">5i", *values)),
    ]
    return _entry(b"DEVC", b"\0", 1, _entry(b"STRM", b"\0", 1, b"".join(stream)))


def gps9(latitude: float, longitude: float, altitude: float, *, fix: int) -> bytes:
    """One second of a Hero 11 and later; arguments as of `gps5`."""
    scales = (10**7, 10**7, 1000, 1000, 100, 1, 1000, 100, 1)
    values = [round(value * scale) for value, scale in zip((latitude, longitude, altitude), scales, strict=False)]
    stream = [
        _entry(b"TYPE", b"c", 1, b"lllllllSS"),
        _entry(b"SCAL", b"l", 4, struct.pack(">9i", *scales)),
        _entry(b"GPS9", b"?", 32, struct.pack(">7i2H", *values, 0, 0, 7426, 0, 150, fix)),
    ]
    return _entry(b"DEVC", b"\0", 1, _entry(b"STRM", b"\0", 1, b"".join(stream)))


def _entry(key: bytes, kind: bytes, size: int, body: bytes) -> bytes:
    padded = body + bytes(-len(body) % 4)
    return key + kind + struct.pack(">BH", size, len(body) // size) + padded


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body
