"""What Pillow reads, as people see it: alpha, depth, bitmaps, great and small sizes."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from albumen.media.photo import Rendered, decode_rendition, render
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings

COLOURS = np.array([[[200, 30, 30], [30, 160, 30]], [[30, 30, 200], [210, 200, 20]]], np.uint8)
RGB8 = COLOURS.repeat(16, axis=0).repeat(24, axis=1)
HALF = (COLOURS * (128 / 255) + 127).astype(int)
WHITE = np.full((2, 2, 3), 255)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def rendered(data: bytes, mime: str) -> Rendered:
    return render(data, mime, renditions=RenditionSettings(preview_quality=98), limits=LimitSettings())


def shown(data: bytes, mime: str) -> NDArray[np.int64]:
    pixels = decode_rendition(rendered(data, mime).preview.data)
    height, width = pixels.shape[:2]
    return np.array([[pixels[y, x] for x in (width // 4, 3 * width // 4)] for y in (height // 4, 3 * height // 4)], int)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(pixels: NDArray[np.generic], kind: int, *chunks: bytes, bits: int = 8) -> bytes:
    """A PNG of one colour type (0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha)."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    head = chunk(b"IHDR", struct.pack(">2I5B", width, height, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def with_alpha(pixels: NDArray[np.generic], alpha: int) -> NDArray[np.generic]:
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
    return np.concatenate([pixels, np.full((*pixels.shape[:2], 1), alpha, pixels.dtype)], axis=2)


RGB16 = RGB8.astype(np.uint16) * 257
GREY8 = np.array([[250, 128], [60, 10]], np.uint8).repeat(16, axis=0).repeat(24, axis=1)
GREY = np.repeat(np.array([[250, 128], [60, 10]])[..., np.newaxis], 3, axis=2)
PALETTE = chunk(b"PLTE", COLOURS.tobytes())
INDICES = np.array([[0, 1], [2, 3]], np.uint8).repeat(16, axis=0).repeat(24, axis=1)
ONE_CLEAR = np.where(np.array([[1, 0], [0, 0]])[..., np.newaxis], 255, COLOURS)

PNGS = {
    "RGB": (png(RGB8, 2), COLOURS),
    "16-bit RGB": (png(RGB16, 2, bits=16), COLOURS),
    "grey": (png(GREY8, 0), GREY),
    "16-bit grey": (png(GREY8.astype(np.uint16) * 257, 0, bits=16), GREY),
    "RGB + alpha": (png(with_alpha(RGB8, 128), 6), HALF),
    "16-bit RGB + alpha": (png(with_alpha(RGB16, 128 * 257), 6, bits=16), HALF),
    "grey + alpha": (png(with_alpha(GREY8, 128), 4), GREY * (128 / 255) + 127),
    "16-bit grey + alpha": (
        png(with_alpha(GREY8.astype(np.uint16) * 257, 128 * 257), 4, bits=16),
        GREY * (128 / 255) + 127,
    ),
    "invisible": (png(with_alpha(RGB8, 0), 6), WHITE),
    "palette": (png(INDICES, 3, PALETTE), COLOURS),
    "palette, half transparent": (png(INDICES, 3, PALETTE, chunk(b"tRNS", bytes([128] * 4))), HALF),
    "palette, one colour transparent": (png(INDICES, 3, PALETTE, chunk(b"tRNS", b"\0")), ONE_CLEAR),
    "RGB, one colour transparent": (png(RGB8, 2, chunk(b"tRNS", struct.pack(">3H", 200, 30, 30))), ONE_CLEAR),
    "grey, one level transparent": (
        png(GREY8, 0, chunk(b"tRNS", struct.pack(">H", 60))),
        np.where(GREY == 60, 255, GREY),
    ),
    "16-bit grey, one level transparent": (
        png(GREY8.astype(np.uint16) * 257, 0, chunk(b"tRNS", struct.pack(">H", 60 * 257)), bits=16),
        np.where(GREY == 60, 255, GREY),
    ),
}


@pytest.mark.parametrize("name", PNGS)
def test_a_png_is_shown_on_white_at_every_depth(name: str) -> None:
    data, expected = PNGS[name]
    np.testing.assert_allclose(shown(data, "image/png"), expected, atol=4)


