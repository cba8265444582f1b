"""Text in a picture: where its lines are (PP-OCR's detector) and what they say (its recogniser)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.vision.network import Network

Picture = NDArray[np.uint8]

# The gate looks at a copy this large; below the share of its pixels that may be text, nothing is read.
GATE_SIDE = 480
GATE_SHARE = 0.0005
GATE_PROBABILITY = 0.3
# Lines are looked for in a copy this large, and read from all the pixels there are.
FIND_SIDE = 1280
STRIDE = 32
LINE_PROBABILITY = 0.3
LINE_SCORE = 0.5
UNCLIP = 1.6
MOST_LINES = 200
SHORTEST_LINE = 4
LINE_HEIGHT = 48
WIDEST_LINE = 2400
BATCH = 8
# Mean probability of a line's letters below which it is taken for texture.
READ_SCORE = 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text.

    Attributes
    ----------
    text : str
        What it says; never empty.
    score : float
        Mean probability of its letters, 0–1.
    x, y, width, height : float
        The upright box around it, as fractions of the picture.
    """

    text: str
    score: float
    x: float
    y: float
    width: float
    height: float


class TextReader:
    """Reads the lines of a picture, from the top.

    Parameters
    ----------
    detector, recogniser : Network
        PP-OCR, `x` to one output each: a map of probabilities, and per step of a line those of all letters.
    letters : sequence of str
        What the recogniser's classes from 1 on stand for; 0 is nothing, the last one a space.

    References
    ----------
    .. [1] M. Liao et al., "Real-time Scene Text Detection with Differentiable Binarization", 2020.
    .. [2] C. Li et al., "PP-OCRv3: More Attempts for the Improvement of Ultra Lightweight OCR System", 2022.
    """

    def __init__(self, detector: Network, recogniser: Network, letters: Sequence[str]) -> None:
        self._detector, self._recogniser = detector, recogniser
        self._letters = ["", *letters, " "]

    def may_hold_text(self, picture: Picture) -> bool:
        """The gate: whether a look at a small copy finds anything worth reading."""
        return float((self._map(picture, GATE_SIDE) > GATE_PROBABILITY).mean()) >= GATE_SHARE

    def read(self, picture: Picture) -> list[Line]:
        """Read a picture, shape (height, width, 3), uint8, upright, RGB; what the gate stops has no lines."""
        if not self.may_hold_text(picture):
            return []
        corners = self._find(picture)
        crops = [_straightened(picture, four) for four in corners]
        lines = []
        for four, (text, score) in zip(corners, self._recognise(crops), strict=True):
            if text and score >= READ_SCORE:
                height, width = picture.shape[:2]
                left, top = np.clip(four.min(axis=0) / (width, height), 0, 1)
                right, bottom = np.clip(four.max(axis=0) / (width, height), 0, 1)
                lines.append(Line(text, score, float(left), float(top), float(right - left), float(bottom - top)))
        return _in_reading_order(lines)

    def _map(self, picture: Picture, side: int) -> NDArray[np.float32]:
        """Probability of text, in a copy whose long side is at most `side`."""
        height, width = picture.shape[:2]
        factor = min(1.0, side / max(height, width))
        size = tuple(max(STRIDE, round(length * factor / STRIDE) * STRIDE) for length in (width, height))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        (found,) = self._detector.run({"x": _signed(small)[None]}).values()
        return np.asarray(found[0, 0], np.float32)

    def _find(self, picture: Picture) -> list[NDArray[np.float32]]:
        """Corners of the lines in pixels of the picture, each (4, 2): the upper left one first, then clockwise."""
        chances = self._map(picture, FIND_SIDE)
        mask = cv2.dilate((chances > LINE_PROBABILITY).astype(np.uint8), np.ones((2, 2), np.uint8))
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        scale = np.array(picture.shape[1::-1], np.float32) / chances.shape[::-1]
        found = []
        for outline in sorted(outlines, key=cv2.contourArea, reverse=True)[:MOST_LINES]:
            (centre, (one, other), angle) = cv2.minAreaRect(outline)
            if min(one, other) < SHORTEST_LINE or _mean_inside(chances, outline) < LINE_SCORE:
                continue
            # The network marks the core of a line; its letters reach this much further.
            grown = UNCLIP * one * other / (2 * (one + other))
            corners = cv2.boxPoints((centre, (one + 2 * grown, other + 2 * grown), angle)) * scale
            found.append(_clockwise(np.asarray(corners, np.float32)))
        return found

    def _recognise(self, crops: Sequence[Picture]) -> list[tuple[str, float]]:
        """Text and score of lines; lines of like lengths go together, so that little is padded."""
        order = sorted(range(len(crops)), key=lambda number: crops[number].shape[1] / crops[number].shape[0])
        read: list[tuple[str, float]] = [("", 0.0)] * len(crops)
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            widest = max(_line_width(crops[number]) for number in some)
            batch = np.zeros((len(some), 3, LINE_HEIGHT, widest), np.float32)
            for row, number in enumerate(some):
                width = _line_width(crops[number])
                batch[row, :, :, :width] = _signed(cv2.resize(crops[number], (width, LINE_HEIGHT)))
            (found,) = self._recogniser.run({"x": batch}).values()
            for row, number in enumerate(some):
                read[number] = self._decoded(found[row])
        return read

    def _decoded(self, chances: NDArray[np.float32]) -> tuple[str, float]:
        """Best letter a step; one that is repeated counts once unless nothing stands between."""
        best = chances.argmax(axis=1)
        kept = (best != 0) & (np.concatenate([[-1], best[:-1]]) != best)
        text = "".join(self._letters[letter] for letter in best[kept])
        return text.strip(), float(chances.max(axis=1)[kept].mean()) if kept.any() else 0.0


def _signed(picture: Any) -> NDArray[np.float32]:
    """Channels first, BGR, -1 to 1."""
    return np.ascontiguousarray((picture[..., ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1))


def _mean_inside(chances: NDArray[np.float32], outline: Any) -> float:
    x, y, width, height = cv2.boundingRect(outline)
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, [outline - (x, y)], 0, 1, cv2.FILLED)
    return float(cv2.mean(chances[y : y + height, x : x + width], mask)[0])


def _clockwise(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two leftmost and two rightmost points, each from the top."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = (half[np.argsort(half[:, 1], kind="stable")] for half in (by_x[:2], by_x[2:]))
    return np.stack([left[0], right[0], right[1], left[1]])


def _straightened(picture: Picture, corners: NDArray[np.float32]) -> Picture:
    """A line cut out and laid flat; one that stands on end is laid down."""
    width = max(1, math.ceil(max(np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[3] - corners[2]))))
    height = max(1, math.ceil(max(np.linalg.norm(corners[0] - corners[3]), np.linalg.norm(corners[1] - corners[2]))))
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turned = cv2.getPerspectiveTransform(corners, flat)
    cut = cv2.warpPerspective(picture, turned, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.rot90(cut) if height > 1.5 * width else cut, np.uint8)


def _line_width(crop: Picture) -> int:
    return int(np.clip(math.ceil(LINE_HEIGHT * crop.shape[1] / crop.shape[0]), LINE_HEIGHT // 2, WIDEST_LINE))


def _in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """From the top; what stands at one height from the left."""
    ordered: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.y + line.height / 2):
        middle = line.y + line.height / 2
        if ordered and abs(ordered[-1][-1].y + ordered[-1][-1].height / 2 - middle) < line.height / 2:
            ordered[-1].append(line)
        else:
            ordered.append([line])
    return [line for row in ordered for line in sorted(row, key=lambda line: line.x)]
