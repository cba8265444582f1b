"""A 64-bit fingerprint of how a picture looks: near-duplicates differ in few bits."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 32
BAND = 8
_BITS = np.uint64(1) << np.arange(63, -1, -1, dtype=np.uint64)


def perceptual_hash(picture: NDArray[np.uint8]) -> int:
    """Hash the low frequencies of a picture.

    Grey, reduced to 32 x 32, cosine-transformed; each of the lowest 8 x 8 frequencies gives one bit,
    whether it lies above their median. Recompression and resizing change few bits; turning and
    mirroring change about half, so pictures must be upright.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3), uint8
        Upright, RGB.

    Returns
    -------
    int
        Signed 64-bit, for a bigint column.

    References
    ----------
    .. [1] C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.
    """
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64)
    low = cv2.dct(grey)[:BAND, :BAND].ravel()
    bits = low > np.median(low)
    return int(_BITS[bits].sum(dtype=np.uint64).astype(np.int64))


def distance(a: int, b: int) -> int:
    """Bits in which two hashes differ.

    Parameters
    ----------
    a, b : int
        As `perceptual_hash` gives them.

    Returns
    -------
    int
        0–64.
    """
    return ((a ^ b) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()
