"""One rendition of a photo, of any size up to the full one: upright, sRGB, without metadata."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from albumen.media.colour import to_srgb
from albumen.media.decoded import DecodedPhoto, Wanted
from albumen.media.decoders import decode
from albumen.media.geometry import shrink, turn_upright
from albumen.media.photo import JPEG_SIDE_MAX, EncodedPicture, as_jpeg, rendering, size_of_largest
from albumen.settings import LimitSettings

FULL_SIZE = Wanted(JPEG_SIDE_MAX, JPEG_SIDE_MAX)
"""Every pixel there is, down to what a JPEG can hold."""

_BAND_PIXELS = 4_000_000


def long_side(pixels: int) -> Wanted:
    """A size by its long side."""
    return Wanted(pixels, pixels)


def render_one(
    data: bytes, mime: str, *, size: Wanted, quality: int, subsampling: str, limits: LimitSettings
) -> EncodedPicture:
    """Make one JPEG of a photo; never larger than the photo is.

    Parameters
    ----------
    data : bytes
        The whole file.
    mime : str
        What its bytes are, as sniffed; the file's name has no say.
    size : Wanted
        The size asked for; no side may exceed 65,500 pixels.
    quality : int
        libjpeg's, 1 to 100.
    subsampling : str
        Of the colours: `420`, `422` or `444`.
    limits : LimitSettings
        What is refused before decoding.

    Raises
    ------
    ItemFault
        `unsupported`, `too_large` or `unreadable`, with the limit or the decoder's words.
    """
    with rendering():
        return as_jpeg(_upright_srgb(decode(data, mime, limits, size), size), quality, subsampling=subsampling)


def _upright_srgb(photo: DecodedPhoto, size: Wanted) -> NDArray[np.uint8]:
    pixels = shrink(photo.pixels, *size_of_largest(photo, size))
    if photo.mode != "RGB" or photo.icc is not None:
        pixels = _by_bands(pixels, photo)
    return np.ascontiguousarray(turn_upright(pixels, photo.orientation))


def _by_bands(pixels: NDArray[np.uint8], photo: DecodedPhoto) -> NDArray[np.uint8]:
    """A conversion holds its pixels several times over: of 300 megapixels that is more than a sandbox has."""
    height, width = pixels.shape[:2]
    converted = np.empty((height, width, 3), np.uint8)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        converted[top : top + rows] = to_srgb(pixels[top : top + rows], photo.mode, photo.icc)
    return converted
