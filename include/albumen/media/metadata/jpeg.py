"""Walks the segments of a JPEG file up to its pixels.

References
----------
ITU-T T.81, annex B (segments); CIPA DC-008, 4.7 (APP1); XMP part 3, 1.1.3 (also what exceeds one segment); Photoshop
image resources (APP13).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from itertools import islice

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.exif import find_tiff_header
from albumen.media.metadata.photoshop import find_iptc

_EXIF = b"Exif\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_GUID_BYTES, _EXTENSION_HEAD = 32, 40
_PHOTOSHOP = b"Photoshop 3.0\0"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NOT_FILL = re.compile(rb"[^\xff]")
_FRAME = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]\0.[\x08\x0c\x10](.{5})", re.DOTALL)
_FRAME_FIELDS = struct.Struct(">HHB")
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_APP1, _APP13, _SCAN, _END = 0xE1, 0xED, 0xDA, 0xD9
_MAX_SEGMENTS = 4096
_HEADER_BYTES, _MAX_EXIF = 9, 1024 * 1024
_LEAST_SIZE = 8


@dataclass(slots=True)
class _Parts:
    """What is put together from several segments: Photoshop resources, and XMP beyond the packet by its GUID."""

    resources: list[bytes] = field(default_factory=list)
    extensions: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)


def read_jpeg(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a JPEG file, cut off or not.

    Parameters
    ----------
    data : bytes
        The file.
    limit : int
        How far into the file a lost segment is looked for, bytes.
    blocks : Blocks
        Filled in place.
    """
    parts = _Parts()
    at = max(data.find(b"\xff\xd8", 0, limit), 0) + 2
    ended = False
    for _ in range(_MAX_SEGMENTS):
        fill = data.find(b"\xff", at, at + limit)
        match = _NOT_FILL.search(data, fill, fill + limit) if fill >= 0 else None
        if match is None:
            break
        marker, at = match[0][0], match.end()
        if marker in (_SCAN, _END):
            ended = marker == _SCAN
            break
        if marker == 0 or marker in _STANDALONE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2:
            blocks.damaged = True
            continue
        segment = data[at + 2 : at + length]
        blocks.damaged = blocks.damaged or len(segment) < length - 2
        _take_segment(marker, segment, parts, blocks)
        at += length
    blocks.iptc = find_iptc(b"".join(parts.resources)) if parts.resources else None
    if parts.extensions and blocks.xmp:
        blocks.extended_xmp = _extended_xmp(parts, blocks.xmp)
    if not ended:
        blocks.damaged = True
    if blocks.damaged:
        _salvage_size(data, limit, blocks)


def _take_segment(marker: int, segment: bytes, parts: _Parts, blocks: Blocks) -> None:
    if marker in _FRAMES and len(segment) >= 6:
        if blocks.width is None:
            blocks.set_size(int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big"))
    elif marker == _APP1:
        if segment.startswith(_EXIF):
            _take_exif(segment[len(_EXIF) :], blocks)
        elif segment.startswith(_XMP):
            blocks.xmp = blocks.xmp or segment[len(_XMP) :]
        elif segment.startswith(_EXTENSION):
            _take_extension(segment[len(_EXTENSION) :], parts)
        elif b"<x:xmpmeta" in segment[:256]:
            blocks.xmp = blocks.xmp or segment
    elif marker == _APP13 and segment.startswith(_PHOTOSHOP):
        parts.resources.append(segment[len(_PHOTOSHOP) :])


def _take_exif(block: bytes, blocks: Blocks) -> None:
    """The first EXIF block counts; one without a header of its own goes on with the last, which was too long."""
    if blocks.exif is None or find_tiff_header(blocks.exif) < 0:
        blocks.exif = block
    elif find_tiff_header(block[:_HEADER_BYTES]) < 0 and len(blocks.exif) < _MAX_EXIF:
        blocks.exif += block[1:]


def _take_extension(body: bytes, parts: _Parts) -> None:
    if len(body) >= _EXTENSION_HEAD:
        offset = int.from_bytes(body[_GUID_BYTES + 4 : _EXTENSION_HEAD], "big")
        parts.extensions.setdefault(body[:_GUID_BYTES], []).append((offset, body[_EXTENSION_HEAD:]))


def _extended_xmp(parts: _Parts, packet: bytes) -> bytes | None:
    """The extension that the packet names, up to its first gap."""
    pieces = next((pieces for guid, pieces in parts.extensions.items() if guid in packet), [])
    found, end = [], 0
    for offset, piece in sorted(pieces):
        if offset != end:
            break
        found.append(piece)
        end += len(piece)
    return b"".join(found) or None


def _salvage_size(data: bytes, limit: int, blocks: Blocks) -> None:
    """Look for the frame header where the chain of segments is broken."""
    for match in islice(_FRAME.finditer(data, 0, limit), _MAX_SEGMENTS):
        height, width, components = _FRAME_FIELDS.unpack(match[1])
        if match[0][2:4] == (8 + 3 * components).to_bytes(2, "big") and min(width, height) >= _LEAST_SIZE:
            blocks.width = blocks.width or width
            blocks.height = blocks.height or height
            return
