"""What is shown while a picture loads: a thumbhash and one colour."""

from __future__ import annotations

import cv2
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
    cells = cv2.calcHist([pixels], [0, 1, 2], None, [_LEVELS] * 3, [0, 256] * 3)
    fullest = np.array(np.unravel_index(cells.argmax(), cells.shape))
    width = 256 // _LEVELS
    inside = cv2.inRange(pixels, fullest * width, fullest * width + width - 1)
    red, green, blue = (round(mean) for mean in cv2.mean(pixels, inside)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"
