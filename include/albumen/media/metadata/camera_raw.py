"""Where camera RAW formats keep the size of the full picture and their EXIF block.

References
----------
Adobe DNG 1.7 and TIFF/EP (sub-directories); the makers' formats as LibRaw reads them.
"""

from __future__ import annotations

import struct

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.isobmff import XMP_BOX, iterate_boxes
from albumen.media.metadata.jpeg import read_jpeg
from albumen.media.metadata.tiff import Directory, TiffBlock
from albumen.media.metadata.tiff_file import take_packets

_IMAGE_WIDTH, _IMAGE_LENGTH, _NEW_SUBFILE_TYPE, _SUB_IFDS = 0x0100, 0x0101, 0x00FE, 0x014A
_EXIF_POINTER, _PIXEL_X, _PIXEL_Y = 0x8769, 0xA002, 0xA003
_REDUCED = 1
_PHASE_ONE_AT, _PHASE_ONE_MARKS = 8, (b"IIII", b"MMMM")
_PANASONIC_BORDERS = (4, 5, 6, 7)
_FUJI_JPEG_OFFSET, _FUJI_SENSOR_OFFSET, _FUJI_CROPPED = 84, 92, 0x0111
_MAX_FUJI_RECORDS, _MAX_MINOLTA_BLOCKS = 256, 64
_JPEG_EXIF = b"\xff\xd8\xff\xe1"
_EMBEDDED_BYTES = 256 * 1024
_CANON_BOX = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def read_tiff_raw(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a RAW file framed as TIFF: its largest full picture counts, never a preview.

    Phase One keeps its pixels outside of any directory: there EXIF tells the size.
    """
    tiff = TiffBlock(data, limit)
    first = tiff.first()
    blocks.exif, blocks.damaged = data, tiff.damaged or not first.values
    take_packets(first, blocks)
    if data[_PHASE_ONE_AT : _PHASE_ONE_AT + 4] in _PHASE_ONE_MARKS:
        _take_exif_size(tiff, first, blocks)
        return
    pictures = [first, *tiff.linked(first, _SUB_IFDS)]
    full = [picture for picture in pictures if (picture.integer(_NEW_SUBFILE_TYPE) or 0) & _REDUCED == 0]
    sizes = [_size(picture, _IMAGE_WIDTH, _IMAGE_LENGTH) for picture in full or pictures]
    blocks.set_size(*max(sizes, key=lambda size: size[0] * size[1]))


def read_cr2(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a Canon CR2 file, whose first directory is a preview; EXIF tells the full size."""
    tiff = TiffBlock(data, limit)
    first = tiff.first()
    blocks.exif, blocks.damaged = data, tiff.damaged
    take_packets(first, blocks)
    _take_exif_size(tiff, first, blocks)


def read_rw2(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a Panasonic RW2 file: the size within the sensor's borders, the embedded JPEG's EXIF."""
    first = TiffBlock(data, limit).first()
    top, left, bottom, right = (first.integer(tag) or 0 for tag in _PANASONIC_BORDERS)
    at = data.find(_JPEG_EXIF, 0, limit)
    _take_embedded(data, at, limit, blocks)
    blocks.exif = blocks.exif or data
    take_packets(first, blocks)
    blocks.width = blocks.height = None
    blocks.set_size(right - left, bottom - top)


def read_raf(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a Fujifilm RAF file: the cropped sensor size, the embedded JPEG's EXIF."""
    _take_embedded(data, _number(data, _FUJI_JPEG_OFFSET, 4), limit, blocks)
    blocks.width = blocks.height = None
    at = _number(data, _FUJI_SENSOR_OFFSET, 4)
    count, at = min(_number(data, at, 4), _MAX_FUJI_RECORDS), at + 4
    for _ in range(count):
        tag, size = _number(data, at, 2), _number(data, at + 2, 2)
        if tag == _FUJI_CROPPED and size == 4:
            blocks.set_size(_number(data, at + 6, 2), _number(data, at + 4, 2))
            return
        at += 4 + size


def read_cr3(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a Canon CR3 file, which keeps each EXIF directory as a TIFF block of its own."""
    for kind, start, end in iterate_boxes(data, 0, len(data)):
        if kind == b"moov":
            _take_canon_boxes(data, start, end, limit, blocks)
        elif kind == b"uuid" and data[start : start + 16] == XMP_BOX:
            blocks.xmp = data[start + 16 : min(end, start + 16 + limit)]
    blocks.damaged = blocks.exif is None


def read_mrw(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a Minolta MRW file: named blocks, one with the size, one with EXIF."""
    at, end = 8, 8 + min(_number(data, 4, 4), limit)
    for _ in range(_MAX_MINOLTA_BLOCKS):
        if at >= end:
            return
        name, size = data[at : at + 4], _number(data, at + 4, 4)
        if name == b"\0PRD":
            blocks.set_size(_number(data, at + 22, 2), _number(data, at + 20, 2))
        elif name == b"\0TTW":
            blocks.exif = data[at + 8 : at + 8 + size]
        at += 8 + size


def _take_canon_boxes(data: bytes, start: int, end: int, limit: int, blocks: Blocks) -> None:
    for name, first, last in iterate_boxes(data, start, end):
        if name != b"uuid" or data[first : first + 16] != _CANON_BOX:
            continue
        boxes = {box: data[head:tail][:limit] for box, head, tail in iterate_boxes(data, first + 16, last)}
        blocks.exif, blocks.photo = boxes.get(b"CMT1"), boxes.get(b"CMT2")
        blocks.maker_note, blocks.gps = boxes.get(b"CMT3"), boxes.get(b"CMT4")
        blocks.set_size(*_size(TiffBlock(blocks.exif or b"", limit).first(), _IMAGE_WIDTH, _IMAGE_LENGTH))


def _take_exif_size(tiff: TiffBlock, first: Directory, blocks: Blocks) -> None:
    for photo in tiff.linked(first, _EXIF_POINTER):
        blocks.set_size(*_size(photo, _PIXEL_X, _PIXEL_Y))


def _take_embedded(data: bytes, at: int, limit: int, blocks: Blocks) -> None:
    if at > 0:
        read_jpeg(data[at : at + _EMBEDDED_BYTES], limit, blocks)


def _size(directory: Directory, width_tag: int, height_tag: int) -> tuple[int, int]:
    return directory.integer(width_tag) or 0, directory.integer(height_tag) or 0


def _number(data: bytes, at: int, size: int) -> int:
    raw = data[at : at + size]
    if len(raw) < size:
        raise struct.error("past the end")
    return int.from_bytes(raw, "big")
