"""Colours by profile: the same colour must come out of every colour space."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from albumen.media.colour import to_srgb
from albumen.media.icc import ADOBE_RGB, DISPLAY_P3, SRGB, Primaries, adobe_rgb_profile, cicp_profile, matrix_profile
from albumen.media.photo import decode_rendition, render
from albumen.settings import LimitSettings, RenditionSettings

# In-gamut sRGB colours, each a patch.
PATCHES = np.array(
    [[200, 60, 50], [60, 160, 70], [50, 70, 180], [220, 200, 80], [128, 128, 128], [240, 240, 240], [20, 20, 20]], float
)


def linear(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def xyz_matrix(primaries: Primaries) -> NDArray[np.float64]:
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries[:3]]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return columns * np.linalg.solve(columns, white)


def lab(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    xyz = linear(srgb / 255) @ xyz_matrix(SRGB).T
    ratio = xyz / (xyz_matrix(SRGB) @ np.ones(3))
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


def delta_e(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1976."""
    return np.asarray(np.linalg.norm(lab(a) - lab(b), axis=1))


def in_space(primaries: Primaries, gamma: float | None) -> NDArray[np.uint8]:
    """The patches' numbers in another RGB space, by its definition."""
    light = linear(PATCHES / 255) @ (np.linalg.inv(xyz_matrix(primaries)) @ xyz_matrix(SRGB)).T
    if gamma is None:
        encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.abs(light) ** (1 / 2.4) - 0.055)
    else:
        encoded = np.abs(light) ** (1 / gamma)
    return np.asarray((np.clip(encoded, 0, 1) * 255).round(), np.uint8)


def picture(patches: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.repeat(np.repeat(patches[np.newaxis], 32, axis=0), 32, axis=1))


def seen(data: bytes, mime: str) -> NDArray[np.float64]:
    photo = render(data, mime, renditions=RenditionSettings(preview_quality=98), limits=LimitSettings())
    return decode_rendition(photo.preview.data)[16, 16::32].astype(float)


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


SPACES = [(DISPLAY_P3, None, matrix_profile(DISPLAY_P3)), (ADOBE_RGB, 563 / 256, adobe_rgb_profile())]


@pytest.mark.parametrize(("primaries", "gamma", "icc"), SPACES, ids=["Display P3", "Adobe RGB"])
@pytest.mark.parametrize(
    ("format", "mime", "options"),
    [
        ("JPEG", "image/jpeg", {"quality": 98, "subsampling": 0}),
        ("PNG", "image/png", {}),
        ("TIFF", "image/tiff", {}),
        ("WEBP", "image/webp", {"lossless": True}),
        ("AVIF", "image/avif", {"quality": 98}),
        ("HEIF", "image/heic", {"quality": 98}),
    ],
)
def test_wide_colours_are_shown_as_they_are(
    format: str, mime: str, options: dict[str, object], primaries: Primaries, gamma: float | None, icc: bytes
) -> None:
    data = encoded(picture(in_space(primaries, gamma)), format, icc_profile=icc, **options)
    assert delta_e(seen(data, mime), PATCHES).max() < 4


def test_without_the_profile_the_same_numbers_would_be_wrong() -> None:
    data = encoded(picture(in_space(ADOBE_RGB, 563 / 256)), "PNG")
    assert delta_e(seen(data, "image/png"), PATCHES).max() > 10


def test_adobe_rgb_named_only_by_the_camera_is_honoured() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0xA001: 0xFFFF, 0xA005: {1: "R03"}})
    image = picture(in_space(ADOBE_RGB, 563 / 256))
    data = encoded(image, "JPEG", quality=98, subsampling=0, exif=exif)
    assert delta_e(seen(data, "image/jpeg"), PATCHES).max() < 4


def test_an_srgb_profile_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.random.default_rng(3).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for icc in (srgb, matrix_profile(SRGB), None):
        np.testing.assert_array_equal(to_srgb(pixels, "RGB", icc), pixels)


@pytest.mark.parametrize("icc", [b"", b"rubbish", bytes(128), adobe_rgb_profile()[:200], adobe_rgb_profile()[:400]])
def test_a_broken_profile_is_as_none(icc: bytes) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(to_srgb(pixels, "RGB", icc), pixels)


def test_a_profile_of_zeros_is_as_none() -> None:
    icc = matrix_profile(SRGB)
    for number in range(3):
        (at,) = struct.unpack_from(">I", icc, icc.index(b"rgb"[number : number + 1] + b"XYZ", 128) + 4)
        icc = icc[: at + 8] + bytes(12) + icc[at + 20 :]
    assert ImageCms.ImageCmsProfile(BytesIO(icc)).profile.xcolor_space == "RGB "
    pixels = np.random.default_rng(3).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(to_srgb(pixels, "RGB", icc), pixels)


def test_a_grey_photo_with_an_rgb_profile_stays_grey() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    shown = to_srgb(grey, "L", adobe_rgb_profile()).astype(int)
    assert np.ptp(shown, axis=2).max() <= 2
    assert np.abs(shown[..., 0] - grey).max() < 12


def test_an_rgb_profile_on_inks_is_ignored() -> None:
    inks = np.zeros((4, 4, 4), np.uint8)
    np.testing.assert_array_equal(to_srgb(inks, "CMYK", adobe_rgb_profile()), np.full((4, 4, 3), 255))


def test_inks_without_a_profile_are_subtracted_from_white() -> None:
    image = Image.new("CMYK", (64, 32), (0, 255, 255, 0))
    for format, mime in (("JPEG", "image/jpeg"), ("TIFF", "image/tiff")):
        assert delta_e(seen(encoded(image, format), mime)[:1], np.array([[255.0, 0, 0]])).max() < 4


def test_lab_is_converted() -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB", 5000), "RGB", "LAB")
    image = ImageCms.applyTransform(picture(PATCHES.astype(np.uint8)), to_lab)
    assert image is not None
    assert delta_e(seen(encoded(image, "TIFF"), "image/tiff"), PATCHES).max() < 4


def test_code_points_name_the_wide_spaces() -> None:
    assert cicp_profile(1, 13) is None
    assert cicp_profile(2, 2) is None
    assert cicp_profile(12, 13) == matrix_profile(DISPLAY_P3)


@pytest.mark.parametrize("transfer", [16, 18])
def test_high_dynamic_range_is_rolled_off_into_standard(transfer: int) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 256, 1), 3, axis=2)
    shown = to_srgb(ramp, "RGB", cicp_profile(9, transfer))[0, :, 1].astype(int)
    assert shown[0] == 0
    assert shown[255] == 255
    assert (np.diff(shown) >= 0).all()
    # Half the PQ or HLG signal is a midtone (about 90 and 50 cd/m2), not the dull grey of its bare number.
    assert 110 < shown[128] < 200
