"""ThumbHash: a picture's blurred likeness in some twenty bytes.

Ours, since the compiled package has no wheels for every Python we support and the ones in plain
Python take longer than decoding the photo. Opaque pictures only: ours are flattened.

References
----------
Evan Wallace, ThumbHash, 2023: the format, its constants and its order of coefficients.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LUMA_TERMS = 7
CHROMA_TERMS = 3
NOISE = 1e-9
"""A flat channel's waves are rounding errors, which differ from machine to machine."""

Floats = NDArray[np.float64]


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Thumbhash of a small opaque picture.

    Parameters
    ----------
    pixels : ndarray of uint8
        Height x width x 3, RGB; 100 x 100 is plenty.
    """
    height, width = pixels.shape[:2]
    red, green, blue = np.moveaxis(pixels.astype(np.float64) / 255, 2, 0)
    luma, yellow_blue, red_green = (red + green + blue) / 3, (red + green) / 2 - blue, red - green
    terms_x = max(1, _round(LUMA_TERMS * width / max(width, height)))
    terms_y = max(1, _round(LUMA_TERMS * height / max(width, height)))
    l_dc, l_scale, l_ac = _cosines(luma, max(3, terms_x), max(3, terms_y))
    p_dc, p_scale, p_ac = _cosines(yellow_blue, CHROMA_TERMS, CHROMA_TERMS)
    q_dc, q_scale, q_ac = _cosines(red_green, CHROMA_TERMS, CHROMA_TERMS)
    head = _round(63 * l_dc) | _round(31.5 + 31.5 * p_dc) << 6 | _round(31.5 + 31.5 * q_dc) << 12
    head |= _round(31 * l_scale) << 18
    is_landscape = width > height
    shape = (terms_y if is_landscape else terms_x) | _round(63 * p_scale) << 3 | _round(63 * q_scale) << 9
    shape |= int(is_landscape) << 15
    nibbles = [_round(15 * value) for value in [*l_ac, *p_ac, *q_ac]]
    if len(nibbles) % 2:
        nibbles.append(0)
    packed = bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return int(head).to_bytes(3, "little") + int(shape).to_bytes(2, "little") + packed


def _cosines(channel: Floats, nx: int, ny: int) -> tuple[float, float, list[float]]:
    """Mean, largest coefficient, and the others scaled to 0 to 1, in the format's order."""
    height, width = channel.shape
    grid = _basis(height, ny).T @ channel @ _basis(width, nx) / (width * height)
    values = [float(grid[cy, cx]) for cx, cy in _order(nx, ny)]
    scale = max(map(abs, values[1:]), default=0.0)
    if scale < NOISE:
        return values[0], 0.0, [0.0] * len(values[1:])
    return values[0], scale, [0.5 + 0.5 / scale * value for value in values[1:]]


@lru_cache(maxsize=256)
def _basis(size: int, terms: int) -> Floats:
    """Cosines at the pixels' centres: size x terms."""
    return np.asarray(np.cos(np.pi / size * np.outer(np.arange(size) + 0.5, np.arange(terms))), np.float64)


@lru_cache(maxsize=64)
def _order(nx: int, ny: int) -> list[tuple[int, int]]:
    """The (x, y) frequencies that are kept: a triangle, row by row, the mean first."""
    return [(cx, cy) for cy in range(ny) for cx in range(nx) if cx * ny < nx * (ny - cy)]


def _round(value: float) -> int:
    return math.floor(value + 0.5)
