"""Profiles of curves and a matrix by tables: as the general engine converts them, and harmless where damaged."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from albumen.media.colour import to_srgb
from albumen.media.icc import ADOBE_RGB, BT2020, DISPLAY_P3, SRGB, matrix_profile
from albumen.media.matrix_shaper import matrix_shaper

STEPS = np.linspace(0, 255, 18).round().astype(np.uint8)
COLOURS = np.stack(np.meshgrid(STEPS, STEPS, STEPS), axis=-1).reshape(-1, len(STEPS), 3)
SAMPLES = tuple(np.linspace(0, 1, 300) ** 1.9)


def by_general_engine(icc: bytes) -> NDArray[np.uint8]:
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    source, target = ImageCms.ImageCmsProfile(BytesIO(icc)), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(Image.fromarray(COLOURS), source, target, intent, flags=flags)
    return np.asarray(converted, np.uint8)


def with_curve(curve: bytes) -> bytes:
    """A Display P3 profile whose three curves are this tag."""
    icc = bytearray(matrix_profile(DISPLAY_P3))
    (count,) = struct.unpack_from(">I", icc, 128)
    for entry in range(132, 132 + 12 * count, 12):
        if icc[entry : entry + 4].endswith(b"TRC"):
            struct.pack_into(">II", icc, entry + 4, len(icc), len(curve))
    icc += curve
    struct.pack_into(">I", icc, 0, len(icc))
    return bytes(icc)


def parametric(kind: int, *values: float) -> bytes:
    return struct.pack(f">4sIHH{len(values)}i", b"para", 0, kind, 0, *(round(value * 65536) for value in values))


PROFILES = {
    "Display P3": matrix_profile(DISPLAY_P3),
    "Adobe RGB": matrix_profile(ADOBE_RGB, 563 / 256),
    "BT.2020": matrix_profile(BT2020),
    "sampled": matrix_profile(DISPLAY_P3, SAMPLES),
    "identity": with_curve(struct.pack(">4sII", b"curv", 0, 0)),
    "gamma of curv": with_curve(struct.pack(">4sIIH", b"curv", 0, 1, round(1.8 * 256))),
    "para 0": with_curve(parametric(0, 2.2)),
    "para 1": with_curve(parametric(1, 2.4, 1.05, -0.05)),
    "para 2": with_curve(parametric(2, 2.2, 1.05, -0.05, 0.0)),
    "para 3": with_curve(parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
    "para 4": with_curve(parametric(4, 2.2, 0.9, 0.05, 0.3, 0.1, 0.01, 0.0)),
}


@pytest.mark.parametrize("icc", PROFILES.values(), ids=PROFILES)
def test_every_kind_of_curve_gives_what_the_general_engine_gives(icc: bytes) -> None:
    shaper = matrix_shaper(icc)
    assert shaper is not None
    assert np.abs(shaper.convert(COLOURS).astype(int) - by_general_engine(icc)).max() <= 1


def test_a_profile_of_srgb_moves_nothing() -> None:
    shaper = matrix_shaper(matrix_profile(SRGB))
    assert shaper is not None
    np.testing.assert_array_equal(shaper.convert(COLOURS), COLOURS)


@pytest.mark.parametrize("shape", [(1, 1), (1, 70_000), (700, 300), (3, 65_535)])
def test_pictures_of_any_shape_are_converted_whole(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (*shape, 3), dtype=np.uint8)
    shaper = matrix_shaper(PROFILES["Display P3"])
    assert shaper is not None
    flat = shaper.convert(pixels.reshape(1, -1, 3))
    np.testing.assert_array_equal(shaper.convert(pixels).reshape(1, -1, 3), flat)


def test_a_profile_cut_off_anywhere_is_none_or_whole() -> None:
    whole = PROFILES["sampled"]
    expected = matrix_shaper(whole)
    assert expected is not None
    for length in range(0, len(whole), 3):
        found = matrix_shaper(whole[:length])
        assert found is None or np.isfinite(found.matrix).all()


def test_damaged_numbers_cost_nothing_but_the_profile() -> None:
    random = np.random.default_rng(7)
    for _ in range(400):
        icc = bytearray(PROFILES["para 4"])
        for place in random.integers(16, len(icc), 6):
            icc[place] = random.integers(0, 256)
        found = matrix_shaper(bytes(icc))
        if found is not None:
            assert found.convert(COLOURS).shape == COLOURS.shape
        assert to_srgb(COLOURS, "RGB", bytes(icc)).shape == COLOURS.shape


@pytest.mark.parametrize("space", ["GRAY", "Lab "])
def test_other_kinds_of_profile_are_left_to_the_general_engine(space: str) -> None:
    icc = bytearray(PROFILES["Display P3"])
    icc[16:20] = space.encode()
    assert matrix_shaper(bytes(icc)) is None


def test_tables_go_before_the_matrix() -> None:
    icc = PROFILES["Display P3"].replace(b"cprt", b"A2B0", 1)
    assert matrix_shaper(icc) is None
