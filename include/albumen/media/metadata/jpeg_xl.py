"""Reads size, EXIF and XMP of JPEG XL files, bare or boxed.

References
----------
ISO/IEC 18181-1, annex D (size header); 18181-2 (boxes).
"""

from __future__ import annotations

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.isobmff import iterate_boxes

_BARE = b"\xff\x0a"
_PACKED, _METADATA = b"brob", (b"Exif", b"xml ")
_SIZE_BITS = (9, 13, 18, 30)
_RATIOS = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


class _Bits:
    """Little-endian bits, first the lowest."""

    def __init__(self, data: bytes) -> None:
        self.value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        taken = self.value & ((1 << count) - 1)
        self.value >>= count
        return taken


def read_jpeg_xl(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a JPEG XL file; metadata packed with Brotli, as `cjxl` does, is unpacked up to `limit`."""
    blocks.turned = True
    if data.startswith(_BARE):
        _take_size(data[:16], blocks)
        return
    packed = set(_METADATA)
    for kind, start, end in iterate_boxes(data, 0, len(data)):
        body = data[start : min(end, start + limit)]
        if kind == _PACKED:
            # Each kind once: a thousand boxes of thirty bytes would unpack to gigabytes.
            kind, body = body[:4], _unpack(body[4:], limit) if body[:4] in packed else b""
            packed.discard(kind)
        if kind == b"Exif":
            blocks.exif = blocks.exif or body[4:]
        elif kind == b"xml ":
            blocks.xmp = blocks.xmp or body
        elif kind in (b"jxlc", b"jxlp") and blocks.width is None:
            _take_size(body[4 if kind == b"jxlp" else 0 :][:16], blocks)


def _unpack(packed: bytes, limit: int) -> bytes:
    """What Brotli packed; nothing where it is damaged or larger than `limit`."""
    # Few files need it, and every task imports this module.
    import brotli  # type: ignore[import-untyped]

    unpacker = brotli.Decompressor()
    try:
        found: bytes = unpacker.process(packed, output_buffer_limit=limit)
    except brotli.error:
        return b""
    return found if unpacker.is_finished() else b""


def _take_size(codestream: bytes, blocks: Blocks) -> None:
    if not codestream.startswith(_BARE):
        return
    bits = _Bits(codestream[2:])
    small = bits.take(1)
    height = _side(bits, small)
    numerator, denominator = _RATIOS[bits.take(3)]
    width = height * numerator // denominator if numerator else _side(bits, small)
    # The orientation follows a few bits on: 3 bits, after all-default and extra-fields are both told.
    if bits.take(1) == 0 and bits.take(1) == 1:
        blocks.turn = bits.take(3) + 1
        if blocks.turn >= 5:
            width, height = height, width
    blocks.set_size(width, height)


def _side(bits: _Bits, small: int) -> int:
    return (bits.take(5) + 1) * 8 if small else bits.take(_SIZE_BITS[bits.take(2)]) + 1
