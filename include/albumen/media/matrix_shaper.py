"""Profiles of three curves and a matrix, converted to sRGB by tables: several times quicker than a general engine.

Phones write such profiles into most of their photos. Only what this module reads wholly is
converted here; whether that comes out as it does from the general engine is for the caller to check.

References
----------
ICC.1:2022, sections 7 (profile), 8.3.3 (three-component matrix-based profiles), 10.6 (curveType),
10.18 (parametricCurveType) and annex F.3 (the model); IEC 61966-2-1 (sRGB).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.media.icc import SRGB, matrix_profile

Floats = NDArray[np.float64]
Curve = Callable[[Floats], Floats]

_LEVELS = 65535
_STRIP_PIXELS = 1 << 16
"""Pixels converted at a time: what lies between the tables stays in the processor's cache."""
_TAGS_MAX = 100
_SIGNAL = np.arange(256) / 255
_LIGHT = np.arange(_LEVELS + 1) / _LEVELS
_ENCODED = np.where(_LIGHT <= 0.0031308, 12.92 * _LIGHT, 1.055 * _LIGHT ** (1 / 2.4) - 0.055)
_TO_SIGNAL = (255 * _ENCODED).round().astype(np.uint8)[np.newaxis]
# Parameters of each function of a parametric curve, and which of g, a, b, c, d, e, f they are.
_PARAMETERS = ("g", "gab", "gabc", "gabcd", "gabcdef")


class _Unreadable(ValueError):
    """A profile of another kind, or a damaged one."""


@dataclass(frozen=True, slots=True)
class MatrixShaper:
    """A conversion to sRGB.

    Attributes
    ----------
    to_light : ndarray of uint16
        1 x 256 x 3: linear light of each channel's levels, 65535 is white.
    matrix : ndarray of float32
        3 x 3: linear light to that of sRGB.
    """

    to_light: NDArray[np.uint16] = field(repr=False)
    matrix: NDArray[np.float32]

    def convert(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Convert a picture, height x width x 3; colours outside sRGB are clipped channel by channel."""
        height, width = pixels.shape[:2]
        shown = np.empty((height, width, 3), np.uint8)
        rows = max(1, _STRIP_PIXELS // width)
        for top in range(0, height, rows):
            light = cv2.transform(cv2.LUT(pixels[top : top + rows], self.to_light), self.matrix)
            shown[top : top + rows] = cv2.LUT(light, _TO_SIGNAL)
        return shown


def matrix_shaper(icc: bytes) -> MatrixShaper | None:
    """The conversion of a profile; None where it is of another kind or damaged.

    Parameters
    ----------
    icc : bytes
        An ICC profile of RGB colours.
    """
    try:
        matrix, curves = _read(icc)
        to_srgb = np.linalg.inv(_read(matrix_profile(SRGB))[0]) @ matrix
        with np.errstate(all="ignore"):
            light = np.stack([curve(_SIGNAL) for curve in curves], axis=-1)
    except (_Unreadable, struct.error, np.linalg.LinAlgError):
        return None
    if not np.isfinite(light).all() or not np.isfinite(to_srgb).all():
        return None
    levels = (np.clip(light, 0, 1) * _LEVELS).round().astype(np.uint16)
    return MatrixShaper(levels[np.newaxis], to_srgb.astype(np.float32))


def _read(icc: bytes) -> tuple[Floats, list[Curve]]:
    """The colorants as columns, XYZ under D50, and the curves."""
    if icc[16:24] != b"RGB XYZ ":
        raise _Unreadable
    tags = _tags(icc)
    if b"A2B0" in tags or b"A2B1" in tags:
        # Its tables say more than its matrix, and go before it.
        raise _Unreadable
    try:
        columns = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
    except KeyError as error:
        raise _Unreadable from error
    return np.array(columns).T, curves


def _tags(icc: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    entries = [struct.unpack_from(">4sII", icc, 132 + 12 * number) for number in range(min(count, _TAGS_MAX))]
    return {name: icc[offset : offset + size] for name, offset, size in entries}


def _xyz(tag: bytes) -> list[float]:
    if tag[:4] != b"XYZ ":
        raise _Unreadable
    return [value / 65536 for value in struct.unpack_from(">3i", tag, 8)]


def _curve(tag: bytes) -> Curve:
    if tag[:4] == b"curv":
        return _sampled(tag)
    if tag[:4] == b"para":
        return _parametric(tag)
    raise _Unreadable


def _sampled(tag: bytes) -> Curve:
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return lambda signal: signal
    if count == 1:
        power = struct.unpack_from(">H", tag, 12)[0] / 256
        return lambda signal: np.asarray(signal**power)
    if len(tag) < 12 + 2 * count:
        raise _Unreadable
    samples = np.frombuffer(tag, ">u2", count, offset=12) / 65535
    return lambda signal: np.interp(signal, np.linspace(0, 1, count), samples)


def _parametric(tag: bytes) -> Curve:
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind >= len(_PARAMETERS):
        raise _Unreadable
    names = _PARAMETERS[kind]
    values = [value / 65536 for value in struct.unpack_from(f">{len(names)}i", tag, 12)]
    p = {**dict.fromkeys("abcdef", 0.0), "a": 1.0, **dict(zip(names, values, strict=True))}
    if kind in (1, 2):
        if not p["a"]:
            raise _Unreadable
        # Below the threshold the curve is flat: at zero, or at c, which is added above it too.
        p |= {"d": -p["b"] / p["a"], "e": p["c"], "f": p["c"], "c": 0.0}

    def light(signal: Floats) -> Floats:
        power = np.maximum(p["a"] * signal + p["b"], 0) ** p["g"] + p["e"]
        return np.asarray(np.where(signal >= p["d"], power, p["c"] * signal + p["f"]))

    return light
