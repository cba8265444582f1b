"""Reads size, EXIF and XMP of BPG files.

References
----------
F. Bellard, "BPG Specification", version 0.9.5: heic_file, extension_data.
"""

from __future__ import annotations

from albumen.media.metadata.blocks import Blocks

_SIZE_AT, _EXTENDED = 6, 8
_EXIF, _XMP = 1, 3
_MAX_EXTENSIONS, _MAX_DIGITS = 64, 5


def read_bpg(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a BPG file."""
    width, at = _number(data, _SIZE_AT)
    height, at = _number(data, at)
    blocks.set_size(width, height)
    _, at = _number(data, at)
    if not data[_SIZE_AT - 1] & _EXTENDED:
        return
    size, at = _number(data, at)
    end = min(at + size, len(data))
    for _ in range(_MAX_EXTENSIONS):
        if at >= end:
            return
        kind, at = _number(data, at)
        length, at = _number(data, at)
        body = data[at : at + min(length, limit)]
        if kind == _EXIF:
            blocks.exif = blocks.exif or body
        elif kind == _XMP:
            blocks.xmp = blocks.xmp or body
        at += length


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, highest first, and where it ends."""
    number = 0
    for _ in range(_MAX_DIGITS):
        number = number << 7 | data[at] & 0x7F
        at += 1
        if data[at - 1] < 0x80:
            break
    return number, at
