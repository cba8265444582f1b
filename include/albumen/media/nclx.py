"""Code points of an AVIF's colours: of its primary picture, not of a gain map or a thumbnail beside it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from albumen.media.metadata.isobmff import iterate_boxes

_COLOUR = b"colrnclx"


def primary_code_points(data: bytes) -> tuple[int, int] | None:
    """Colour primaries and transfer characteristics (ITU-T H.273) of the primary picture, or of a sequence's track.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    tuple of int or None
        None where the file names none.

    References
    ----------
    ISO/IEC 14496-12 (colr, pitm, iprp), 23008-12 (ipco, ipma).
    """
    meta = next((data[start:end] for name, start, end in iterate_boxes(data, 0, len(data)) if name == b"meta"), b"")
    boxes = {name: (start, end) for name, start, end in iterate_boxes(meta, 4, len(meta))}
    try:
        for name, body in _primary_properties(meta, boxes):
            if name == b"colr" and body.startswith(b"nclx") and len(body) >= 8:
                return struct.unpack_from(">HH", body, 4)
    except (KeyError, struct.error):
        pass
    place = data.find(_COLOUR)
    if not 0 <= place <= len(data) - len(_COLOUR) - 4:
        return None
    return struct.unpack_from(">HH", data, place + len(_COLOUR))


def _primary_properties(meta: bytes, boxes: dict[bytes, tuple[int, int]]) -> Iterator[tuple[bytes, bytes]]:
    at = boxes[b"pitm"][0]
    (primary,) = struct.unpack_from(">I" if meta[at] else ">H", meta, at + 4)
    properties: list[tuple[bytes, bytes]] = []
    indexes: list[int] = []
    for name, start, end in iterate_boxes(meta, *boxes[b"iprp"]):
        if name == b"ipco":
            properties = [(kind, meta[first:last]) for kind, first, last in iterate_boxes(meta, start, end)]
        elif name == b"ipma":
            indexes += _indexes_of(primary, meta[start:end])
    for index in indexes:
        if 0 < index <= len(properties):
            yield properties[index - 1]


def _indexes_of(item: int, body: bytes) -> list[int]:
    """One-based places in `ipco` of the properties that `ipma` gives an item."""
    version, flags, entries = struct.unpack_from(">B3sI", body)
    letter, mask = ("H", 0x7FFF) if flags[2] & 1 else ("B", 0x7F)
    number = ">HB" if version < 1 else ">IB"
    at = 8
    for _ in range(entries):
        owner, count = struct.unpack_from(number, body, at)
        at += struct.calcsize(number)
        values = struct.unpack_from(f">{count}{letter}", body, at)
        at += struct.calcsize(f">{count}{letter}")
        if owner == item:
            return [value & mask for value in values]
    return []
