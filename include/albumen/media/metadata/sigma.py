"""Reads Sigma X3F files: sections listed at the file's end, one with properties, one with a JPEG.

References
----------
Foveon, "X3F Raw Image File Format", 2.0; sections of later versions as ExifTool names them.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import UTC, datetime

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.ciff import ORIENTATIONS
from albumen.media.metadata.jpeg import read_jpeg
from albumen.media.metadata.text import readable

_SIZE_AT, _ROTATION_AT, _PROPERTY_HEAD, _IMAGE_HEAD = 28, 36, 24, 28
_MAX_SECTIONS, _MAX_PROPERTIES, _MAX_CHARACTERS = 64, 1024, 128 * 1024
_JPEG = b"\xff\xd8"
_TEXTS = {"CAMMANUF": "make", "CAMMODEL": "model"}
_MILLION = 1e6
_NUMBERS = {
    "EXPTIME": ("exposure_s", _MILLION),
    "APERTURE": ("f_number", 1.0),
    "ISO": ("iso", 1.0),
    "FLENGTH": ("focal_mm", 1.0),
    "FLEQ35MM": ("focal_35mm", 1.0),
}


def read_x3f(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a Sigma X3F file; where its end is missing, only the size is found."""
    width, height, degrees = struct.unpack_from("<III", data, _SIZE_AT)
    blocks.set_size(width, height)
    (at,) = struct.unpack_from("<I", data, len(data) - 4)
    if data[at : at + 4] != b"SECd":
        blocks.damaged = True
        return
    (count,) = struct.unpack_from("<I", data, at + 8)
    for number in range(min(count, _MAX_SECTIONS)):
        first, size, kind = struct.unpack_from("<II4s", data, at + 12 + 12 * number)
        section = data[first : first + min(size, limit)]
        if kind == b"PROP":
            _take_properties(section, blocks)
        elif kind == b"IMA2" and section[_IMAGE_HEAD:].startswith(_JPEG) and blocks.exif is None:
            picture = Blocks()
            read_jpeg(section[_IMAGE_HEAD:], limit, picture)
            blocks.exif, blocks.xmp = picture.exif, picture.xmp
    if degrees in ORIENTATIONS:
        blocks.facts.setdefault("orientation", ORIENTATIONS[degrees])


def _take_properties(section: bytes, blocks: Blocks) -> None:
    count, _, _, length = struct.unpack_from("<IIII", section, 8)
    start = _PROPERTY_HEAD + 8 * count
    characters = section[start : start + 2 * min(length, _MAX_CHARACTERS)]
    for number in range(min(count, _MAX_PROPERTIES)):
        key, value = (
            readable(characters[2 * at :][:512].decode("utf-16-le", errors="replace")) or ""
            for at in struct.unpack_from("<II", section, _PROPERTY_HEAD + 8 * number)
        )
        if key in _TEXTS and value:
            blocks.facts[_TEXTS[key]] = value
        with suppress(ValueError, OverflowError, OSError):
            if key in _NUMBERS:
                name, divisor = _NUMBERS[key]
                blocks.facts[name] = float(value) / divisor
            elif key == "TIME":
                # Seconds since 1970 by the camera's own clock.
                blocks.facts["date"] = datetime.fromtimestamp(int(value), UTC).replace(tzinfo=None).isoformat()
