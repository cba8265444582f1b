"""YuNet's outputs, read as OpenCV reads them: for when the network runs elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

STRIDES = (8, 16, 32)
OUTPUTS = frozenset(f"{name}_{stride}" for name in ("cls", "obj", "bbox", "kps") for stride in STRIDES)
# The reference's overlap (IoU) above which of two boxes the better one stays, and its number of candidates.
NMS_OVERLAP = 0.3
NMS_CANDIDATES = 5000


def as_input(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture, shape (height, width, 3), BGR, as the network takes it: its sides filled up to whole cells."""
    below, right = (-side % STRIDES[-1] for side in picture.shape[:2])
    whole = cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
    return np.ascontiguousarray(whole.transpose(2, 0, 1)[np.newaxis], np.float32)


def faces(found: Mapping[str, NDArray[Any]], width: int, score: float) -> NDArray[np.float32]:
    """The faces in the network's outputs.

    Parameters
    ----------
    found : mapping of str to ndarray
        `OUTPUTS`: per grid of cells `cls_…` and `obj_…` (1 x cells x 1), `bbox_…` (… x 4) and `kps_…` (… x 10).
    width : int
        Of the input, pixels.
    score : float
        Least score.

    Returns
    -------
    ndarray, shape (faces, 15), float32
        Left, top, width, height, five points, score, in pixels of the input; best first.

    References
    ----------
    .. [1] Wu, Peng, Yu, "YuNet: A tiny millisecond-level face detector", 2023.
    """
    rows = np.concatenate([_of_grid(found, stride, width // stride, score) for stride in STRIDES])
    if len(rows) < 2:
        return rows
    # Whole pixels are what the reference compares.
    boxes = np.trunc(rows[:, :4]).tolist()
    kept = cv2.dnn.NMSBoxes(boxes, rows[:, 14].tolist(), score, NMS_OVERLAP, 1.0, NMS_CANDIDATES)
    return np.asarray(rows[np.asarray(kept, np.intp).ravel()], np.float32)


def _of_grid(found: Mapping[str, NDArray[Any]], stride: int, columns: int, score: float) -> NDArray[np.float32]:
    is_face, is_object = (np.clip(found[f"{name}_{stride}"].reshape(-1), 0, 1) for name in ("cls", "obj"))
    scores = np.sqrt(is_face * is_object)
    likely = np.flatnonzero(scores >= score)
    cells = np.stack([likely % columns, likely // columns], axis=1).astype(np.float32)
    box = found[f"bbox_{stride}"].reshape(-1, 4)[likely]
    sides = np.exp(box[:, 2:]) * stride
    corners = (cells + box[:, :2]) * stride - sides / 2
    points = (found[f"kps_{stride}"].reshape(-1, 5, 2)[likely] + cells[:, np.newaxis]) * stride
    return np.concatenate([corners, sides, points.reshape(-1, 10), scores[likely, np.newaxis]], axis=1)
