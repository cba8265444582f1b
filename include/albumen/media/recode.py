"""Linear light in sixteen bits, brought to eight without losing its shadows: with the curve of sRGB put on it."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from albumen.media.icc import colorant_profile

_LEVELS = 65536
_MOST_TAGS = 100
# Light at a twentieth of the signal: 0.004 by the curves made for eight bits, 0.05 where signal is light.
_SHADOW, _SHADOW_LIGHT = _LEVELS // 20, 0.02
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}


class Recoding(NamedTuple):
    """Eight-bit numbers by sixteen-bit ones (65,536 of them), and the profile that they then have (None: sRGB)."""

    table: NDArray[np.uint8]
    icc: bytes | None


def recoding(icc: bytes) -> Recoding | None:
    """How to bring deep samples of this profile to eight bits.

    Parameters
    ----------
    icc : bytes
        A profile.

    Returns
    -------
    Recoding or None
        None where plain rounding serves: for curves like those of sRGB, and for profiles made of tables.

    References
    ----------
    ICC.1:2022, 10.6 (curveType), 10.18 (parametricCurveType); IEC 61966-2-1.
    """
    tags = _tags(icc)
    curves = {tags.get(name, b"") for name in ((b"kTRC",) if icc[16:20] == b"GRAY" else (b"rTRC", b"gTRC", b"bTRC"))}
    if len(curves) != 1 or any(name.startswith((b"A2B", b"D2B")) for name in tags):
        return None
    light = _light(curves.pop())
    if light is None or light[_SHADOW] < _SHADOW_LIGHT:
        return None
    signal = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    table = (signal * 255).round().astype(np.uint8)
    if icc[16:20] == b"GRAY":
        return Recoding(table, None)
    colorants = [tags.get(name, b"")[8:20] for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    if any(len(colorant) < 12 for colorant in colorants):
        return None
    red, green, blue = (np.frombuffer(colorant, ">i4").astype(float) / 65536 for colorant in colorants)
    return Recoding(table, colorant_profile(red, green, blue))


def _tags(icc: bytes) -> dict[bytes, bytes]:
    if len(icc) < 132:
        return {}
    count = min(int.from_bytes(icc[128:132], "big"), _MOST_TAGS, (len(icc) - 132) // 12)
    entries = (struct.unpack_from(">4s2I", icc, 132 + 12 * number) for number in range(count))
    return {name: icc[start : start + length] for name, start, length in entries}


def _light(curve: bytes) -> NDArray[np.float64] | None:
    """Light 0-1 of each of 65,536 signals; None for a curve that makes no sense."""
    signal = np.linspace(0, 1, _LEVELS)
    count = int.from_bytes(curve[8:12], "big")
    if curve.startswith(b"curv") and count == 0:
        return signal
    if curve.startswith(b"curv") and count == 1 and len(curve) >= 14:
        return np.asarray(signal ** (int.from_bytes(curve[12:14], "big") / 256))
    if curve.startswith(b"curv") and len(curve) >= 12 + 2 * count:
        samples = np.frombuffer(curve, ">u2", count, 12) / 65535
        return np.asarray(np.interp(signal, np.linspace(0, 1, count), samples))
    kind = int.from_bytes(curve[8:10], "big")
    needed = _PARAMETERS.get(kind, 0)
    if not curve.startswith(b"para") or not needed or len(curve) < 12 + 4 * needed:
        return None
    given = np.frombuffer(curve, ">i4", needed, 12) / 65536
    gamma, a, b, c, d, e, f = _completed(kind, [float(value) for value in given])
    above = np.maximum(a * signal + b, 0) ** gamma + e
    return np.asarray(np.nan_to_num(np.clip(np.where(signal >= d, above, c * signal + f), 0, 1)))


def _completed(kind: int, given: list[float]) -> list[float]:
    """The seven parameters of kind 4, which holds the others as special cases: g, a, b, c, d, e, f."""
    gamma, a, b, *rest = [*given, 1.0, 0.0][:3] if kind == 0 else given
    if kind == 3:
        return [gamma, a, b, rest[0], rest[1], 0.0, 0.0]
    if kind == 4:
        return [gamma, a, b, *rest]
    offset = rest[0] if rest else 0.0
    edge = -b / a if kind and a else 0.0
    return [gamma, a, b, 0.0, edge, offset, offset]
