"""Reads size, EXIF, XMP and IPTC of JPEG 2000 files, boxed or bare.

References
----------
ITU-T T.800, annex A.5.1 (SIZ) and annex I (boxes); the `uuid` boxes as XMP part 3, 1.1.7 and ExifTool name them.
"""

from __future__ import annotations

import struct

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.isobmff import XMP_BOX, iterate_boxes

_EXIF_BOX = b"JpgTiffExif->JP2"
_IPTC_BOX = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_SIZE_MARKER = b"\xff\x4f\xff\x51"


def read_jp2(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a JPEG 2000 file (JP2, JPX, JPM, HTJ2K)."""
    for kind, start, end in iterate_boxes(data, 0, len(data)):
        body = data[start : min(end, start + limit)]
        if kind == b"jp2h":
            for name, first, _ in iterate_boxes(data, start, end):
                if name == b"ihdr":
                    height, width = struct.unpack_from(">II", data, first)
                    blocks.set_size(width, height)
        elif kind == b"uuid":
            _take_uuid(body, blocks)
        elif kind == b"xml " and b"<x:xmpmeta" in body:
            blocks.xmp = blocks.xmp or body
        elif kind == b"jp2c" and blocks.width is None:
            read_codestream(body, limit, blocks)
    blocks.damaged = blocks.width is None


def read_codestream(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a bare JPEG 2000 codestream, which has a size and nothing else."""
    if data.startswith(_SIZE_MARKER):
        right, bottom, left, top = struct.unpack_from(">IIII", data, 8)
        blocks.set_size(right - left, bottom - top)


def _take_uuid(body: bytes, blocks: Blocks) -> None:
    kind, rest = body[:16], body[16:]
    if kind == _EXIF_BOX:
        blocks.exif = blocks.exif or rest
    elif kind == XMP_BOX:
        blocks.xmp = blocks.xmp or rest
    elif kind == _IPTC_BOX:
        blocks.iptc = blocks.iptc or rest