@pytest.mark.parametrize(("format", "mime"), [("WEBP", "image/webp"), ("AVIF", "image/avif"), ("HEIF", "image/heic")])
def test_alpha_of_other_formats_is_flattened_on_white(format: str, mime: str) -> None:
    options = {"WEBP": {"lossless": True}}.get(format, {"quality": 95})
    image = Image.fromarray(np.asarray(with_alpha(RGB8, 128), np.uint8))
    np.testing.assert_allclose(shown(encoded(image, format, **options), mime), HALF, atol=10)


def test_bands_join_without_a_seam() -> None:
    """Large enough for several bands; a ramp down the picture shows any row out of place."""
    ramp = np.repeat(np.linspace(0, 255, 5200).astype(np.uint8)[:, np.newaxis], 1800, axis=1)
    image = Image.fromarray(np.stack([ramp, ramp, ramp, np.full_like(ramp, 255)], axis=2))
    data = encoded(image, "PNG", compress_level=1)
    pixels = decode_rendition(rendered(data, "image/png").preview.data).astype(int)
    rows = pixels[:, 700, 0]
    assert np.abs(rows - np.linspace(0, 255, len(rows))).max() < 4


def bitmap(
    rows: bytes, bits: int, *, height: int = 32, compression: int = 0, extra: bytes = b"", head: int = 40
) -> bytes:
    """A Windows bitmap; `extra` is what follows the forty bytes of the header."""
    fields = struct.pack("<IiiHHIIiiII", head, 48, height, 1, bits, compression, len(rows), 2835, 2835, 0, 0)
    start = 14 + len(fields) + len(extra)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + fields + extra + rows


BGR = RGB8[::-1, :, ::-1]
MASKS_565 = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
MASKS_8888 = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
WORDS = ((RGB8[..., 0].astype(np.uint16) >> 3) << 11) | ((RGB8[..., 1].astype(np.uint16) >> 2) << 5)
WORDS |= RGB8[..., 2].astype(np.uint16) >> 3
FIFTEEN = ((RGB8.astype(np.uint16) >> 3) << np.array([10, 5, 0], np.uint16)).sum(axis=2).astype("<u2")
BGR_TABLE = with_alpha(COLOURS[..., ::-1].reshape(1, 4, 3), 0).tobytes().ljust(1024, b"\0")
RUNS = b"".join(bytes([24, int(row[0]), 24, int(row[47]), 0, 0]) for row in INDICES[::-1]) + b"\0\1"
SPACE_5 = MASKS_8888 + b" niW" + bytes(48) + struct.pack("<4I", 4, 0, 0, 0)

BITMAPS = {
    "24 bits": (bitmap(BGR.tobytes(), 24), COLOURS),
    "24 bits, top row first": (bitmap(BGR[::-1].tobytes(), 24, height=-32), COLOURS),
    "32 bits without alpha": (bitmap(with_alpha(BGR, 0).tobytes(), 32), COLOURS),
    "32 bits with masks": (bitmap(with_alpha(BGR, 0).tobytes(), 32, compression=3, extra=MASKS_8888[:12]), COLOURS),
    "32 bits with alpha, version 5": (
        bitmap(with_alpha(BGR, 128).tobytes(), 32, compression=3, extra=SPACE_5, head=124),
        HALF,
    ),
    "16 bits": (bitmap(FIFTEEN[::-1].tobytes(), 16), COLOURS),
    "16 bits with masks": (bitmap(WORDS[::-1].astype("<u2").tobytes(), 16, compression=3, extra=MASKS_565), COLOURS),
    "runs": (bitmap(RUNS, 8, compression=1, extra=BGR_TABLE), COLOURS),
    "OS/2": (
        b"BM"
        + struct.pack("<IHHI", 26 + BGR.size, 0, 0, 26)
        + struct.pack("<IHHHH", 12, 48, 32, 1, 24)
        + BGR.tobytes(),
        COLOURS,
    ),
}


@pytest.mark.parametrize("name", BITMAPS)
def test_every_kind_of_bitmap(name: str) -> None:
    data, expected = BITMAPS[name]
    np.testing.assert_allclose(shown(data, "image/bmp"), expected, atol=9)


