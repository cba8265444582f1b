"""Reads Canon CRW files: a heap of records whose directory lies at its end, without any EXIF.

References
----------
Canon, "CIFF Specification on Image Data File", 1.0; record numbers as ExifTool's tag tables name them.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.maker_notes import canon_lens, canon_speed
from albumen.media.metadata.text import clean_text

_ORDERS = {b"II": "<", b"MM": ">"}
_STORED_INLINE, _KIND, _DIRECTORIES = 0x4000, 0x3800, frozenset({0x2800, 0x3000})
_MAX_HEAPS, _MAX_RECORDS, _MAX_RECORD_BYTES = 64, 1024, 64 * 1024
_MODEL, _TIME, _IMAGE, _FOCAL, _SHOT, _SETTINGS = 0x080A, 0x180E, 0x1810, 0x1029, 0x102A, 0x102D
_TARGET_APERTURE, _TARGET_EXPOSURE, _APERTURE, _EXPOSURE = 4, 5, 21, 22
_THIRDS = {0x0C: 0x20 / 3, 0x14: 0x40 / 3}
_TRAILER, _TRAILER_FOOT, _TRAILER_FRAME = b"CANON OPTIONAL DATA\0", 64, 92
_XMP_START, _XMP_END = b"<?xpacket begin", b"<?xpacket end"
ORIENTATIONS = {0: 1, 90: 6, 180: 3, 270: 8}
"""EXIF's orientation by how many degrees clockwise the picture must be turned."""


def read_crw(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a Canon CRW file.

    Parameters
    ----------
    data : bytes
        The file; where it is cut off, its directory is gone and nothing is found.
    limit : int
        How far from the file's end an XMP packet may begin, bytes.
    blocks : Blocks
        Filled in place.
    """
    order = _ORDERS.get(data[:2], "<")
    (start,) = struct.unpack_from(order + "I", data, 2)
    records = _read_records(data, start, _end(data), order)
    _take_image(records.get(_IMAGE, b""), order, blocks)
    blocks.damaged = blocks.width is None
    _take_camera(records, order, blocks)
    _take_exposure(records, order, blocks)
    at = data.find(_XMP_START, max(len(data) - limit, 0))
    if at >= 0:
        blocks.xmp = data[at : data.find(_XMP_END, at)]


def _end(data: bytes) -> int:
    """Where the heap ends: before what Canon's own programs append."""
    if data[-_TRAILER_FOOT:].startswith(_TRAILER):
        return max(len(data) - int.from_bytes(data[-44:-40], "big") - _TRAILER_FRAME, 0)
    return len(data)


def _read_records(data: bytes, start: int, end: int, order: str) -> dict[int, bytes]:
    """The records of a heap and of the heaps in it by number, the first of each; bounded, since heaps may overlap."""
    found: dict[int, bytes] = {}
    heaps = [(start, end)]
    for first, last in heaps:
        at = first + struct.unpack_from(order + "I", data, last - 4)[0] if first + 6 <= last <= len(data) else last
        if not first <= at <= last - 2:
            continue
        (count,) = struct.unpack_from(order + "H", data, at)
        for row in range(at + 2, at + 2 + 10 * min(count, _MAX_RECORDS, (last - at - 2) // 10), 10):
            tag, size, offset = struct.unpack_from(order + "HII", data, row)
            begin = first + offset
            if tag & _STORED_INLINE:
                found.setdefault(tag & ~_STORED_INLINE, data[row + 2 : row + 10])
            elif tag & _KIND in _DIRECTORIES:
                if begin + size < last and len(heaps) < _MAX_HEAPS:
                    heaps.append((begin, begin + size))
            elif begin + size <= last and size <= _MAX_RECORD_BYTES:
                found.setdefault(tag, data[begin : begin + size])
    return found


def _take_image(record: bytes, order: str, blocks: Blocks) -> None:
    if len(record) < 16:
        return
    width, height, _, degrees = struct.unpack_from(order + "IIfi", record)
    blocks.set_size(width, height)
    if degrees % 360 in ORIENTATIONS:
        blocks.facts["orientation"] = ORIENTATIONS[degrees % 360]


def _take_camera(records: dict[int, bytes], order: str, blocks: Blocks) -> None:
    make, _, model = records.get(_MODEL, b"").partition(b"\0")
    for name, raw in (("make", make), ("model", model)):
        if text := clean_text(raw):
            blocks.facts[name] = text
    if len(clock := records.get(_TIME, b"")) >= 4 and (seconds := struct.unpack_from(order + "I", clock)[0]):
        # Seconds since 1970 by the camera's own clock.
        blocks.facts["date"] = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
    if lens := canon_lens(_shorts(records, _SETTINGS, order)):
        blocks.facts["lens"] = lens


def _take_exposure(records: dict[int, bytes], order: str, blocks: Blocks) -> None:
    shot, settings, focal = (_shorts(records, tag, order) for tag in (_SHOT, _SETTINGS, _FOCAL))
    units = settings[25] if len(settings) > 25 else 0
    if len(focal) > 1 and focal[1]:
        blocks.facts["focal_mm"] = focal[1] / (units or 1)
    if speed := canon_speed(settings, shot):
        blocks.facts["iso"] = speed
    if len(shot) <= _EXPOSURE:
        return
    if aperture := shot[_APERTURE] or shot[_TARGET_APERTURE]:
        blocks.facts["f_number"] = 2 ** (_steps(aperture) / 2)
    if exposure := shot[_EXPOSURE] or shot[_TARGET_EXPOSURE]:
        blocks.facts["exposure_s"] = 2 ** -_steps(exposure)


def _shorts(records: dict[int, bytes], tag: int, order: str) -> list[int]:
    raw = records.get(tag, b"")
    return list(struct.unpack_from(f"{order}{len(raw) // 2}h", raw))


def _steps(value: int) -> float:
    """An exposure in steps: 32 to the step, with codes for a third and two thirds."""
    size = abs(value)
    steps = (size - (size & 31) + _THIRDS.get(size & 31, size & 31)) / 32
    return -steps if value < 0 else steps
