"""Colour management: whatever a photo's numbers mean, out come sRGB pixels."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from albumen.media.decoded import Mode
from albumen.media.eight_bit import signs_turned
from albumen.media.matrix_shaper import MatrixShaper, matrix_shaper

# Both rules of the open web's renderers: keep in-gamut colours as they are, map black to black.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_PROFILE_MODES: dict[str, Mode] = {"RGB": "RGB", "CMYK": "CMYK", "GRAY": "L", "Lab": "LAB"}
# A profile that moves no colour by more than this is sRGB under one of its many names.
_SAME_COLOUR = 2
# A library has a handful; each may be as large as `limits.icc_bytes`.
_PROFILES_KEPT = 8
_STEPS = np.array([0, 32, 64, 96, 128, 160, 192, 224, 255], np.uint8)
_GREYS = np.repeat(_STEPS[np.newaxis, :, np.newaxis], 3, axis=2)
# Of the greys from black to white that a profile of RGB has to keep in order, and how far apart its ends are at least.
_STEP_BACK, _LEAST_RANGE = 8, 100
_PROBE = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), axis=-1).reshape(-1, len(_STEPS), 3)


def to_srgb(pixels: NDArray[np.uint8], mode: Mode, icc: bytes | None) -> NDArray[np.uint8]:
    """Convert to sRGB by the embedded profile; a broken or unfitting profile is as none.

    Parameters
    ----------
    pixels : ndarray of uint8
        Height x width (`L`) or height x width x channels.
    mode : str
        `L`, `RGB`, `CMYK` or `LAB`.
    icc : bytes or None
        The ICC profile; None: the numbers are taken for sRGB (or plain inks, or D50 Lab).

    Returns
    -------
    ndarray of uint8
        Height x width x 3, contiguous.
    """
    profile_mode = _mode_of_profile(icc) if icc else None
    if mode == "L" and profile_mode != "L":
        # A grey picture tagged with an RGB profile: its greys are that space's R = G = B.
        pixels, mode = np.repeat(pixels[:, :, np.newaxis], 3, axis=2), "RGB"
    if profile_mode != mode:
        icc = None
    if mode == "RGB" and icc is None:
        return np.ascontiguousarray(pixels)
    transform = _transform(mode, icc)
    if transform is None:
        return np.ascontiguousarray(pixels) if mode == "RGB" else _without_profile(pixels, mode)
    shaper = _shaper(icc) if mode == "RGB" and icc else None
    return _applied(transform, pixels, mode) if shaper is None else shaper.convert(pixels)


def _applied(transform: ImageCms.ImageCmsTransform, pixels: NDArray[np.uint8], mode: Mode) -> NDArray[np.uint8]:
    return np.asarray(ImageCms.applyTransform(_image(pixels, mode), transform), np.uint8)


def _image(pixels: NDArray[np.uint8], mode: Mode) -> Image.Image:
    height, width = pixels.shape[:2]
    if mode == "LAB":
        pixels = signs_turned(pixels)
    return Image.frombytes(mode, (width, height), np.ascontiguousarray(pixels).tobytes())


def _without_profile(pixels: NDArray[np.uint8], mode: Mode) -> NDArray[np.uint8]:
    if mode == "LAB":
        return np.repeat(pixels[:, :, :1], 3, axis=2)
    return np.asarray(_image(pixels, mode).convert("RGB"), np.uint8)


@lru_cache(maxsize=_PROFILES_KEPT)
def _mode_of_profile(icc: bytes) -> Mode | None:
    try:
        space = ImageCms.ImageCmsProfile(BytesIO(icc)).profile.xcolor_space
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
    return _PROFILE_MODES.get(space.strip())


@lru_cache(maxsize=_PROFILES_KEPT)
def _transform(mode: Mode, icc: bytes | None) -> ImageCms.ImageCmsTransform | None:
    """The transform to sRGB; None where there is nothing to do, or no way to do it."""
    if icc is None and mode != "LAB":
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(icc)) if icc else ImageCms.createProfile("LAB", 5000)
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", _INTENT, _FLAGS)
        if mode == "RGB" and (_changes_nothing(transform) or not _keeps_greys_in_order(transform)):
            return None
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
    return transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    return _difference(_applied(transform, _PROBE, "RGB"), _PROBE) <= _SAME_COLOUR


def _keeps_greys_in_order(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether lighter comes out lighter: of a profile of zeros it does not, and every colour of it is noise."""
    light = _applied(transform, _GREYS, "RGB").mean(axis=2)[0]
    return bool((np.diff(light) >= -_STEP_BACK).all() and light[-1] - light[0] >= _LEAST_RANGE)


@lru_cache(maxsize=_PROFILES_KEPT)
def _shaper(icc: bytes) -> MatrixShaper | None:
    """The quick conversion of a profile, where it gives what the general one does, to a level."""
    shaper, transform = matrix_shaper(icc), _transform("RGB", icc)
    if shaper is None or transform is None:
        return None
    same = _difference(shaper.convert(_PROBE), _applied(transform, _PROBE, "RGB")) <= 1
    return shaper if same else None


def _difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    return int(np.abs(one.astype(np.int16) - other).max())
