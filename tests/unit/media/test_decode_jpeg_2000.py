"""JPEG 2000, and the old formats that Pillow reads."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from albumen.media.colour import to_srgb
from albumen.media.decoded import DecodedPhoto, Wanted
from albumen.media.decoders import decode
from albumen.media.icc import adobe_rgb_profile
from albumen.media.sniff import sniff
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

JP2 = "image/jp2"
FORMATS = [("JPEG2000", "jp2"), ("PPM", "ppm"), ("TGA", "tga"), ("PCX", "pcx"), ("SGI", "sgi")]
MODES = {"JPEG2000": "L RGB RGBA LA CMYK", "PPM": "1 L RGB", "TGA": "1 L LA P RGB RGBA", "PCX": "1 L P RGB"}


def picture() -> Image.Image:
    """Red, green above; blue, yellow below."""
    pixels = np.empty((32, 64, 3), np.uint8)
    pixels[:16, :32], pixels[:16, 32:] = (200, 30, 30), (30, 160, 30)
    pixels[16:, :32], pixels[16:, 32:] = (30, 30, 200), (210, 200, 20)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def shown(data: bytes, extension: str, **limits: int) -> DecodedPhoto:
    """The photo, of the type that its bytes and its name tell."""
    found = sniff(data, len(data), f"a.{extension}")
    assert found.reason is None
    return decode(data, found.mime, LimitSettings(**limits), Wanted(1440, 4320))


def seen(photo: DecodedPhoto) -> NDArray[np.int_]:
    return to_srgb(photo.pixels, photo.mode, photo.icc).astype(int)


def with_profile(data: bytes, profile: bytes) -> bytes:
    """The file with an ICC profile for its colours, as other writers than Pillow give it one."""
    old = data.index(b"colr") - 4
    (size,) = struct.unpack_from(">I", data, old)
    new = struct.pack(">I4sBBB", len(profile) + 11, b"colr", 2, 0, 0) + profile
    header = data.index(b"jp2h") - 4
    (outer,) = struct.unpack_from(">I", data, header)
    grown = data[:header] + struct.pack(">I", outer - size + len(new)) + data[header + 4 : old]
    return grown + new + data[old + size :]


@pytest.mark.parametrize(
    ("format", "extension", "mode"),
    [(format, extension, mode) for format, extension in FORMATS for mode in MODES.get(format, "L RGB RGBA").split()],
)
def test_every_kind_is_shown_as_it_is(format: str, extension: str, mode: str) -> None:
    image = picture().convert(mode)
    photo = shown(encoded(image, format), extension)
    assert (photo.width, photo.height, photo.orientation, photo.frames) == (64, 32, 1, 1)
    np.testing.assert_allclose(seen(photo), np.asarray(image.convert("RGB"), int), atol=1)


def test_a_bare_codestream_is_read() -> None:
    photo = shown(encoded(picture(), "JPEG2000", no_jp2=True), "j2k")
    np.testing.assert_array_equal(seen(photo), np.asarray(picture(), int))


def test_a_profile_of_a_jpeg_2000_is_kept() -> None:
    photo = shown(with_profile(encoded(picture(), "JPEG2000"), adobe_rgb_profile()), "jp2")
    assert photo.icc == adobe_rgb_profile()
    assert seen(photo)[8, 16, 0] > 225


def test_a_profile_above_the_limit_is_refused() -> None:
    data = with_profile(encoded(picture(), "JPEG2000"), adobe_rgb_profile())
    with pytest.raises(ItemFault, match=r"limits\.icc_bytes"):
        shown(data, "jp2", icc_bytes=100)


def test_sixteen_bits_keep_their_tones() -> None:
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (32, 1))
    for format, extension in (("JPEG2000", "jp2"), ("PPM", "pgm")):
        row = seen(shown(encoded(Image.fromarray(ramp), format), extension))[16, :, 0]
        np.testing.assert_allclose(row, np.arange(256), atol=1)


@pytest.mark.parametrize(("format", "extension"), FORMATS)
def test_a_file_cut_off_is_unreadable_and_a_large_one_refused(format: str, extension: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8))
    data = encoded(noise, format)
    with pytest.raises(ItemFault) as caught:
        shown(data[: len(data) * 4 // 10], extension)
    assert caught.value.reason is Reason.UNREADABLE
    with pytest.raises(ItemFault) as caught:
        shown(data, extension, photo_pixels=10_799)
    assert caught.value.reason is Reason.TOO_LARGE
