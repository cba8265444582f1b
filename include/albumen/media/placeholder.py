"""What is shown while a picture loads: a thumbhash and one colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from albumen.media.geometry import fit, shrink
from albumen.media.thumbhash import encode

# The hash holds a handful of cosines: a larger picture would give the same.
_HASH_SIDE = 100
_LEVELS = 8


def thumbhash(pixels: NDArray[np.uint8]) -> bytes:
    """Thumbhash of an opaque sRGB picture.

    Parameters
    ----------
    pixels : ndarray of uint8
        Height x width x 3, RGB.

    Returns
    -------
    bytes
        Up to 25 bytes.

    References
    ----------
    Evan Wallace, ThumbHash, 2023.
    """
    height, width = pixels.shape[:2]
    small = shrink(pixels, *fit(width, height, short_side=_HASH_SIDE, long_side_max=_HASH_SIDE))
    return encode(small)


def dominant_colour(pixels: NDArray[np.uint8]) -> str:
    """The colour that most of the picture is near to, as `#rrggbb`.

    The mean of the fullest cell of an 8 x 8 x 8 grid over RGB: a colour that is really there,
    where the mean of a picture seldom is.

    Parameters
    ----------
    pixels : ndarray of uint8
        Height x width x 3, RGB.
    """
    flat = pixels.reshape(-1, 3)
    cells = (flat // (256 // _LEVELS)).astype(np.int32) @ np.array([_LEVELS * _LEVELS, _LEVELS, 1], np.int32)
    fullest = np.bincount(cells, minlength=_LEVELS**3).argmax()
    red, green, blue = flat[cells == fullest].mean(axis=0).round().astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
