"""Objects in a picture, by name and place: YOLOX, which runs only where a setting names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.vision.network import Network

STRIDES = (8, 16, 32)
FILL = 114
"""Grey of what the picture does not fill, as in training."""
LEAST_SCORE = 0.3
OVERLAP = 0.45
MOST_OBJECTS = 50
NAMES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "television", "laptop", "mouse", "remote", "keyboard",
    "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair dryer", "toothbrush",
)  # fmt: skip
"""The classes of COCO, in the order of a model's outputs."""


@dataclass(frozen=True, slots=True)
class Object:
    """One object.

    Attributes
    ----------
    name : str
        One of `NAMES`.
    score : float
        0–1.
    x, y, width, height : float
        The box as fractions of the picture, clipped to it.
    """

    name: str
    score: float
    x: float
    y: float
    width: float
    height: float


class ObjectFinder:
    """YOLOX, of any size.

    Parameters
    ----------
    network : Network
        From 1 x 3 x side x side, BGR from 0 to 255, to 1 x cells x 85: per cell of the three grids the middle of a
        box from its corner and the logarithm of its sides, in cells; that there is an object, and of which class.

    Raises
    ------
    ValueError
        When it is no such network.

    References
    ----------
    .. [1] Z. Ge et al., "YOLOX: Exceeding YOLO Series in 2021", 2021.
    """

    def __init__(self, network: Network) -> None:
        shapes = list(network.inputs.values())
        side = shapes[0][2] if len(shapes) == 1 and len(shapes[0]) == 4 else None
        if not isinstance(side, int) or shapes[0][1:] != (3, side, side) or side % STRIDES[-1]:
            raise ValueError(f"takes {[list(shape) for shape in shapes]}, not pictures of 3 x side x side")
        self._network, self._side = network, side
        rows = [_corners(side // stride, stride) for stride in STRIDES]
        self._corners = np.concatenate([corners for corners, _ in rows])
        self._strides = np.concatenate([strides for _, strides in rows])

    def find(self, picture: NDArray[np.uint8]) -> list[Object]:
        """Objects of a picture, shape (height, width, 3), uint8, upright, RGB; surest first, at most `MOST_OBJECTS`.

        Raises
        ------
        ValueError
            When the network's output is not that of such a network.
        """
        height, width = picture.shape[:2]
        factor = self._side / max(height, width)
        (found,) = self._network.look([_prepared(picture, self._side, factor)]).values()
        wanted = (1, len(self._corners), 5 + len(NAMES))
        if found.shape != wanted:
            raise ValueError(f"gives {list(found.shape)}, not {list(wanted)}")
        cells = found[0]
        chances = cells[:, 4:5] * cells[:, 5:]
        classes = chances.argmax(axis=1)
        scores = chances[np.arange(len(chances)), classes]
        likely = np.flatnonzero(scores >= LEAST_SCORE)
        if not likely.size:
            return []
        strides = self._strides[likely, np.newaxis]
        middles = (cells[likely, :2] + self._corners[likely]) * strides / factor
        # An exponent beyond any picture would overflow.
        sides = np.exp(np.minimum(cells[likely, 2:4], 10)) * strides / factor
        low = middles - sides / 2
        boxes = np.concatenate([low, sides], axis=1)
        # Of two classes in one place both stay: a person on a bicycle is both.
        kept = cv2.dnn.NMSBoxesBatched(
            boxes.tolist(), scores[likely].tolist(), classes[likely].tolist(), LEAST_SCORE, OVERLAP
        )
        ordered = sorted((int(number) for number in kept), key=lambda number: -float(scores[likely[number]]))
        named = [
            _object(NAMES[classes[likely[number]]], float(scores[likely[number]]), boxes[number], width, height)
            for number in ordered[:MOST_OBJECTS]
        ]
        return [one for one in named if one.width > 0 and one.height > 0]


def surest(objects: Sequence[Object]) -> dict[str, float]:
    """Each name once, with its best score."""
    best: dict[str, float] = {}
    for one in objects:
        best[one.name] = max(best.get(one.name, 0.0), one.score)
    return best


def _prepared(picture: NDArray[np.uint8], side: int, factor: float) -> NDArray[np.float32]:
    """The picture in the upper left of a square, as large as it fits; BGR, channels first."""
    height, width = picture.shape[:2]
    size = (max(1, int(width * factor)), max(1, int(height * factor)))
    square = np.full((side, side, 3), FILL, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(square[..., ::-1].transpose(2, 0, 1), np.float32)


def _corners(cells: int, stride: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of a square grid, row by row, each cell's column and row, and its side in pixels."""
    rows, columns = np.mgrid[0:cells, 0:cells]
    corners = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
    return corners, np.full(len(corners), stride, np.float32)


def _object(name: str, score: float, box: Any, width: int, height: int) -> Object:
    left, top = np.clip(box[:2] / (width, height), 0.0, 1.0)
    right, bottom = np.clip((box[:2] + box[2:]) / (width, height), 0.0, 1.0)
    return Object(name, min(score, 1.0), float(left), float(top), float(right - left), float(bottom - top))
