"""Is this the same picture, whether recompressed, resized, cropped, turned, mirrored or brightened?

Candidates are found by a vector that turning leaves nearly alone; a registration of two miniatures decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 48
COARSE = 32
BAND = 8
AMBIGUOUS = 1.0
"""Deciding frequencies weaker than the root mean square of all are tried with either sign."""
LEAST_STRUCTURE = 0.6
"""Cosine of two structures below which no registration is tried."""
SAME = 0.93
PLAINLY_SAME = 0.985
MOST_DIFFERENT = 0.18
"""How much the details of a sixteenth may differ, as a share of what they are: two portraits in one studio are alike
but for eyes and mouth. Measured in docs/quality.md."""
PARTS_A_SIDE = 4
DETAIL = (1.0, 2.0)
"""Details are what lies between two blurs, standard deviations in pixels: any finer is lost in a crop."""
CLIPPED = 20
UNEVEN = 1.5
"""How much stronger or weaker than elsewhere the details of a sixteenth may be: a brighter copy is clipped here and
there."""
LEAST_COMPARED = 0.1
WHOLE = 0.99
SMALLEST_SCALE, LARGEST_SCALE, LEAST_OVERLAP = 0.75, 1.3, 0.75
ITERATIONS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
GAUSS = 3
EVERYWHERE = np.ones((SIDE, SIDE), np.uint8)
FLAT = 2.0
"""Standard deviation, in grey values, below which a picture has no structure to compare."""

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Alike:
    """How alike two pictures are, 0-1 (correlation where they overlap), and how the second is turned.

    `turned` counts quarter turns, plus 4 if it is mirrored.
    """

    score: float
    turned: int


def miniature(picture: NDArray[np.uint8]) -> bytes:
    """The picture in 48 x 48 grey values, row by row.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3), uint8
        RGB.
    """
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).tobytes()


def structure(small: bytes) -> NDArray[np.float32]:
    """The vector a picture is found by.

    The lowest 8 x 8 frequencies of the miniature without the mean, turned and mirrored so that the two lowest of
    them are positive and the horizontal one is the stronger; of length 1, or 0 for a picture without any structure.

    Parameters
    ----------
    small : bytes
        As `miniature` gives it.

    Returns
    -------
    ndarray, shape (64,), float32
    """
    return _canonical(_frequencies(_grey(small)), ambiguous=0.0)[0]


def probes(small: bytes) -> list[NDArray[np.float32]]:
    """The vectors to look for a picture with: where it hardly tells how it is turned, one for each way."""
    return _canonical(_frequencies(_grey(small)), ambiguous=AMBIGUOUS)


def same_picture(a: bytes, b: bytes) -> Alike | None:
    """Whether two miniatures show the same picture, however turned, within a crop of about a tenth.

    References
    ----------
    .. [1] G. D. Evangelidis, E. Z. Psarakis, "Parametric image alignment using enhanced correlation coefficient
       maximization", 2008.
    """
    first, second = _grey(a), _grey(b)
    if min(float(first.std()), float(second.std())) < FLAT:
        return None
    mine = _unit(_frequencies(first))
    turns = [(float(mine @ _unit(_frequencies(_turn(second, turned)))), turned) for turned in range(8)]
    best: Alike | None = None
    for likeness, turned in sorted(turns, reverse=True)[:2]:
        if likeness < LEAST_STRUCTURE:
            break
        score = _registered(first, _turn(second, turned))
        if score is not None and (best is None or score > best.score):
            best = Alike(min(score, 1.0), turned)
        if best and best.score >= PLAINLY_SAME:
            break
    return best


def _grey(small: bytes) -> Grey:
    return np.frombuffer(small, np.uint8).reshape(SIDE, SIDE).astype(np.float32)


def _turn(grey: Grey, turned: int) -> Grey:
    return np.ascontiguousarray(np.rot90(grey[:, ::-1] if turned >= 4 else grey, turned % 4))


def _frequencies(grey: Grey) -> NDArray[np.float32]:
    coarse = cv2.resize(grey, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
    low: Grey = np.asarray(cv2.dct(coarse)[:BAND, :BAND], np.float32).copy()
    low[0, 0] = 0
    return low


def _unit(low: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = low.ravel()
    length = float(np.linalg.norm(flat))
    return flat / length if length > BAND * FLAT else np.zeros_like(flat)


def _canonical(low: NDArray[np.float32], *, ambiguous: float) -> list[NDArray[np.float32]]:
    """Mirroring changes the sign of every other frequency, a quarter turn swaps the axes and mirrors."""
    across, down = float(low[0, 1]), float(low[1, 0])
    usual = ambiguous * float(np.sqrt(np.mean(low**2)))
    alternate = (-1.0) ** np.arange(BAND, dtype=np.float32)
    signs_across = (1, -1) if abs(across) < usual else (1 if across >= 0 else -1,)
    signs_down = (1, -1) if abs(down) < usual else (1 if down >= 0 else -1,)
    swaps = (False, True) if abs(abs(across) - abs(down)) < usual else (abs(down) > abs(across),)
    found = []
    for sign_across, sign_down, swap in product(signs_across, signs_down, swaps):
        turned = low * (alternate[None, :] if sign_across < 0 else 1) * (alternate[:, None] if sign_down < 0 else 1)
        found.append(_unit(turned.T if swap else turned).astype(np.float32))
    return found


def _registered(a: Grey, b: Grey) -> float | None:
    """The correlation of two pictures laid over one another as well as can be, of which either may be cut off.

    None unless the whole and its details are the same.
    """
    plain = _compared(a, b, np.ones_like(a, dtype=bool))
    if plain is not None and plain >= PLAINLY_SAME:
        return plain
    found = [plain, _warped(a, b), _warped(b, a)]
    return max((score for score in found if score is not None), default=None)


def _warped(a: Grey, b: Grey) -> float | None:
    try:
        _, warp = cv2.findTransformECC(
            a, b, np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, ITERATIONS, EVERYWHERE, GAUSS
        )
    except cv2.error:  # it does not converge: they are not alike
        return None
    scales = np.linalg.svd(warp[:, :2])[1]
    if scales[0] > LARGEST_SCALE or scales[1] < SMALLEST_SCALE:
        return None
    there = cv2.warpAffine(np.ones_like(b), warp, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    overlap = there > WHOLE
    if overlap.mean() < LEAST_OVERLAP:
        return None
    moved = cv2.warpAffine(b, warp, (SIDE, SIDE), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    return _compared(a, np.asarray(moved, np.float32), overlap)


def _compared(a: Grey, b: Grey, where: NDArray[np.bool_]) -> float | None:
    score = _correlation(a, b, where)
    return score if score >= SAME and _differ(a, b, where) <= MOST_DIFFERENT else None


def _differ(a: Grey, b: Grey, where: NDArray[np.bool_]) -> float:
    """How much the details differ where they differ most, 0 where there are none to compare.

    What is nearly black or white in either picture is left out; a brighter copy's details are stronger.
    """
    for grey in (a, b):
        where = where & (grey > CLIPPED) & (grey < 255 - CLIPPED)
    inside = cv2.erode(where.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if inside.mean() < LEAST_COMPARED:
        return 0.0
    first, second = _details(a, where), _details(b, where)
    strengths = [float(np.sqrt(np.mean(one[inside] ** 2))) for one in (first, second)]
    if max(strengths) < FLAT:
        return 0.0
    usual = _gain(first[inside], second[inside])
    side, apart = SIDE // PARTS_A_SIDE, 0.0
    for y, x in product(range(0, SIDE, side), repeat=2):
        part = np.s_[y : y + side, x : x + side]
        if (chosen := inside[part]).mean() >= 0.5:
            mine, theirs = first[part][chosen], second[part][chosen]
            gain = min(max(_gain(mine, theirs), usual / UNEVEN), usual * UNEVEN)
            apart = max(apart, float(np.mean((mine - gain * theirs) ** 2)))
    return float(np.sqrt(apart)) / max(float(np.sqrt(strengths[0] * strengths[1])), 1.0)


def _gain(mine: Grey, theirs: Grey) -> float:
    return max(0.0, float(mine @ theirs)) / max(float(theirs @ theirs), FLAT)


def _details(grey: Grey, where: NDArray[np.bool_]) -> Grey:
    weights = where.astype(np.float32)

    def blurred(deviation: float) -> Grey:
        total = cv2.GaussianBlur(grey * weights, (0, 0), deviation)
        return np.asarray(total / np.maximum(cv2.GaussianBlur(weights, (0, 0), deviation), 1e-3), np.float32)

    finer, coarser = DETAIL
    return blurred(finer) - blurred(coarser)


def _correlation(a: Grey, b: Grey, where: NDArray[np.bool_]) -> float:
    x, y = a[where] - a[where].mean(), b[where] - b[where].mean()
    length = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / length if length else 0.0
