"""Placeholders: small, right, and quick to draw."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from albumen.media.placeholder import dominant_colour, thumbhash


def drawn(found: bytes) -> NDArray[np.float64]:
    """The likeness that a thumbhash stands for, by the published format: height x width x 3, 0 to 255."""
    head, shape = int.from_bytes(found[:3], "little"), int.from_bytes(found[3:5], "little")
    short, landscape = max(1, shape & 7), shape >> 15
    nx, ny = (7, short) if landscape else (short, 7)
    width, height = (32, round(32 * ny / nx)) if nx > ny else (round(32 * nx / ny), 32)
    nibbles = iter([(byte >> shift & 15) / 7.5 - 1 for byte in found[5:] for shift in (0, 4)])
    y, x = np.mgrid[:height, :width]

    def channel(dc: float, scale: float, nx: int, ny: int) -> NDArray[np.float64]:
        total = np.full((height, width), dc)
        for cy in range(ny):
            for cx in range(nx):
                if (cx or cy) and cx * ny < nx * (ny - cy):
                    wave = np.cos(np.pi / width * (x + 0.5) * cx) * np.cos(np.pi / height * (y + 0.5) * cy)
                    total = total + 2 * scale * next(nibbles) * wave
        return total

    luma = channel((head & 63) / 63, (head >> 18 & 31) / 31, max(3, nx), max(3, ny))
    yellow_blue = channel((head >> 6 & 63) / 31.5 - 1, (shape >> 3 & 63) / 63 * 1.25, 3, 3)
    red_green = channel((head >> 12 & 63) / 31.5 - 1, (shape >> 9 & 63) / 63 * 1.25, 3, 3)
    blue = luma - 2 / 3 * yellow_blue
    red = (3 * luma - blue + red_green) / 2
    return np.clip(np.stack([red, red - red_green, blue], axis=2), 0, 1) * 255


def two_halves(height: int = 60, width: int = 90) -> NDArray[np.uint8]:
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = (200, 40, 40), (40, 40, 200)
    return pixels


def test_the_hash_draws_the_picture_it_was_made_of() -> None:
    likeness = drawn(thumbhash(two_halves()))
    height, width = likeness.shape[:2]
    assert width > height
    left, right = likeness[:, : width // 4].mean((0, 1)), likeness[:, -width // 4 :].mean((0, 1))
    assert left[0] > left[2] + 80
    assert right[2] > right[0] + 80


def test_the_average_is_kept() -> None:
    likeness = drawn(thumbhash(np.full((50, 50, 3), (180, 90, 30), np.uint8)))
    np.testing.assert_allclose(likeness.mean((0, 1)), (180, 90, 30), atol=8)


def test_a_known_picture_has_its_known_hash() -> None:
    # One grey: average 0.5, no waves. Five header bytes by the published layout, then 26 level nibbles.
    found = thumbhash(np.full((32, 32, 3), 128, np.uint8))
    header = int.from_bytes(found[:3], "little")
    assert header & 63 == round(63 * 128 / 255)
    assert (header >> 6) & 63 == (header >> 12) & 63 == round(31.5)
    assert header >> 23 == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (250, 333), (100, 100), (4320, 2)])
def test_every_shape_has_a_hash(shape: tuple[int, int]) -> None:
    assert 4 <= len(thumbhash(np.full((*shape, 3), 77, np.uint8))) <= 25


def test_the_dominant_colour_is_one_that_is_there() -> None:
    pixels = two_halves()
    pixels[:, 30:] = (40, 40, 200)
    assert dominant_colour(pixels) == "#2828c8"


def test_one_pixel_is_its_own_dominant_colour() -> None:
    assert dominant_colour(np.array([[[1, 2, 255]]], np.uint8)) == "#0102ff"
