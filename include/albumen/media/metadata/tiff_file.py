"""Reads TIFF files: the first picture's size, and the packets beside EXIF.

References
----------
TIFF 6.0 (Adobe, 1992); XMP part 3, 1.1.4 (tag 700); tag 33723 as libtiff and Photoshop write it.
"""

from __future__ import annotations

import struct

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.exif import IPTC_BLOCK, PHOTOSHOP_BLOCK, XMP_PACKET
from albumen.media.metadata.photoshop import find_iptc
from albumen.media.metadata.tiff import Directory, TiffBlock

_IMAGE_WIDTH, _IMAGE_LENGTH = 0x0100, 0x0101
_LONGS = frozenset({4, 9})
_RECORD_MARK = 0x1C


def read_tiff(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a TIFF file: its first picture counts."""
    tiff = TiffBlock(data, limit)
    first = tiff.first()
    blocks.exif = data
    blocks.damaged = tiff.damaged or not first.values
    blocks.set_size(first.integer(_IMAGE_WIDTH) or 0, first.integer(_IMAGE_LENGTH) or 0)
    take_packets(first, blocks)


def take_packets(directory: Directory, blocks: Blocks) -> None:
    """Take the XMP packet and the IPTC records of a directory, also where they are Photoshop resources."""
    packet, records = directory.values.get(XMP_PACKET), directory.values.get(IPTC_BLOCK)
    resources = directory.values.get(PHOTOSHOP_BLOCK)
    blocks.xmp = blocks.xmp or (packet.data if packet else None)
    if records and records.kind in _LONGS and records.data[3:4] == bytes([_RECORD_MARK]) != records.data[:1]:
        # Bytes declared as numbers of the other byte order, and turned round for it.
        count = len(records.data) // 4
        blocks.iptc = struct.pack(f">{count}I", *struct.unpack(f"<{count}I", records.data[: count * 4]))
    elif records:
        blocks.iptc = records.data
    if blocks.iptc is None and resources:
        blocks.iptc = find_iptc(resources.data)
