"""A lens told by its numbers, where nobody wrote down its name."""

from __future__ import annotations

import math
from collections.abc import Sequence


def lens_range(numbers: Sequence[float]) -> str | None:
    """Describe a lens.

    Parameters
    ----------
    numbers : sequence of float
        Shortest and longest focal length, millimetres, then the f-number at each; NaN or 0 where
        unknown (LensSpecification of EXIF, 4.6.6.8.4).

    Returns
    -------
    str or None
        `18-70mm f/3.5-4.5`, `50mm f/1.8`, `24mm`; None without focal lengths.
    """
    known = [number if math.isfinite(number) and number > 0 else 0.0 for number in numbers]
    shortest, longest, *apertures = (known + [0.0] * 4)[:4]
    if not shortest:
        return None
    lens = f"{_range(shortest, longest)}mm"
    return f"{lens} f/{_range(*apertures)}" if apertures[0] else lens


def _range(least: float, most: float) -> str:
    return f"{_short(least)}-{_short(most)}" if most and most != least else _short(least)


def _short(number: float) -> str:
    return f"{round(number, 1 if number >= 10 else 2):g}"
