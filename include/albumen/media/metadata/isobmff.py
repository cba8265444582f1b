"""Walks the boxes of HEIF and AVIF files: size, turning, EXIF and XMP of the primary picture.

References
----------
ISO/IEC 14496-12 (boxes, meta, iloc, iinf), 23008-12 (HEIF: ispe, irot, imir, ipma), 23000-22 (MIAF: clap before
irot before imir).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from albumen.media.metadata.blocks import Blocks

XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The `uuid` box that holds an XMP packet (XMP part 3, 1.1.7)."""

_MAX_BOXES = 4096
_MAX_ITEMS = 20_000
_MAX_EXTENTS = 256
# EXIF orientations: by quarters of a turn to the left; then, mirrored top to bottom or left to right, by what it was.
_ROTATIONS = (1, 8, 3, 6)
_MIRRORED = (
    {1: 4, 8: 5, 3: 2, 6: 7, 4: 1, 5: 8, 2: 3, 7: 6},
    {1: 2, 8: 7, 3: 4, 6: 5, 2: 1, 7: 8, 4: 3, 5: 6},
)


@dataclass(slots=True)
class _Items:
    primary: int | None = None
    kinds: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    extents: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    associations: dict[int, list[int]] = field(default_factory=dict)
    data: bytes = b""


class _Reader:
    """Big-endian numbers one after another; past the end they are 0 and `spent` is set."""

    def __init__(self, body: bytes, at: int = 0) -> None:
        self.body = body
        self.at = at
        self.spent = False

    def number(self, size: int) -> int:
        raw = self.body[self.at : self.at + size]
        self.spent = self.spent or len(raw) < size
        self.at += size
        return int.from_bytes(raw, "big")


def iterate_boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of a range.

    Parameters
    ----------
    data : bytes
        The file.
    start, end : int
        The range; a box that reaches beyond it is cut at its end.

    Yields
    ------
    tuple
        Type, start of the body, end of the body.
    """
    at = start
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            return
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = end - at
        if size < head:
            return
        yield kind, at + head, min(at + size, end)
        at += size


def read_heif(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a HEIF or AVIF file, cut off or not.

    Parameters
    ----------
    data : bytes
        The file.
    limit : int
        Largest metadata box or item that is read, bytes.
    blocks : Blocks
        Filled in place; its size is upright.
    """
    blocks.turned = True
    meta = next((span for kind, *span in iterate_boxes(data, 0, len(data)) if kind == b"meta"), None)
    if meta is None:
        blocks.damaged = True
        return
    start, end = meta
    body = data[start : min(end, start + limit)]
    # Each stands once in a meta box; a thousand of them would cost a thousand times as much.
    items, readers = _Items(), dict(_META_READERS)
    for kind, first, last in iterate_boxes(body, 4, len(body)):
        reader = readers.pop(kind, None)
        if reader:
            reader(body[first:last], items)
    for item, (kind, content_type) in items.kinds.items():
        if kind == b"Exif" and blocks.exif is None:
            blocks.exif = _item_bytes(data, items, item, limit)[4:] or None
        elif kind == b"mime" and content_type == b"application/rdf+xml" and blocks.xmp is None:
            blocks.xmp = _item_bytes(data, items, item, limit) or None
    _take_size(items, blocks)
    if blocks.exif is None and any(kind == b"Exif" for kind, _ in items.kinds.values()):
        blocks.damaged = True
    blocks.damaged = blocks.damaged or blocks.width is None


def _take_size(items: _Items, blocks: Blocks) -> None:
    """The primary item's size after its crop and its turn."""
    width = height = 0
    for index in items.associations.get(items.primary or 0, []):
        if not 0 < index <= len(items.properties):
            continue
        kind, body = items.properties[index - 1]
        if kind == b"ispe" and len(body) >= 12:
            width, height = int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big")
        elif kind == b"clap" and len(body) >= 16:
            parts = [int.from_bytes(body[at : at + 4], "big") for at in range(0, 16, 4)]
            if parts[1] and parts[3] and parts[0] // parts[1] <= width and parts[2] // parts[3] <= height:
                width, height = parts[0] // parts[1], parts[2] // parts[3]
        elif kind == b"irot" and body:
            blocks.turn = _ROTATIONS[body[0] & 3]
            if body[0] & 1:
                width, height = height, width
        elif kind == b"imir" and body:
            blocks.turn = _MIRRORED[body[0] & 1][blocks.turn]
    blocks.set_size(width, height)


def _item_bytes(data: bytes, items: _Items, item: int, limit: int) -> bytes:
    parts, total = [], 0
    for method, offset, length in items.extents.get(item, []):
        source = items.data if method == 1 else data
        part = source[offset : offset + min(length or limit, limit - total)] if method in (0, 1) else b""
        total += len(part)
        parts.append(part)
    return b"".join(parts)


def _read_primary(body: bytes, items: _Items) -> None:
    items.primary = _Reader(body, 4).number(2 if body[:1] == b"\0" else 4)


def _read_item_infos(body: bytes, items: _Items) -> None:
    first = 6 if body[:1] == b"\0" else 8
    for kind, start, end in iterate_boxes(body, first, len(body)):
        version = body[start] if start < end else 0
        if kind != b"infe" or version < 2:
            continue
        reader = _Reader(body, start + 4)
        item = reader.number(2 if version == 2 else 4)
        reader.number(2)
        item_kind = body[reader.at : reader.at + 4]
        strings = body[reader.at + 4 : end].split(b"\0", 2)
        items.kinds[item] = (item_kind, strings[1] if item_kind == b"mime" and len(strings) > 1 else b"")


def _read_locations(body: bytes, items: _Items) -> None:
    version = body[0] if body else 0
    reader = _Reader(body, 4)
    sizes = reader.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    id_size = 4 if version == 2 else 2
    total = 0
    for _ in range(min(reader.number(id_size), _MAX_ITEMS)):
        item = reader.number(id_size)
        method = reader.number(2) & 15 if version in (1, 2) else 0
        reader.number(2)
        base = reader.number(base_size)
        extents = []
        for _ in range(min(reader.number(2), _MAX_EXTENTS)):
            reader.number(index_size)
            offset = reader.number(offset_size)
            extents.append((method, base + offset, reader.number(length_size)))
        total += len(extents)
        if reader.spent or total > _MAX_ITEMS:
            return
        items.extents.setdefault(item, extents)


def _read_properties(body: bytes, items: _Items) -> None:
    for kind, start, end in iterate_boxes(body, 0, len(body)):
        if kind == b"ipco":
            items.properties = [
                (name, body[first : min(last, first + 64)]) for name, first, last in iterate_boxes(body, start, end)
            ]
        elif kind == b"ipma":
            _read_associations(body[start:end], items)


def _read_associations(body: bytes, items: _Items) -> None:
    if len(body) < 8:
        return
    id_size, wide = (2 if body[0] < 1 else 4), body[3] & 1
    reader = _Reader(body, 4)
    for _ in range(min(reader.number(4), _MAX_ITEMS)):
        item = reader.number(id_size)
        count = reader.number(1)
        indexes = [reader.number(2) & 0x7FFF if wide else reader.number(1) & 0x7F for _ in range(count)]
        if reader.spent:
            return
        items.associations.setdefault(item, indexes)


def _read_item_data(body: bytes, items: _Items) -> None:
    items.data = body


_META_READERS = {
    b"pitm": _read_primary,
    b"iinf": _read_item_infos,
    b"iloc": _read_locations,
    b"iprp": _read_properties,
    b"idat": _read_item_data,
}