def test_the_profile_of_a_bitmap_is_used() -> None:
    from albumen.media.icc import ADOBE_RGB, Primaries, matrix_profile

    # A profile that swaps green and blue.
    red, green, blue, white = ADOBE_RGB
    icc = matrix_profile(Primaries(red, blue, green, white), 2.2)
    rows = BGR.tobytes()
    head = struct.pack("<4I", 0, 0, 0, 0) + b"DEBM" + bytes(48) + struct.pack("<4I", 4, 124 + len(rows), len(icc), 0)
    found = shown(bitmap(rows, 24, extra=head, head=124) + icc, "image/bmp")
    assert found[0, 1, 2] > 120 > found[0, 1, 1]


@pytest.mark.parametrize("size", [(40_000, 2000), (2000, 40_000)])
@pytest.mark.parametrize(("format", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("TIFF", "image/tiff")])
def test_panoramas_are_read(format: str, mime: str, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (30, 160, 30))
    image.paste((200, 30, 30), (0, 0, size[0] // 2, size[1] // 2))
    options: dict[str, object] = {"TIFF": {"compression": "tiff_adobe_deflate"}, "PNG": {"compress_level": 1}}.get(
        format, {}
    )
    photo = rendered(encoded(image, format, **options), mime)
    assert (photo.width, photo.height) == size
    assert max(photo.preview.width, photo.preview.height) == RenditionSettings().preview_long_side_max
    pixels = decode_rendition(photo.preview.data).astype(int)
    height, width = pixels.shape[:2]
    np.testing.assert_allclose(pixels[height // 4, width // 4], (200, 30, 30), atol=8)
    np.testing.assert_allclose(pixels[3 * height // 4, 3 * width // 4], (30, 160, 30), atol=8)


def test_a_panorama_wider_than_any_jpeg_is_read() -> None:
    pixels = np.zeros((100, 70_000), np.uint8)
    pixels[:, 35_000:] = 255
    photo = rendered(encoded(Image.fromarray(pixels), "PNG"), "image/png")
    assert (photo.width, photo.height) == (70_000, 100)
    seen = decode_rendition(photo.preview.data)
    assert seen[0, 100, 0] < 5
    assert seen[0, -100, 0] > 250


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
@pytest.mark.parametrize(
    ("format", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("TIFF", "image/tiff"),
        ("BMP", "image/bmp"),
        ("AVIF", "image/avif"),
    ],
)
def test_tiny_pictures_are_never_upscaled(format: str, mime: str, size: tuple[int, int]) -> None:
    photo = rendered(encoded(Image.new("RGB", size, (200, 30, 30)), format), mime)
    assert (photo.width, photo.height) == size
    for picture in (photo.preview, photo.thumb):
        assert picture.width <= size[0]
        assert picture.height <= size[1]


@pytest.mark.parametrize(("at", "zero"), [(16, b"\0\0\0\0"), (20, b"\0\0\0\0")])
def test_a_picture_without_pixels_is_unreadable(at: int, zero: bytes) -> None:
    data = bytearray(png(RGB8, 2))
    data[at : at + 4] = zero
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    with pytest.raises(ItemFault) as caught:
        rendered(bytes(data), "image/png")
    assert caught.value.reason is Reason.UNREADABLE


STARVED = """
import resource, sys
from pathlib import Path
from albumen.media.photo import render
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import LimitSettings, RenditionSettings

data, mime = Path(sys.argv[1]).read_bytes(), sys.argv[2]
size = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (int(size) * 1024 + 24 * 1024**2, resource.RLIM_INFINITY))
try:
    render(data, mime, renditions=RenditionSettings(), limits=LimitSettings())
except ItemFault as fault:
    print(fault.reason.value, fault.detail, sep=": ")
"""


@pytest.mark.parametrize(
    ("format", "mime"),
    [
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("TIFF", "image/tiff"),
        ("BMP", "image/bmp"),
    ],
)
def test_a_picture_that_memory_cannot_hold_is_too_large(format: str, mime: str, tmp_path: Path) -> None:
    options: dict[str, object] = {"TIFF": {"compression": "packbits"}}.get(format, {})
    file = tmp_path / "photo"
    file.write_bytes(encoded(Image.new("RGB", (4000, 3000), (30, 160, 30)), format, **options))
    command = [sys.executable, "-c", STARVED, str(file), mime]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "too_large: decoding needs more memory than the sandbox has\n"
