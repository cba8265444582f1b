"""Builders of TIFF blocks and JPEG files, byte by byte, so that a test can write what no library would."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from albumen.media.metadata import Metadata, read_metadata
from albumen.media.sniff import sniff
from albumen.settings import LimitSettings

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 12: 8, 129: 1}
LETTERS = {1: "B", 3: "H", 4: "I", 5: "I", 9: "i", 10: "i", 12: "d"}
Entry = tuple[int, int, Any]


def directory(order: str, entries: Sequence[Entry], at: int) -> bytes:
    """One directory that will lie at offset `at`; a value is bytes, or a list of numbers or of pairs."""
    rows, values = struct.pack(order + "H", len(entries)), b""
    start = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries, key=lambda entry: entry[0]):
        if not isinstance(value, bytes):
            flat = [part for item in value for part in (item if isinstance(item, tuple) else (item,))]
            value = struct.pack(f"{order}{len(flat)}{LETTERS[kind]}", *flat)
        rows += struct.pack(order + "HHI", tag, kind, len(value) // SIZES[kind])
        if len(value) <= 4:
            rows += value.ljust(4, b"\0")
        else:
            rows += struct.pack(order + "I", start + len(values))
            values += value + bytes(len(value) % 2)
    return rows + bytes(4) + values


def build_tiff(
    order: str = "<", image: Sequence[Entry] = (), photo: Sequence[Entry] = (), gps: Sequence[Entry] = ()
) -> bytes:
    """A TIFF block of IFD0 and, linked from it, the Exif and GPS directories."""

    def first(photo_at: int, gps_at: int) -> bytes:
        links = [(tag, 4, [at]) for tag, at, there in ((0x8769, photo_at, photo), (0x8825, gps_at, gps)) if there]
        return directory(order, [*image, *links], 8)

    photo_at = 8 + len(first(0, 0))
    photos = directory(order, photo, photo_at) if photo else b""
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    gps_at = photo_at + len(photos)
    return header + first(photo_at, gps_at) + photos + (directory(order, gps, gps_at) if gps else b"")


def build_segment(body: bytes, marker: int = 0xE1) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def build_jpeg(*segments: bytes) -> bytes:
    """A JPEG of 40 x 30 pixels with these segments first."""
    plain = io.BytesIO()
    Image.new("RGB", (40, 30), "olive").save(plain, "JPEG")
    return plain.getvalue()[:2] + b"".join(segments) + plain.getvalue()[2:]


def build_photo(order: str = "<", **directories: Sequence[Entry]) -> bytes:
    """A JPEG with such an EXIF block."""
    return build_jpeg(build_segment(b"Exif\0\0" + build_tiff(order, **directories)))


def read_facts(data: bytes, name: str = "a.jpg") -> Metadata:
    return read_metadata(
        data,
        sniff(data[:65536], len(data), name).mime,
        file_name=name,
        last_modified=datetime(2025, 5, 5, 10, tzinfo=UTC),
        home_zone="Europe/Berlin",
        now=datetime(2026, 6, 1, tzinfo=UTC),
        limits=LimitSettings(),
    )


@pytest.fixture
def tiff() -> Callable[..., bytes]:
    return build_tiff


@pytest.fixture
def tiff_directory() -> Callable[..., bytes]:
    return directory


@pytest.fixture
def segment() -> Callable[..., bytes]:
    return build_segment


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    return build_jpeg


@pytest.fixture
def photo() -> Callable[..., bytes]:
    return build_photo


@pytest.fixture
def read() -> Callable[..., Metadata]:
    return read_facts
