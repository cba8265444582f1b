"""Reads the directories of a TIFF block: the frame of EXIF, of TIFF files and of most RAW files.

The block is read directly, without a decoder, so that the facts of a cut-off or damaged file are
still found. Every offset, count and size is checked; what cannot be read is absent.

References
----------
TIFF 6.0 (Adobe, 1992), section 2; BigTIFF as read by libtiff; CIPA DC-008 (Exif 3.0), 4.6.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from albumen.media.metadata.text import clean_text

PURE_TEXT_TYPES = frozenset({2, 129})
"""Field types that hold text and never numbers."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1}
_LETTERS = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_RATIONALS = {5: "I", 10: "i"}
_TEXT_TYPES = frozenset({1, 2, 7, 129})
_CLASSIC_MAGICS = frozenset({42, 0x55, 0x4F52, 0x5352})
_BIG_MAGIC = 43
_MAX_ENTRIES = 512
_MAX_NUMBERS = 64
_MAX_VALUE_BYTES = 64 * 1024
_PACKET_TAGS = frozenset({0x02BC, 0x83BB, 0x8649})
_MAKER_NOTE = 0x927C
_NOTE_BYTES = 1024 * 1024


class Value(NamedTuple):
    """One entry of a directory, not yet decoded: its field type, declared count, bytes, and their offset or 0."""

    kind: int
    length: int
    data: bytes
    at: int = 0


@dataclass(slots=True)
class Directory:
    """The entries of one directory by tag number, and where the next one lies (0: none)."""

    order: str
    values: dict[int, Value] = field(default_factory=dict)
    next_offset: int = 0

    def text(self, tag: int) -> str | None:
        """The tag as text: up to the first NUL, in whatever charset fits, stripped; None when empty or absent."""
        value = self.values.get(tag)
        if value is None:
            return None
        if value.kind in _TEXT_TYPES:
            return clean_text(value.data)
        return " ".join(f"{number:g}" for number in self.numbers(tag)) or None

    def numbers(self, tag: int) -> list[float]:
        """The tag's numbers (at most 64); a rational with a zero denominator is NaN. Empty when absent or text."""
        value = self.values.get(tag)
        if value is None or value.kind in PURE_TEXT_TYPES:
            return []
        count = min(value.length, _MAX_NUMBERS, len(value.data) // _SIZES[value.kind])
        if letter := _RATIONALS.get(value.kind):
            parts = struct.unpack_from(f"{self.order}{2 * count}{letter}", value.data)
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return [numerator / denominator if denominator else math.nan for numerator, denominator in pairs]
        return list(struct.unpack_from(f"{self.order}{count}{_LETTERS.get(value.kind, 'B')}", value.data))

    def number(self, tag: int) -> float | None:
        """The tag's first number where it is finite."""
        numbers = self.numbers(tag)
        return numbers[0] if numbers and math.isfinite(numbers[0]) else None

    def integer(self, tag: int) -> int | None:
        """The tag's first number as an integer."""
        number = self.number(tag)
        return None if number is None else int(number)


class TiffBlock:
    """A TIFF block somewhere in a file.

    Parameters
    ----------
    data : bytes
        The block, beginning at its byte-order mark; offsets count from there.
    packet_bytes : int
        Largest XMP or IPTC packet that is taken; of other tags, values beyond 64 KiB are left out.

    Attributes
    ----------
    first_offset : int
        Where the first directory lies; 0 where the header is not one of a TIFF block.
    magic : int
        The number after the byte-order mark (42, 43 for BigTIFF, others for some RAW formats).
    damaged : bool
        Something pointed outside the block or made no sense.
    """

    def __init__(self, data: bytes, packet_bytes: int) -> None:
        self.data = data
        self.packet_bytes = packet_bytes
        self.damaged = False
        self.first_offset = 0
        self.magic = 0
        self.order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
        if self.order and len(data) >= 8:
            (self.magic, offset) = struct.unpack_from(f"{self.order}HI", data, 2)
            if self.magic in _CLASSIC_MAGICS:
                self.first_offset = offset
            elif self.magic == _BIG_MAGIC and len(data) >= 16:
                (self.first_offset,) = struct.unpack_from(f"{self.order}Q", data, 8)
        self.big = self.magic == _BIG_MAGIC

    def directory(self, offset: int) -> Directory:
        """Read the directory at `offset`; entries that cannot be read are left out.

        Parameters
        ----------
        offset : int
            From the start of the block.

        Returns
        -------
        Directory
            Empty when nothing is there.
        """
        found = Directory(self.order)
        data, order = self.data, self.order
        head, width, inline = (8, 20, 8) if self.big else (2, 12, 4)
        start = offset + head
        if offset < 8 or start > len(data):
            self.damaged = True
            return found
        (declared,) = struct.unpack_from(order + ("Q" if self.big else "H"), data, offset)
        count = min(declared, _MAX_ENTRIES, (len(data) - start) // width)
        self.damaged = self.damaged or count < declared
        values = found.values
        for tag, kind, length, raw in struct.iter_unpack(
            order + ("HHQ8s" if self.big else "HHI4s"), data[start : start + count * width]
        ):
            size = _SIZES.get(kind, 0) * length
            if not size or tag in values:
                continue
            if size <= inline:
                values[tag] = Value(kind, length, raw[:size])
                continue
            (pointer,) = struct.unpack(order + ("Q" if self.big else "I"), raw)
            if tag == _MAKER_NOTE:
                # It is read in place: its offsets may count from the start of the whole block.
                values[tag] = Value(kind, length, b"", pointer)
                continue
            if pointer + size > len(data):
                self.damaged = True
                size = len(data) - pointer
                if size <= 0 or kind != 2:
                    continue
            if size <= (self.packet_bytes if tag in _PACKET_TAGS else _MAX_VALUE_BYTES):
                values[tag] = Value(kind, length, data[pointer : pointer + size], pointer)
        if count == declared:
            end = start + count * width
            pointer_format = order + ("Q" if self.big else "I")
            if end + struct.calcsize(pointer_format) <= len(data):
                (found.next_offset,) = struct.unpack_from(pointer_format, data, end)
        return found

    def inside(self, start: int, order: str) -> TiffBlock:
        """The block of a maker note: byte order and origin of its own, `<` or `>` and an offset in this block."""
        block = TiffBlock(b"", self.packet_bytes)
        block.data, block.order = self.data[start : start + _NOTE_BYTES], order
        return block

    def first(self) -> Directory:
        """The first directory (IFD0); empty when there is none."""
        return self.directory(self.first_offset) if self.first_offset else Directory(self.order)

    def linked(self, directory: Directory, tag: int) -> list[Directory]:
        """The directories that a pointer tag of `directory` leads to (at most eight)."""
        value = directory.values.get(tag)
        # Signed ones (9, 17) are against the specification, and written all the same.
        if value is None or value.kind not in (3, 4, 9, 13, 16, 17, 18):
            return []
        offsets = dict.fromkeys(int(offset) for offset in directory.numbers(tag)[:8])
        return [self.directory(offset) for offset in offsets if offset >= 0]
