"""Photoshop documents: the composite in every depth, packing and colour mode that has one."""

from __future__ import annotations

import contextlib
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from albumen.media.colour import to_srgb
from albumen.media.decode_psd import MIME, decode
from albumen.media.decoded import DecodedPhoto, Wanted
from albumen.media.icc import adobe_rgb_profile
from albumen.media.photo import render
from albumen.media.sniff import sniff
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 30), (30, 30, 200), (210, 200, 20)
BITMAP, GREY, INDEXED, RGB, CMYK, MULTICHANNEL, DUOTONE, LAB = 0, 1, 2, 3, 4, 7, 8, 9
RAW, PACKBITS, ZIP, PREDICTED = range(4)
PROFILE, VERSION_INFO = 0x040F, 0x0421


def quadrants(width: int = 64, height: int = 32) -> NDArray[np.uint8]:
    """Red, green above; blue, yellow below."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, YELLOW
    return pixels


def planes(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.ascontiguousarray(np.moveaxis(np.atleast_3d(pixels), -1, 0))


def pack_bits(row: bytes) -> bytes:
    """Runs of two bytes and more as runs, the rest one by one."""
    out, at = b"", 0
    while at < len(row):
        run = 1
        while at + run < len(row) and run < 128 and row[at + run] == row[at]:
            run += 1
        out += bytes((257 - run & 0xFF, row[at])) if run > 1 else bytes((0, row[at]))
        at += run
    return out


def predicted(channels: NDArray[np.generic]) -> bytes:
    """Each sample as its difference to the one before; of floats first all first bytes of a row, then all second."""
    if channels.dtype.itemsize == 4:
        count, height, width = channels.shape
        rows = channels.astype(">f4").view(np.uint8).reshape(count, height, width, 4).swapaxes(2, 3)
        channels = np.ascontiguousarray(rows).reshape(count, height, 4 * width)
    steps = channels.copy()
    steps[:, :, 1:] -= channels[:, :, :-1]
    return steps.astype(steps.dtype.newbyteorder(">")).tobytes()


def psd(
    channels: NDArray[np.generic],
    colour_mode: int = RGB,
    *,
    width: int | None = None,
    large: bool = False,
    packing: int = PACKBITS,
    palette: bytes = b"",
    resources: dict[int, bytes] | None = None,
    layers: int = 0,
) -> bytes:
    """A document of these channels: channel x row x column; of bitmaps, whose width is not that of their bytes."""
    count, height = channels.shape[:2]
    depth = 1 if colour_mode == BITMAP else 8 * channels.dtype.itemsize
    rows = channels.astype(channels.dtype.newbyteorder(">")).tobytes()
    row_bytes = len(rows) // (count * height)
    body = struct.pack(">H", packing)
    if packing == PACKBITS:
        packed = [pack_bits(rows[at : at + row_bytes]) for at in range(0, len(rows), row_bytes)]
        body += b"".join(len(row).to_bytes(4 if large else 2, "big") for row in packed) + b"".join(packed)
    elif packing == ZIP:
        body += zlib.compress(rows)
    else:
        body += zlib.compress(predicted(channels)) if packing == PREDICTED else rows
    section = b"".join(
        b"8BIM" + struct.pack(">HHI", kind, 0, len(value)) + value + b"\0" * (len(value) % 2)
        for kind, value in (resources or {}).items()
    )
    size = ">Q" if large else ">I"
    layer_info = struct.pack(size, 4) + struct.pack(">hH", layers, 0) if layers else b""
    head = struct.pack(
        ">4sH6xHIIHH", b"8BPS", 2 if large else 1, count, height, width or channels.shape[2], depth, colour_mode
    )
    return (
        head
        + struct.pack(">I", len(palette))
        + palette
        + struct.pack(">I", len(section))
        + section
        + struct.pack(size, len(layer_info))
        + layer_info
        + body
    )


def shown(data: bytes, **limits: int) -> DecodedPhoto:
    return decode(data, MIME, LimitSettings(**limits), Wanted(1440, 4320))


def fault_of(data: bytes, **limits: int) -> ItemFault:
    with pytest.raises(ItemFault) as caught:
        shown(data, **limits)
    return caught.value


@pytest.mark.parametrize("packing", [RAW, PACKBITS, ZIP, PREDICTED])
@pytest.mark.parametrize("large", [False, True], ids=["PSD", "PSB"])
@pytest.mark.parametrize("depth", [8, 16])
def test_integers_come_as_they_are(packing: int, large: bool, depth: int) -> None:
    samples = quadrants() if depth == 8 else quadrants().astype(np.uint16) * 257
    photo = shown(psd(planes(samples), packing=packing, large=large))
    assert (photo.mode, photo.width, photo.height, photo.orientation) == ("RGB", 64, 32, 1)
    np.testing.assert_array_equal(photo.pixels, quadrants())


@pytest.mark.parametrize("packing", [RAW, PACKBITS, ZIP, PREDICTED])
def test_floats_are_linear_light(packing: int) -> None:
    light = np.tile(np.array([-1, 0, 0.0021, 0.2140, 1, 7, np.nan], np.float32), (4, 1))
    photo = shown(psd(planes(light), GREY, packing=packing, resources={PROFILE: adobe_rgb_profile()}))
    np.testing.assert_allclose(photo.pixels[2].astype(int), [0, 0, 7, 127, 255, 255, 0], atol=1)
    assert photo.icc is None


def test_a_profile_is_kept() -> None:
    photo = shown(psd(planes(quadrants()), resources={PROFILE: adobe_rgb_profile()}))
    assert photo.icc == adobe_rgb_profile()


@pytest.mark.parametrize("colour_mode", [GREY, DUOTONE])
def test_grey_and_duotone_are_shown_grey(colour_mode: int) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256).repeat(4, axis=0)
    photo = shown(psd(planes(ramp), colour_mode))
    assert photo.mode == "L"
    np.testing.assert_array_equal(photo.pixels, ramp)


@pytest.mark.parametrize("packing", [RAW, PACKBITS])
def test_a_set_bit_is_black(packing: int) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (9, 21), np.uint8)
    photo = shown(psd(planes(np.packbits(bits, axis=1)), BITMAP, width=21, packing=packing))
    np.testing.assert_array_equal(photo.pixels, np.where(bits, 0, 255))


def test_a_palette_gives_its_colours() -> None:
    palette = np.zeros((256, 3), np.uint8)
    palette[:4] = RED, GREEN, BLUE, YELLOW
    index = np.array([[0, 1], [2, 3]], np.uint8).repeat(8, 0).repeat(8, 1)
    photo = shown(psd(planes(index), INDEXED, palette=palette.T.tobytes()))
    assert photo.mode == "RGB"
    np.testing.assert_array_equal(photo.pixels, palette[index])


def test_inks_are_stored_inverted() -> None:
    inks = np.zeros((8, 8, 4), np.uint8)
    inks[:, 4:] = (0, 255, 255, 0)
    photo = shown(psd(planes(255 - inks), CMYK))
    assert photo.mode == "CMYK"
    np.testing.assert_array_equal(photo.pixels, inks)
    seen = to_srgb(photo.pixels, photo.mode, photo.icc)
    np.testing.assert_array_equal(seen[0, 0], (255, 255, 255))
    assert seen[0, 7, 0] > 200
    assert seen[0, 7, 1:].max() < 80


@pytest.mark.parametrize("depth", [8, 16])
def test_lab_is_shown_in_its_colours(depth: int) -> None:
    lab = ImageCms.createProfile("LAB", 5000)
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
    converted = np.asarray(ImageCms.applyTransform(Image.fromarray(quadrants()), transform), np.uint8).copy()
    converted[:, :, 1:] ^= 0x80
    stored = converted if depth == 8 else converted.astype(np.uint16) * 257
    photo = shown(psd(planes(stored), LAB))
    seen = to_srgb(photo.pixels, photo.mode, photo.icc)
    # Eight bits of Lab are coarse where sRGB is dark.
    np.testing.assert_allclose(seen.astype(int), quadrants(), atol=14)


def test_further_channels_change_nothing() -> None:
    masked = np.dstack([quadrants(), np.zeros((32, 64, 2), np.uint8)])
    np.testing.assert_array_equal(shown(psd(planes(masked), layers=-2)).pixels, quadrants())


@pytest.mark.parametrize("blended", [True, False])
def test_what_is_transparent_is_white_whether_its_writer_blended_it_or_not(blended: bool) -> None:
    alpha = np.zeros((32, 64), np.uint8)
    alpha[:, :32], alpha[:, 32:40] = 255, 128
    expected = quadrants().astype(float)
    share = alpha[..., np.newaxis] / 255
    expected = expected * share + 255 * (1 - share)
    written = expected.round().astype(np.uint8) if blended else quadrants()
    document = psd(planes(np.dstack([written, alpha])), layers=-1)
    np.testing.assert_allclose(shown(document).pixels.astype(float), expected, atol=1)
    assert not np.allclose(shown(psd(planes(np.dstack([quadrants(), alpha])), layers=1)).pixels, expected, atol=1)


def test_a_document_without_its_composite_is_unsupported_and_says_so() -> None:
    def with_info(merged: int) -> bytes:
        return psd(planes(quadrants()), resources={VERSION_INFO: struct.pack(">IB", 1, merged) + bytes(12)})

    fault = fault_of(with_info(0))
    assert (fault.reason, "without its composite" in fault.detail) == (Reason.UNSUPPORTED, True)
    assert shown(with_info(1)).width == 64


def test_multichannel_is_unsupported_by_name() -> None:
    fault = fault_of(psd(planes(quadrants()), MULTICHANNEL))
    assert (fault.reason, "multichannel" in fault.detail) == (Reason.UNSUPPORTED, True)


def test_limits_are_kept_by_the_header() -> None:
    data = psd(planes(quadrants()), layers=-12, resources={PROFILE: adobe_rgb_profile()})
    assert shown(data, photo_pixels=2048, photo_layers=12).width == 64
    for limits, words in (
        ({"photo_pixels": 2047}, "64 x 32 = 2048 pixels, limit 2047 (limits.photo_pixels)"),
        ({"photo_layers": 11}, "12 layers, limit 11 (limits.photo_layers)"),
        ({"icc_bytes": 100}, "limits.icc_bytes"),
    ):
        fault = fault_of(data, **limits)
        assert fault.reason is Reason.TOO_LARGE
        assert words in fault.detail


@pytest.mark.parametrize("packing", [RAW, PACKBITS, ZIP, PREDICTED])
def test_a_file_cut_off_is_unreadable(packing: int) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    data = psd(planes(noise), packing=packing)
    for kept in (0.001, 0.01, 0.4, 0.99):
        fault = fault_of(data[: int(len(data) * kept)])
        assert fault.reason is Reason.UNREADABLE
        assert "cut off" in fault.detail


def test_a_bomb_unpacks_to_no_more_than_its_picture() -> None:
    bomb = psd(planes(np.zeros((8, 8, 3), np.uint8)), packing=RAW)[:-192][:-2] + struct.pack(">H", ZIP)
    photo = shown(bomb + zlib.compress(bytes(64 * 1024**2), 9))
    assert photo.pixels.nbytes == 192


@given(st.binary(max_size=120), st.integers(0, 80))
def test_damage_raises_nothing_but_a_fault_of_the_item(noise: bytes, at: int) -> None:
    data = psd(planes(quadrants(16, 8)), layers=2, resources={PROFILE: b"profile"})
    with contextlib.suppress(ItemFault):
        shown(data[:at] + noise + data[at + len(noise) :], photo_pixels=100_000)


def test_the_whole_way_from_bytes_to_a_preview() -> None:
    data = psd(planes(quadrants(640, 480)))
    assert sniff(data, len(data), "a.psd").reason is None
    rendered = render(data, MIME, renditions=RenditionSettings(), limits=LimitSettings())
    assert Image.open(BytesIO(rendered.preview.data)).size == (rendered.width, rendered.height) == (640, 480)


def corpus() -> Path | None:
    beside = (parent.parent / "shared" / "corpus" for parent in Path(__file__).resolve().parents)
    return next((path for path in beside if path.is_dir()), None)


@pytest.mark.skipif(corpus() is None, reason="the shared corpus is not beside this checkout")
def test_pillow_sees_the_same_in_a_real_document() -> None:
    folder = corpus()
    assert folder is not None
    path = folder / "camera" / "exiftool" / "Photoshop.psd"
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGB"))
    photo = shown(path.read_bytes())
    np.testing.assert_array_equal(to_srgb(photo.pixels, photo.mode, None), expected)
