"""What a picture shows: words, a point by which alike pictures are near, and one that sentences are near to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.vision.labels import Label, labels_of
from albumen.vision.network import Network

# A picture wider than this is cut to its middle: squeezed further, nothing in it looks like itself.
WIDEST = 1.5
# ConSE: so many of the likeliest classes say where in text space a picture is.
VOTERS = 10


@dataclass(frozen=True, slots=True)
class Scene:
    """What was found in one picture.

    Attributes
    ----------
    labels : tuple of Label
        Surest first; may be empty.
    vector : ndarray, shape (1280,), float32
        L2-normalised: the dot product of two says how alike the pictures are.
    text_vector : ndarray, shape (384,), float32
        L2-normalised: its dot product with a sentence's vector says how well that describes the picture.
    """

    labels: tuple[Label, ...]
    vector: NDArray[np.float32] = field(repr=False)
    text_vector: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """Outputs of the network for one picture: probabilities of its classes, shape (1000,), and features, (1280,)."""

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]


class SceneEye:
    """The network alone.

    Parameters
    ----------
    network : Network
        From `pixels`, N x side x side x 3, to `probabilities` and `features`.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._side = int(network.inputs["pixels"][1])

    def look(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Seen]:
        """Outputs for some pictures, each of shape (height, width, 3), uint8, upright, RGB."""
        if not pictures:
            return []
        found = self._network.look([squared(picture, self._side) for picture in pictures])
        return [Seen(*one) for one in zip(found["probabilities"], found["features"], strict=True)]


class SceneModel:
    """EfficientNet-Lite and what follows from its classes.

    Parameters
    ----------
    eye : SceneEye
        The network.
    label_vectors : ndarray, shape (1000, 384), float32
        The classes' names in text space, as `label_vectors.load` gives them.

    References
    ----------
    .. [1] M. Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", 2014.
    """

    def __init__(self, eye: SceneEye, label_vectors: NDArray[np.float32]) -> None:
        self._eye = eye
        self._label_vectors = label_vectors

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Scene]:
        """Look at some pictures.

        Parameters
        ----------
        pictures : sequence of ndarray, shape (height, width, 3), uint8
            Upright, RGB, of any sizes.
        """
        return [self.describe(seen) for seen in self._eye.look(pictures)]

    def describe(self, seen: Seen) -> Scene:
        """What follows from the network's outputs."""
        probabilities, features = seen.probabilities, seen.features
        voters = np.argpartition(probabilities, -VOTERS)[-VOTERS:]
        meaning = probabilities[voters] @ self._label_vectors[voters]
        return Scene(tuple(labels_of(probabilities)), _unit(features), _unit(meaning))


def together(scenes: Sequence[Scene]) -> Scene:
    """What the frames of one video show together: each label by its surest frame, and the middle of the points."""
    surest: dict[str, Label] = {}
    for label in sorted((label for scene in scenes for label in scene.labels), key=lambda label: -label.score):
        surest.setdefault(label.name, label)
    vector = np.mean([scene.vector for scene in scenes], axis=0)
    text_vector = np.mean([scene.text_vector for scene in scenes], axis=0)
    return Scene(tuple(surest.values()), _unit(vector), _unit(text_vector))


def squared(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture as the networks take it: all of it, squeezed; of a very long one its middle.

    Returns
    -------
    ndarray, shape (side, side, 3), uint8
    """
    height, width = picture.shape[:2]
    keep_width, keep_height = min(width, int(height * WIDEST) or 1), min(height, int(width * WIDEST) or 1)
    left, top = (width - keep_width) // 2, (height - keep_height) // 2
    middle = picture[top : top + keep_height, left : left + keep_width]
    return np.asarray(cv2.resize(middle, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
