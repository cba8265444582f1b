"""Which frame stands for a video: one that is lit, sharp, and not in the middle of a cut."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.media.video.frames import Candidate

_DARK, _BRIGHT = 24.0, 232.0
_CONTRAST = 40.0
_CUT = 30.0
_SHARP = 300.0
_SHOWS = 0.1
"""Below, a frame is black, white, or nothing but a blur."""


def best(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate with the highest score; of equals, the one nearest to a third of the way."""
    return max(
        candidates,
        key=lambda candidate: (round(score(candidate), 2), -abs(candidates.index(candidate) - len(candidates) / 3)),
    )


def others(candidates: Sequence[Candidate], chosen: Candidate, most: int) -> list[Candidate]:
    """The best of the rest, in time order; what shows nothing is not among them."""
    rest = sorted((each for each in candidates if each is not chosen), key=score, reverse=True)
    return sorted((each for each in rest[:most] if score(each) >= _SHOWS), key=lambda each: each.at)


def score(candidate: Candidate) -> float:
    """How good a frame is to look at, 0 to 1: the product of light, contrast, sharpness and calm."""
    small = candidate.small.astype(np.float32)
    return _light(small) * _ramp(float(small.std()), _CONTRAST) * _sharpness(candidate.small) * _calm(candidate)


def _light(small: NDArray[np.float32]) -> float:
    mean = float(small.mean())
    if mean < _DARK:
        return mean / _DARK
    return 1.0 if mean <= _BRIGHT else max(0.0, (255 - mean) / (255 - _BRIGHT))


def _sharpness(small: NDArray[np.uint8]) -> float:
    return 0.2 + 0.8 * _ramp(float(cv2.Laplacian(small, cv2.CV_32F).var()), _SHARP)


def _calm(candidate: Candidate) -> float:
    """A frame that the next one has little in common with is on its way out."""
    if candidate.following is None or candidate.following.shape != candidate.small.shape:
        return 1.0
    change = float(cv2.absdiff(candidate.small, candidate.following).mean())
    return 1.0 - 0.7 * _ramp(change, _CUT)


def _ramp(value: float, enough: float) -> float:
    return min(1.0, value / enough)
