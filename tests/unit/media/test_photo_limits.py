"""What is refused on its header, before a pixel is decoded."""

from __future__ import annotations

import struct
import warnings
import zlib
from io import BytesIO

import pytest
from PIL import Image

from albumen.media.photo import render
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb_png(side: int) -> bytes:
    """A grey picture of one bit a pixel: gigabytes from a few kilobytes."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 + side // 8)) for _ in range(64)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def encoded(format: str, size: tuple[int, int] = (300, 200)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, (90, 120, 60)).save(buffer, format)
    return buffer.getvalue()


def fault_of(data: bytes, mime: str, **limits: int) -> ItemFault:
    with pytest.raises(ItemFault) as caught:
        render(data, mime, renditions=RenditionSettings(), limits=LimitSettings(**limits))
    return caught.value


def test_a_bomb_is_refused_with_its_size_and_the_limit() -> None:
    data = bomb_png(40_000)
    assert len(data) < 8_000
    fault = fault_of(data, "image/png")
    assert fault.reason is Reason.TOO_LARGE
    assert fault.detail == "40000 x 40000 = 1600000000 pixels, limit 300000000 (limits.photo_pixels)"


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
        ("HEIF", "image/heic"),
    ],
)
def test_every_format_keeps_the_limit(format: str, mime: str) -> None:
    fault = fault_of(encoded(format), mime, photo_pixels=59_999)
    assert (fault.reason, fault.detail.split(",")[0]) == (Reason.TOO_LARGE, "300 x 200 = 60000 pixels")
    assert (
        render(encoded(format), mime, renditions=RenditionSettings(), limits=LimitSettings(photo_pixels=60_000)).width
        == 300
    )


def test_a_photo_of_two_hundred_megapixels_is_read_without_a_murmur() -> None:
    buffer = BytesIO()
    Image.new("L", (16320, 12240), 77).save(buffer, "JPEG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo = render(buffer.getvalue(), "image/jpeg", renditions=RenditionSettings(), limits=LimitSettings())
    assert (photo.width, photo.height) == (16320, 12240)
    assert (photo.preview.width, photo.preview.height) == (1920, 1440)


def test_a_text_bomb_in_a_png_costs_only_the_text() -> None:
    data = encoded("PNG")
    end = data.index(b"IDAT") - 4
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 * 1024**2), 9))
    photo = render(data[:end] + bomb + data[end:], "image/png", renditions=RenditionSettings(), limits=LimitSettings())
    assert photo.width == 300


def test_a_damaged_extra_in_a_png_costs_only_itself() -> None:
    data = encoded("PNG")
    end = data.index(b"IDAT") - 4
    extra = bytearray(chunk(b"tEXt", b"Comment\0hello"))
    extra[-1] ^= 0xFF
    odd = data[:end] + bytes(extra) + data[end:]
    assert render(odd, "image/png", renditions=RenditionSettings(), limits=LimitSettings()).width == 300


def test_a_png_that_lost_only_its_end_is_readable() -> None:
    for lost in (1, 6, 12):
        data = encoded("PNG")[:-lost]
        assert render(data, "image/png", renditions=RenditionSettings(), limits=LimitSettings()).width == 300


def test_damaged_pixels_of_a_png_are_unreadable() -> None:
    data = bytearray(encoded("PNG"))
    start = data.index(b"IDAT") + 4
    data[start + 2 : start + 12] = bytes(10)
    assert fault_of(bytes(data), "image/png").reason is Reason.UNREADABLE
