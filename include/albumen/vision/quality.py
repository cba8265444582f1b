"""How good a picture is to look at: sharp, well exposed, with contrast, large enough, and if not, why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 1024
GRID = 16
MIN_TILE = 8
# The share of tiles with the strongest edges that decides: a portrait's soft background is no fault.
EDGE_TILES = 12 / 256
# First-derivative energy (grey levels squared) that noise and compression give a flat wall.
FLAT_ENERGY = 2.0
# Acuity of an edge that reads as sharpness 0.5; between the least of sharp photos and the most of blurred ones.
HALF_ACUITY = 0.45

BLURRED_BELOW = 0.5
# Skin has fewer edges than most of a picture: sharp faces measure 0.58 to 0.8, slightly blurred ones 0.3 to 0.4.
FACES_BLURRED_BELOW = 0.45
# A face smaller than this in the copy has too few pixels to tell.
LEAST_FACE_SIDE = 40
DARK_BELOW = 32.0
BRIGHT_ABOVE = 223.0
CLIPPED_SHARE = 0.35
LOW_CONTRAST_BELOW = 0.15
TINY_BELOW = 320
NOISY_BELOW = 0.4
# Grain (standard deviation of grey levels in the most even tenth) of a picture that is nothing else.
MOST_GRAIN = 12.0
# Half as wide again as a tile of the coder, so that its steps count for little.
GRAIN_TILE = 12
# From here on, more contrast or more pixels make no picture better.
ENOUGH_CONTRAST = 0.4
ENOUGH_SIDE = 640

# Step vectors (dy, dx) of the four directions in which edges are judged.
DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured, each 0 (bad) to 1 (good).

    Attributes
    ----------
    score : float
        All together.
    sharpness : float
        Of the sharpest parts, in the direction in which they are least sharp.
    exposure : float
        1 where mean brightness is ordinary and nothing is clipped.
    contrast : float
        Spread between the 5th and 95th percentile of grey.
    noise : float
        1 where even parts are even, 0 where they are grain.
    resolution : float
        1 from a short side of 640 pixels on.
    reasons : tuple of str
        Of `blurred`, `blurred_faces`, `dark`, `overexposed`, `low_contrast`, `noisy`, `tiny`, those that hold.
    faces : float or None
        Sharpness of the faces, larger ones weighing more; None where none is known or large enough.
    """

    score: float
    sharpness: float
    exposure: float
    contrast: float
    noise: float
    resolution: float
    reasons: tuple[str, ...]
    faces: float | None = None


Box = tuple[float, float, float, float]


