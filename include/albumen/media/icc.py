"""ICC profiles made from primaries: for colour spaces that files name by a number or a tag instead of a profile."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]

_D65: Point = (0.3127, 0.3290)
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
# IEC 61966-2-1, as parameters g, a, b, c, d of ICC.1 parametricCurveType 3
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
# SMPTE ST 2084
_PQ_M1, _PQ_M2, _PQ_C1, _PQ_C2, _PQ_C3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875


class Primaries(NamedTuple):
    """CIE 1931 x, y of a colour space's red, green and blue, and of its white."""

    red: Point
    green: Point
    blue: Point
    white: Point = _D65

    def enclose_colours(self) -> bool:
        """Whether the three span a triangle around the white: numbers in files may be anything."""
        if any(not 0 <= x <= 1 or not 0 < y <= 1 for x, y in self):
            return False
        columns = np.stack([_to_xyz(point) for point in self[:3]], axis=1)
        return bool(
            abs(np.linalg.det(columns)) > _LEAST_VOLUME and np.linalg.solve(columns, _to_xyz(self.white)).min() > 0
        )


SRGB = Primaries((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE_RGB = Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = Primaries((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
DCI_P3 = DISPLAY_P3._replace(white=(0.314, 0.351))
BT2020 = Primaries((0.708, 0.292), (0.17, 0.797), (0.131, 0.046))

# ITU-T H.273 code points; BT.709 and BT.601 (1, 5, 6) lie close enough to sRGB to be shown as it.
_CICP_PRIMARIES = {9: BT2020, 11: DCI_P3, 12: DISPLAY_P3}
_CICP_POWERS = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
_PQ, _HLG = 16, 18
# Of three XYZ columns; that of BT.709 is 2.9.
_LEAST_VOLUME = 1e-3
_CURVE_STEPS = 1024
# ITU-R BT.2408: diffuse white of HDR pictures, and the peak that most are graded for; cd/m2.
_HDR_WHITE, _HDR_PEAK = 203.0, 1000.0


def cicp_profile(primaries: int, transfer: int) -> bytes | None:
    """The profile of the code points in a `nclx` box or `cICP` chunk; None: treat as sRGB.

    Parameters
    ----------
    primaries, transfer : int
        ColourPrimaries and TransferCharacteristics of ITU-T H.273.
    """
    light = {_PQ: _pq_light, _HLG: _hlg_light}.get(transfer)
    known = _CICP_PRIMARIES.get(primaries)
    if light is not None:
        signal = np.linspace(0, 1, _CURVE_STEPS)
        return matrix_profile(known or SRGB, tuple(_to_standard_range(light(signal))))
    power = _CICP_POWERS.get(transfer)
    return None if known is None and power is None else matrix_profile(known or SRGB, power)


def adobe_rgb_profile() -> bytes:
    """Adobe RGB (1998): gamma 563/256, for files that only name it (DCF interoperability `R03`)."""
    return matrix_profile(ADOBE_RGB, 563 / 256)


@lru_cache(maxsize=8)
def matrix_profile(primaries: Primaries, curve: float | tuple[float, ...] | None = None) -> bytes:
    """An ICC version 4 display profile of three primaries and one curve.

    Parameters
    ----------
    primaries : Primaries
        Red, green, blue and white.
    curve : float or tuple of float, optional
        From signal to light: a pure power, or equally spaced samples 0-1; by default the curve of sRGB.

    References
    ----------
    ICC.1:2022, sections 7 (header) and 10 (curveType, parametricCurveType, multiLocalizedUnicodeType, XYZType).
    """
    red, green, blue = _adapted(primaries).T
    return colorant_profile(red, green, blue, curve)


def colorant_profile(
    red: NDArray[np.float64],
    green: NDArray[np.float64],
    blue: NDArray[np.float64],
    curve: float | tuple[float, ...] | None = None,
) -> bytes:
    """As `matrix_profile`, of the XYZ of red, green and blue under D50."""
    tags = {
        b"desc": _text("Albumen RGB"),
        b"cprt": _text("CC0"),
        b"wtpt": _xyz(_D50_XYZ),
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(curve)),
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = b"", b""
    for name, value in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"\0" * 4, 0x04400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    header += struct.pack(">3i", *map(_s15, _D50_XYZ)) + b"\0" * 48
    return header + struct.pack(">I", len(tags)) + table + body


def _curve(curve: float | tuple[float, ...] | None) -> bytes:
    if isinstance(curve, tuple):
        samples = (np.clip(curve, 0, 1) * 65535).round().astype(">u2").tobytes()
        return struct.pack(">4sII", b"curv", 0, len(curve)) + samples
    if curve is not None:
        return struct.pack(">4sIHHi", b"para", 0, 0, 0, _s15(curve))
    return struct.pack(">4sIHH5i", b"para", 0, 3, 0, *map(_s15, _SRGB_CURVE))


def _pq_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light of a PQ signal 0-1 in cd/m2 (SMPTE ST 2084)."""
    root = signal ** (1 / _PQ_M2)
    return np.asarray(10000 * (np.maximum(root - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * root)) ** (1 / _PQ_M1))


def _pq_signal(light: NDArray[np.float64]) -> NDArray[np.float64]:
    power = (light / 10000) ** _PQ_M1
    return np.asarray(((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2)


def _hlg_light(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light of an HLG signal 0-1 on a display of 1000 cd/m2, in cd/m2 (ITU-R BT.2100)."""
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return np.asarray(_HDR_PEAK * np.clip(scene, 0, 1) ** 1.2)


def _to_standard_range(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tone-map to 0-1: shadows and midtones as they are, highlights rolled off (ITU-R BT.2390, EETF)."""
    peak, white = _pq_signal(np.array([_HDR_PEAK, _HDR_WHITE]))
    signal, target = np.minimum(_pq_signal(light) / peak, 1), white / peak
    knee = 1.5 * target - 0.5
    t = np.clip((signal - knee) / (1 - knee), 0, 1)
    rolled = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * target
    return np.asarray(_pq_light(np.where(signal < knee, signal, rolled) * peak) / _HDR_WHITE)


def _adapted(primaries: Primaries) -> NDArray[np.float64]:
    """The RGB to XYZ matrix, white moved to the profile connection space's D50 (Bradford)."""
    columns = np.stack([_to_xyz(point) for point in primaries[:3]], axis=1)
    white = _to_xyz(primaries.white)
    matrix = columns * np.linalg.solve(columns, white)
    cones = np.diag((_BRADFORD @ _D50_XYZ) / (_BRADFORD @ white))
    return np.asarray(np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ matrix)


def _to_xyz(point: Point) -> NDArray[np.float64]:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _s15(value: float) -> int:
    return round(min(max(value, -32768.0), 32767.0) * 65536)  # what the type holds


def _xyz(value: NDArray[np.float64]) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *map(_s15, value))


def _text(value: str) -> bytes:
    encoded = value.encode("utf-16-be")
    return struct.pack(">4s3I4s2I", b"mluc", 0, 1, 12, b"enUS", len(encoded), 28) + encoded
