"""Reads an EXIF block into its directories, also where the block is cut off or badly framed.

References
----------
CIPA DC-008 (Exif 3.0): tag numbers, types and meanings.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from PIL.ExifTags import GPSTAGS, TAGS

from albumen.media.metadata.text import clean_text, readable
from albumen.media.metadata.tiff import PURE_TEXT_TYPES, Directory, TiffBlock

MAKE, MODEL, ORIENTATION, MODIFY_DATE = 0x010F, 0x0110, 0x0112, 0x0132
IMAGE_DESCRIPTION, ARTIST, COPYRIGHT, SOFTWARE = 0x010E, 0x013B, 0x8298, 0x0131
XMP_PACKET, IPTC_BLOCK, PHOTOSHOP_BLOCK = 0x02BC, 0x83BB, 0x8649
RATING, RATING_PERCENT = 0x4746, 0x4749
XP_TITLE, XP_COMMENT, XP_KEYWORDS = 0x9C9B, 0x9C9C, 0x9C9E
EXIF_POINTER, GPS_POINTER = 0x8769, 0x8825
EXPOSURE_TIME, F_NUMBER, ISO, FOCAL_LENGTH, FOCAL_LENGTH_35MM = 0x829A, 0x829D, 0x8827, 0x920A, 0xA405
SHUTTER_SPEED, APERTURE = 0x9201, 0x9202
STANDARD_SENSITIVITY, EXPOSURE_INDEX, ISO_SPEED = 0x8831, 0x8832, 0x8833
DATE_TIME_ORIGINAL, DATE_TIME_DIGITIZED = 0x9003, 0x9004
OFFSET_TIME, OFFSET_TIME_ORIGINAL, OFFSET_TIME_DIGITIZED = 0x9010, 0x9011, 0x9012
SUBSEC_TIME, SUBSEC_TIME_ORIGINAL, SUBSEC_TIME_DIGITIZED = 0x9290, 0x9291, 0x9292
LENS_SPECIFICATION, LENS_MODEL, DNG_LENS_INFO = 0xA432, 0xA434, 0xC630
MAKER_NOTE = 0x927C

_POINTERS_AND_BLOBS = frozenset(
    {EXIF_POINTER, GPS_POINTER, 0xA005, MAKER_NOTE, 0x014A, XMP_PACKET, IPTC_BLOCK, PHOTOSHOP_BLOCK, 0x8773}
)
_MAX_TAG_TEXT = 1024
_MAX_TAG_NUMBERS = 16
_HEADERS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FRAMING_BYTES = 64
_EXIF_MARK = re.compile(rb"Exif\0\0(?=II[*+]\0|MM\0[*+])")
_SALVAGED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exif:
    """The directories of one EXIF block.

    Attributes
    ----------
    image : Directory
        IFD0: the picture as a file.
    photo : Directory
        The Exif directory: how it was taken.
    gps : Directory
        Where it was taken.
    block : TiffBlock or None
        What the Exif directory lies in, for the maker's note, whose offsets may count from its start.
    """

    image: Directory
    photo: Directory
    gps: Directory
    block: TiffBlock | None = None

    def text(self, tag: int) -> str | None:
        """A tag as text, from the Exif directory or, where a writer put it there, from IFD0."""
        return self.photo.text(tag) or self.image.text(tag)

    def number(self, tag: int) -> float | None:
        """A tag's first finite number, from the Exif directory or IFD0."""
        number = self.photo.number(tag)
        return self.image.number(tag) if number is None else number


NO_EXIF = Exif(Directory("<"), Directory("<"), Directory("<"))


def find_tiff_header(block: bytes) -> int:
    """Where the TIFF header begins in an EXIF block that may carry framing before it, or -1.

    Parameters
    ----------
    block : bytes
        As found in a container: with or without `Exif` and NULs, sometimes twice.

    Returns
    -------
    int
        Offset of the byte-order mark within the first 64 bytes, or -1.
    """
    starts = [at for header in _HEADERS if (at := block.find(header, 0, _FRAMING_BYTES)) >= 0]
    return min(starts, default=-1)


def salvage_exif(data: bytes, limit: int) -> bytes | None:
    """An EXIF block by its mark and header, wherever in the first `limit` bytes it stands."""
    mark = _EXIF_MARK.search(data, 0, limit)
    return data[mark.end() : mark.end() + _SALVAGED_BYTES] if mark else None


def read_exif(block: bytes, packet_bytes: int, photo: bytes | None = None, gps: bytes | None = None) -> Exif:
    """Read the directories of an EXIF block or of a whole TIFF file.

    Parameters
    ----------
    block : bytes
        The block; see `find_tiff_header`.
    packet_bytes : int
        Largest XMP or IPTC packet that is taken, bytes.
    photo, gps : bytes or None
        The Exif and GPS directories where they are TIFF blocks of their own.

    Returns
    -------
    Exif
        Empty directories where nothing could be read.
    """
    tiff = TiffBlock(block, packet_bytes)
    if not tiff.first_offset:
        start = find_tiff_header(block)
        if start < 0:
            return NO_EXIF
        tiff = TiffBlock(block[start:], packet_bytes)
    image = tiff.first()
    return Exif(
        image,
        TiffBlock(photo, packet_bytes).first() if photo else _linked(tiff, image, EXIF_POINTER),
        TiffBlock(gps, packet_bytes).first() if gps else _linked(tiff, image, GPS_POINTER),
        tiff,
    )


def _linked(tiff: TiffBlock, image: Directory, pointer: int) -> Directory:
    return next(iter(tiff.linked(image, pointer)), Directory(tiff.order))


def wide_text(directory: Directory, tag: int) -> str | None:
    """A Windows tag (XPTitle and its kin), which is UTF-16, as text."""
    value = directory.values.get(tag)
    if value is None:
        return None
    return readable(value.data.decode("utf-16-le", errors="replace"))


def raw_tags(exif: Exif) -> dict[str, dict[str, Any]]:
    """Every readable tag by directory and standard name, JSON-safe; maker notes and binary blocks are left out.

    Returns
    -------
    dict
        Directory name (`image`, `photo`, `gps`) to tag name to text, number or list of numbers.
    """
    names = {"image": TAGS, "photo": TAGS, "gps": GPSTAGS}
    directories = {"image": exif.image, "photo": exif.photo, "gps": exif.gps}
    tags: dict[str, dict[str, Any]] = {}
    for group, directory in directories.items():
        found = {}
        for tag in directory.values:
            if tag in _POINTERS_AND_BLOBS:
                continue
            plain = _plain(directory, tag)
            if plain is not None:
                found[names[group].get(tag, f"0x{tag:04x}")] = plain
        if found:
            tags[group] = found
    return tags


def _plain(directory: Directory, tag: int) -> Any:
    value = directory.values[tag]
    if value.kind in PURE_TEXT_TYPES:
        text = clean_text(value.data)
        return text[:_MAX_TAG_TEXT] if text else None
    if value.length > _MAX_TAG_NUMBERS:
        return None
    numbers = [number if math.isfinite(number) else None for number in directory.numbers(tag)]
    return (numbers[0] if len(numbers) == 1 else numbers) if numbers else None