def assess(picture: NDArray[np.uint8], faces: Sequence[Box] = ()) -> Quality:
    """Judge a picture.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3), uint8
        RGB.
    faces : sequence of (left, top, width, height)
        Fractions of the picture. What is behind people may be sharp and they not, or they and not what is behind:
        where there are faces, these and the picture count alike.

    Returns
    -------
    Quality
    """
    height, width = picture.shape[:2]
    factor = min(1.0, MAX_SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if factor < 1 else picture
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    sharpness = _sharpness(edge_acuity(grey))
    of_faces = _sharpness_of_faces(grey, faces)
    counts = np.bincount(grey.ravel(), minlength=256)
    shares = np.cumsum(counts) / grey.size
    mean = float(counts @ np.arange(256) / grey.size)
    crushed, blown = float(shares[2]), float(1 - shares[252])
    exposure = _exposure(mean, crushed, blown)
    low, high = np.searchsorted(shares, (0.05, 0.95))
    contrast = float(high - low) / 255
    noise = max(0.0, 1 - grain(grey) / MOST_GRAIN)
    reasons = {
        "blurred": sharpness < BLURRED_BELOW,
        "blurred_faces": of_faces is not None and of_faces < FACES_BLURRED_BELOW,
        "dark": mean < DARK_BELOW,
        "overexposed": mean > BRIGHT_ABOVE or blown > CLIPPED_SHARE,
        "low_contrast": contrast < LOW_CONTRAST_BELOW,
        "noisy": noise < NOISY_BELOW,
        "tiny": min(height, width) < TINY_BELOW,
    }
    spread = min(1.0, contrast / ENOUGH_CONTRAST)
    extent = min(1.0, min(height, width) / ENOUGH_SIDE)
    # A product, not a sum: any one that fails outright spoils the picture.
    clear = sharpness if of_faces is None else (sharpness * of_faces) ** 0.5
    score = clear**0.5 * (exposure * spread * extent) ** 0.25 * (0.8 + 0.2 * noise)
    told = tuple(name for name, holds in reasons.items() if holds)
    return Quality(score, sharpness, exposure, contrast, noise, extent, told, of_faces)


def edge_acuity(grey: NDArray[np.uint8]) -> float:
    """How steep the steepest edges are, whatever their height.

    Per direction: energy of the second derivative over that of the first, in the tiles with most of
    the first. Blur spreads an edge and lowers the ratio; contrast cancels out of it. Blur by motion
    lowers it in one direction only, so the least of the directions counts.

    Parameters
    ----------
    grey : ndarray, shape (height, width), uint8

    Returns
    -------
    float
        0 for flat pictures; about 0.2 for strongly blurred, 1 to 2 for sharp ones.
    """
    height, width = grey.shape
    grid = (min(GRID, width // MIN_TILE), min(GRID, height // MIN_TILE))
    if min(grid) < 1:
        return 0.0
    pixels = grey.astype(np.float32)
    tiles = max(1, round(EDGE_TILES * grid[0] * grid[1]))
    ratios = []
    for dy, dx in DIRECTIONS:
        span = float(dy * dy + dx * dx)
        first, second = _kernels(dy, dx)
        slope = _tile_energy(pixels, first, grid) / span
        bend = _tile_energy(pixels, second, grid) / span**2
        steepest = np.argpartition(slope, -tiles)[-tiles:]
        ratios.append(float(np.median(bend[steepest] / (slope[steepest] + FLAT_ENERGY))))
    return min(ratios)


def grain(grey: NDArray[np.uint8]) -> float:
    """Standard deviation of noise, in grey levels, where the picture is most even.

    Parameters
    ----------
    grey : ndarray, shape (height, width), uint8

    Returns
    -------
    float
        0 for pictures smaller than a tile.

    References
    ----------
    .. [1] J. Immerkaer, "Fast Noise Variance Estimation", 1996.
    """
    rows, columns = (side // GRAIN_TILE for side in grey.shape)
    if min(rows, columns) < 1:
        return 0.0
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    filtered = np.abs(cv2.filter2D(grey.astype(np.float32), cv2.CV_32F, kernel))
    tiles = cv2.resize(filtered, (columns, rows), interpolation=cv2.INTER_AREA)
    # For white noise the mean absolute response is sigma x 6 x sqrt(2 / pi).
    return float(np.quantile(tiles, 0.1)) / (6 * float(np.sqrt(2 / np.pi)))


def _sharpness(acuity: float) -> float:
    return acuity / (acuity + HALF_ACUITY)


def _sharpness_of_faces(grey: NDArray[np.uint8], faces: Sequence[Box]) -> float | None:
    """Mean by area; None without a face of enough pixels."""
    height, width = grey.shape
    found = []
    for left, top, across, down in faces:
        rows = slice(max(0, int(top * height)), max(0, int((top + down) * height)))
        columns = slice(max(0, int(left * width)), max(0, int((left + across) * width)))
        face = np.ascontiguousarray(grey[rows, columns])
        if min(face.shape) >= LEAST_FACE_SIDE:
            found.append((face.size, _sharpness(edge_acuity(face))))
    if not found:
        return None
    return float(sum(area * sharpness for area, sharpness in found) / sum(area for area, _ in found))


def _kernels(dy: int, dx: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """First and second central difference along a direction, 3 x 3."""
    first, second = np.zeros((3, 3), np.float32), np.zeros((3, 3), np.float32)
    first[1 + dy, 1 + dx], first[1 - dy, 1 - dx] = 0.5, -0.5
    second[1 + dy, 1 + dx] = second[1 - dy, 1 - dx] = 1.0
    second[1, 1] = -2.0
    return first, second


def _tile_energy(
    pixels: NDArray[np.float32], kernel: NDArray[np.float32], grid: tuple[int, int]
) -> NDArray[np.float32]:
    """Mean square of the filtered pixels per tile; reducing by area is that mean."""
    filtered = cv2.filter2D(pixels, cv2.CV_32F, kernel)
    energy = cv2.resize(cv2.multiply(filtered, filtered), grid, interpolation=cv2.INTER_AREA)
    return np.asarray(energy, np.float32).ravel()


def _exposure(mean: float, crushed: float, blown: float) -> float:
    """1 between a quarter and three quarters of brightness, falling to 0 at black, white and full clipping."""
    brightness = min(1.0, mean / 64, (255 - mean) / 64)
    return max(0.0, brightness * (1 - crushed) * (1 - blown))
