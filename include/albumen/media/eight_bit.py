"""Whatever Pillow holds, as eight bits a channel on a white ground; in bands, so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from albumen.media.decoded import Mode

_PLAIN: dict[str, Mode] = {"L": "L", "RGB": "RGB", "CMYK": "CMYK", "LAB": "LAB"}
_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_GREY = frozenset({"1", "L", "LA", "La"})
_BAND_PIXELS = 4 * 1024**2
# The usual full scales of samples that do not say theirs, each with the brightest that it is taken for:
# light in floating point goes beyond its white, and is clipped there.
_WHITES: dict[str, tuple[tuple[float, float], ...]] = {
    "f": ((16.0, 1.0), (255.0, 255.0), (65535.0, 65535.0)),
    "i": ((255.0, 255.0), (65535.0, 65535.0), (2.0**31, 2.0**31 - 1)),
    "u": ((255.0, 255.0), (65535.0, 65535.0), (2.0**32, 2.0**32 - 1)),
}


def eight_bit(image: Image.Image) -> tuple[NDArray[np.uint8], Mode]:
    """The pixels of a loaded image, without alpha.

    Parameters
    ----------
    image : PIL.Image.Image
        In any mode; what is transparent becomes white.

    Returns
    -------
    pixels : ndarray of uint8
        Height x width, or height x width x channels.
    mode : str
        What the channels mean.
    """
    white = _white_of(image)
    pixels, mode = np.empty((0, 0), np.uint8), _PLAIN["RGB"]
    for top, bottom, band in bands(image):
        part, mode = _convert(band, white)
        if not top:
            pixels = np.empty((image.height, *part.shape[1:]), np.uint8)
        pixels[top:bottom] = part
    return pixels, mode


def bands(image: Image.Image) -> Iterator[tuple[int, int, Image.Image]]:
    """Cut an image into bands of full width.

    Yields
    ------
    tuple
        First row, row after the last, and the band.
    """
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        yield top, bottom, image.crop((0, top, image.width, bottom)) if bottom - top < image.height else image


def full_scale(brightest: float, kind: str) -> float:
    """The white of samples that do not say theirs: the least usual full scale that holds them all.

    Parameters
    ----------
    brightest : float
        The largest sample.
    kind : str
        `f`, `i` or `u`, as of numpy's `dtype.kind`.
    """
    return next((white for most, white in _WHITES[kind] if brightest <= most), brightest)


def scaled(values: NDArray[np.generic], white: float) -> NDArray[np.uint8]:
    """Samples as eight bits: 0 and below black, `white` and above 255."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0), alpha=255.0 / white), np.uint8)


def signs_turned(lab: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lab pixels with a* and b* from signed to 128 for zero, or back: only the latter can be averaged."""
    return lab ^ np.array([0, 0x80, 0x80], np.uint8)


def finite(samples: NDArray[np.generic]) -> NDArray[np.float32]:
    """Samples as floats; what is no number, or has no end, is black."""
    return np.asarray(np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0), np.float32)


def _white_of(image: Image.Image) -> float:
    if image.mode not in ("I", "F"):
        return 65535.0
    brightest = max(float(finite(np.asarray(band)).max()) for _, _, band in bands(image))
    return full_scale(brightest, "i" if image.mode == "I" else "f")


def _convert(band: Image.Image, white: float) -> tuple[NDArray[np.uint8], Mode]:
    see_through = band.info.get("transparency")
    if band.mode.startswith("I;16"):
        values = np.asarray(band)
        pixels = scaled(values, white)
        if isinstance(see_through, int):
            pixels[values == see_through] = 255
        return pixels, "L"
    if band.mode in ("I", "F"):
        return scaled(finite(np.asarray(band)), white), "L"
    if band.mode in _ALPHA or see_through is not None:
        return _on_white(band)
    mode = _PLAIN.get(band.mode, "L" if band.mode == "1" else "RGB")
    pixels = np.asarray(band if band.mode == mode else band.convert(mode), np.uint8)
    return signs_turned(pixels) if mode == "LAB" else pixels, mode


def _on_white(band: Image.Image) -> tuple[NDArray[np.uint8], Mode]:
    mode: Mode = "L" if band.mode in _GREY else "RGB"
    if band.mode not in ("LA", "RGBA"):
        band = band.convert("RGBA")
    alpha = band.getchannel("A")
    opaque = band.convert(mode)
    if alpha.getextrema() != (255, 255):
        ground = Image.new(mode, band.size, "white")
        ground.paste(opaque, mask=alpha)
        opaque = ground
    return np.asarray(opaque, np.uint8), mode
