"""Scaling down: near to Lanczos at every ratio, for fine patterns too, and to the size asked for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from albumen.media.geometry import fit, shrink


def detailed(width: int, height: int) -> NDArray[np.uint8]:
    """Coarse shapes with edges, and a zone plate whose rings grow finer than any pixel grid can hold."""
    coarse = np.random.default_rng(2).integers(0, 256, (height // 40 + 1, width // 40 + 1, 3), dtype=np.uint8)
    shapes = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.NEAREST), float)
    y, x = np.mgrid[:height, :width]
    rings = 127.5 + 127.5 * np.cos(((x - width / 2) ** 2 + (y - height / 2) ** 2) * np.pi / (width * 1.2))
    return np.asarray((0.6 * shapes + 0.4 * rings[..., np.newaxis]).round(), np.uint8)


def lanczos(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS), np.uint8)


@pytest.mark.parametrize("ratio", [1.05, 1.2, 1.33, 1.5, 1.75, 1.92, 2.0, 2.3, 2.6, 2.88, 3.3, 4.0, 5.76, 9.7])
def test_every_ratio_is_near_to_lanczos(ratio: float) -> None:
    pixels = detailed(1200, 900)
    width, height = round(1200 / ratio), round(900 / ratio)
    shown = shrink(pixels, width, height)
    assert shown.shape == (height, width, 3)
    off = np.abs(shown.astype(int) - lanczos(pixels, width, height))
    assert off.mean() < 6
    # Picking pixels, which is what aliasing comes to, is several times further off from a ratio of 2.
    picked = pixels[np.linspace(0, 899, height).round().astype(int)][:, np.linspace(0, 1199, width).round().astype(int)]
    if ratio >= 1.9:
        assert off.mean() < 0.5 * np.abs(picked.astype(int) - lanczos(pixels, width, height)).mean()


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (1, 5000), (5000, 2), (33, 1001)])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_a_flat_picture_stays_flat_in_every_shape(shape: tuple[int, int], channels: tuple[int, ...]) -> None:
    pixels = np.full((*shape, *channels), 77, np.uint8)
    for ratio in (1, 1.3, 2.1, 2.9, 3.5, 11):
        width, height = max(1, round(shape[1] / ratio)), max(1, round(shape[0] / ratio))
        shown = shrink(pixels, width, height)
        assert shown.shape == (height, width, *channels)
        assert (shown == 77).all()


def test_the_size_there_already_costs_nothing() -> None:
    pixels = detailed(80, 60)
    assert shrink(pixels, 80, 60) is pixels


def test_sides_are_rounded_and_never_zero() -> None:
    assert fit(4032, 3024, short_side=1440, long_side_max=4320) == (1920, 1440)
    assert fit(20_000, 10, short_side=1440, long_side_max=4320) == (4320, 2)
    assert fit(30_000, 1, short_side=250, long_side_max=16_383) == (16_383, 1)
    assert fit(100, 80, short_side=250, long_side_max=16_383) == (100, 80)
