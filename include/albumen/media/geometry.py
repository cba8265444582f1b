"""Sizes of renditions, scaling down, and turning upright."""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

# The step runs one child per core: a thread pool inside each would only make them wait for each other.
cv2.setNumThreads(1)

_WIDE_STEP = 3
"""Ratio from which area is as good as anything, and quick."""
_NEEDS_SMOOTHING = 2
_SOFT_PIXELS = 2_000_000
"""A picture with more pixels is a camera's own and soft enough: below a ratio of 2, smoothing it shows nowhere."""
_TURNS: dict[int, tuple[int | None, int | None]] = {
    # orientation: (cv2.flip code, cv2.rotate code); the flip comes first
    2: (1, None),
    3: (None, cv2.ROTATE_180),
    4: (0, None),
    5: (1, cv2.ROTATE_90_COUNTERCLOCKWISE),
    6: (None, cv2.ROTATE_90_CLOCKWISE),
    7: (1, cv2.ROTATE_90_CLOCKWISE),
    8: (None, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def fit(width: int, height: int, *, short_side: int, long_side_max: int) -> tuple[int, int]:
    """Size of a rendition: short side as asked, long side bounded, never larger than the original.

    Returns
    -------
    tuple of int
        Width and height in pixels, each at least 1.
    """
    scale = min(1.0, short_side / min(width, height), long_side_max / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrink(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scale down without aliasing.

    Parameters
    ----------
    pixels : ndarray of uint8
        Height x width, or height x width x channels.
    width, height : int
        The size wanted, pixels, not above that of `pixels`.
    """
    while min(pixels.shape[0] / height, pixels.shape[1] / width) >= 4:
        # Exact halving takes OpenCV's vectorised path, several times faster than one large step. An odd
        # last row or column is left out: less than half a pixel of the result, all rounds together.
        rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
        pixels = _resize(pixels[: 2 * rows, : 2 * columns], columns, rows, cv2.INTER_AREA)
    if pixels.shape[:2] == (height, width):
        return pixels
    # Measured against Lanczos on photos: each way is the nearest of the quick ones in its range.
    ratio = min(pixels.shape[0] / height, pixels.shape[1] / width)
    if ratio >= _WIDE_STEP:
        return _resize(pixels, width, height, cv2.INTER_AREA)
    if ratio >= _NEEDS_SMOOTHING or pixels.shape[0] * pixels.shape[1] <= _SOFT_PIXELS:
        return _resize(_smooth(pixels, ratio), width, height, cv2.INTER_CUBIC)
    return _resize(pixels, width, height, cv2.INTER_LINEAR if ratio > 4 / 3 else cv2.INTER_CUBIC)


def _smooth(pixels: NDArray[np.uint8], ratio: float) -> MatLike:
    """Take away what a cubic step of this ratio would alias: three pixels each way, the more the wider the step."""
    share = (ratio - 1) / 4
    if share >= 1 / 3:
        return cv2.blur(pixels, (3, 3))
    weights = np.array([share, 1 - 2 * share, share])
    return cv2.sepFilter2D(pixels, -1, weights, weights)


def _resize(pixels: MatLike, width: int, height: int, method: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)


def turn_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation (tag 0x0112, Exif 2.32 section 4.6.5); values outside 2-8 change nothing."""
    flip, rotation = _TURNS.get(orientation, (None, None))
    if flip is not None:
        pixels = np.asarray(cv2.flip(pixels, flip), np.uint8)
    if rotation is not None:
        pixels = np.asarray(cv2.rotate(pixels, rotation), np.uint8)
    return pixels


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Width and height after turning."""
    return (height, width) if orientation in (5, 6, 7, 8) else (width, height)
