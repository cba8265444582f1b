"""Faces in a picture: where they are (YuNet), how sharp, and a vector that tells people apart (SFace)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.vision import yunet
from albumen.vision.serving.served_network import ServedNetwork

# A face costs an embedding; a picture made to hold thousands must not cost minutes.
MAX_FACES = 200
MIN_PICTURE_SIDE = 32
ALIGNED_SIDE = 112
# Of an average face: how far the nose stands out, by the distance of the eyes, and where its tip is from eyes to mouth.
NOSE_DEPTH = 0.6
NOSE_PLACE = 0.55
# Faces larger than this are reduced by area first, since alignment interpolates linearly and would alias.
CROP_SIDE = 3 * ALIGNED_SIDE
CROP_MARGIN = 0.6
# Machines disagree by some hundred-thousandths of a pixel on where a point is. Whole sixteenths are the same
# everywhere, and with them the pixels that are embedded.
POINT_GRID = 16


@dataclass(frozen=True, slots=True)
class Face:
    """One face.

    Attributes
    ----------
    x, y, width, height : float
        The box as fractions of the picture, clipped to it.
    score : float
        The detector's, 0–1.
    landmarks : tuple of ten float
        x and y, as fractions, of the eye, eye, nose tip, mouth corner and mouth corner, from the
        picture's left to its right. Not clipped.
    roll, yaw, pitch : float
        Degrees, from the landmarks: how far the head is tilted to a shoulder (clockwise as seen), turned
        (to the picture's right) and bowed (down). Rough: a face of average build is taken for granted.
    sharpness : float
        Variance of the Laplacian of the aligned grey face, 112 x 112.
    embedding : ndarray, shape (128,), float32
        L2-normalised: the dot product of two is their cosine.
    """

    x: float
    y: float
    width: float
    height: float
    score: float
    landmarks: tuple[float, ...]
    roll: float
    yaw: float
    pitch: float
    sharpness: float
    embedding: NDArray[np.float32] = field(repr=False)


class FaceLocator:
    """Finds where faces are; holds the detector, so make one and keep it.

    Turned faces are found badly: pictures must be upright.

    Parameters
    ----------
    weights : Path
        Of YuNet (2023mar).
    score : float
        Least score of a face that is kept.
    max_side : int
        Faces are looked for in a copy with at most this long side, pixels.
    threads : int
        Threads of OpenCV, which are the process's.
    served : ServedNetwork or None
        The same network elsewhere, asked first.

    References
    ----------
    .. [1] Wu, Peng, Yu, "YuNet: A tiny millisecond-level face detector", 2023.
    """

    def __init__(
        self, weights: Path, *, score: float, max_side: int, threads: int, served: ServedNetwork | None = None
    ) -> None:
        cv2.setNumThreads(threads)
        # Each load warns of a target choice that the model does not make.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        self._score, self._max_side, self._served = score, max_side, served
        self._detector = cv2.FaceDetectorYN.create(
            str(weights), "", (320, 320), score, yunet.NMS_OVERLAP, yunet.NMS_CANDIDATES
        )

    def locate(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Where faces are.

        Parameters
        ----------
        picture : ndarray, shape (height, width, 3), uint8
            Upright, RGB.

        Returns
        -------
        ndarray, shape (faces, 15), float32
            Left, top, width, height, five points (x, y), score, in pixels of the picture; best first, at most
            `MAX_FACES`.

        Raises
        ------
        ValueError
            When the array is no such picture.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(f"not an RGB picture of 8 bits: {picture.shape} {picture.dtype}")
        height, width = picture.shape[:2]
        if min(height, width) < MIN_PICTURE_SIDE:
            return np.empty((0, 15), np.float32)
        factor = min(1.0, self._max_side / max(height, width))
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if factor < 1 else picture
        found = self._detect(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), np.uint8))
        rows = np.asarray(found[np.argsort(-found[:, 14], kind="stable")][:MAX_FACES], np.float32)
        rows[:, 0:14:2] *= width / size[0]
        rows[:, 1:14:2] *= height / size[1]
        rows[:, 4:14] = np.round(rows[:, 4:14] * POINT_GRID) / POINT_GRID
        return rows

    def _detect(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self._served is not None:
            pixels = yunet.as_input(picture)
            found = self._served.ask({"input": pixels})
            if found is not None and found.keys() >= yunet.OUTPUTS:
                return yunet.faces(found, pixels.shape[3], self._score)
        self._detector.setInputSize(picture.shape[1::-1])
        _, rows = self._detector.detect(picture)
        return np.empty((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)


class FaceFinder:
    """Finds faces and describes them; holds the models, so make one and keep it.

    Parameters
    ----------
    locator : FaceLocator
    recogniser : Path
        Weights of SFace (2021dec).
    served : ServedNetwork or None
        The same network elsewhere, asked first.

    References
    ----------
    .. [1] Zhong et al., "SFace: Sigmoid-constrained hypersphere loss for robust face recognition", 2021.
    """

    def __init__(self, locator: FaceLocator, recogniser: Path, *, served: ServedNetwork | None = None) -> None:
        self._locator = locator
        self._recogniser = cv2.FaceRecognizerSF.create(str(recogniser), "")
        self._served = served

    def find(self, picture: NDArray[np.uint8]) -> list[Face]:
        """The faces of a picture, as `FaceLocator.locate` takes it; best score first."""
        return self.describe(picture, self._locator.locate(picture))

    def describe(self, picture: NDArray[np.uint8], located: NDArray[np.float32]) -> list[Face]:
        """What there is to say of the faces that were located in a picture, in their order."""
        aligned = [self._align(picture, found) for found in located]
        described = [
            _face(picture, found, face, vector)
            for found, face, vector in zip(located, aligned, self._embedded(aligned), strict=True)
        ]
        return [face for face in described if face.width > 0 and face.height > 0]

    def _embedded(self, aligned: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        if self._served is not None and aligned:
            found = self._served.ask({"data": np.stack(aligned).transpose(0, 3, 1, 2).astype(np.float32)})
            if found is not None:
                (vectors,) = found.values()
                return [np.asarray(vector, np.float32) for vector in vectors]
        return [
            self._recogniser.feature(cv2.cvtColor(face, cv2.COLOR_RGB2BGR))[0].astype(np.float32) for face in aligned
        ]

    def _align(self, picture: NDArray[np.uint8], found: NDArray[np.float32]) -> Any:
        """The face at 112 x 112, its points in the recogniser's places, from all the pixels there are."""
        height, width = picture.shape[:2]
        x, y, box_width, box_height = found[:4].tolist()
        side = max(box_width, box_height)
        if side <= CROP_SIDE:
            return self._recogniser.alignCrop(picture, found)
        margin = CROP_MARGIN * side
        left, top = max(0, int(x - margin)), max(0, int(y - margin))
        right, bottom = min(width, int(x + box_width + margin) + 1), min(height, int(y + box_height + margin) + 1)
        size = (round((right - left) * CROP_SIDE / side), round((bottom - top) * CROP_SIDE / side))
        crop = cv2.resize(picture[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        scale = (size[0] / (right - left), size[1] / (bottom - top))
        moved = found.copy()
        moved[4:14] = ((found[4:14].reshape(5, 2) - (left, top)) * scale).ravel()
        return self._recogniser.alignCrop(crop, moved)


def _face(
    picture: NDArray[np.uint8], found: NDArray[np.float32], aligned: NDArray[np.uint8], vector: NDArray[np.float32]
) -> Face:
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY)
    roll, yaw, pitch = _pose(found[4:14].reshape(5, 2))
    left, top = np.clip(found[:2] / (width, height), 0.0, 1.0)
    right, bottom = np.clip((found[:2] + found[2:4]) / (width, height), 0.0, 1.0)
    return Face(
        x=float(left),
        y=float(top),
        width=float(right - left),
        height=float(bottom - top),
        score=float(min(found[14], 1.0)),
        landmarks=tuple((found[4:14].reshape(5, 2) / (width, height)).ravel().tolist()),
        roll=roll,
        yaw=yaw,
        pitch=pitch,
        sharpness=float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        embedding=vector / max(float(np.linalg.norm(vector)), 1e-12),
    )


def _pose(points: NDArray[np.float32]) -> tuple[float, float, float]:
    """Roll, yaw and pitch in degrees from the five points in pixels."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    across = points[1] - points[0]
    apart = max(float(np.linalg.norm(across)), 1e-6)
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    along, down = across / apart, mouth - eyes
    length = max(float(np.linalg.norm(down)), 1e-6)
    nose = points[2] - eyes
    aside = float(nose @ along) - NOSE_PLACE * float(down @ along)
    below = float(nose @ down) / length**2 - NOSE_PLACE
    yaw = float(np.degrees(np.arctan2(aside, NOSE_DEPTH * apart)))
    pitch = float(np.degrees(np.arctan2(below * length, NOSE_DEPTH * apart)))
    return roll, yaw, pitch
