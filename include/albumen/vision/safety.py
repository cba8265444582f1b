"""How likely a picture is not for every eye."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.vision.network import Network

# Of the network's training: squeezed to the first side, saved as a JPEG, cut to the second.
SQUEEZED, CROPPED = 256, 224
JPEG_QUALITY = 75
BGR_MEANS = np.array([104.0, 117.0, 123.0], np.float32)


class SafetyModel:
    """Open-NSFW.

    Parameters
    ----------
    network : Network
        From N x 224 x 224 x 3, BGR less its means, to N x 2: decent, not decent.

    References
    ----------
    .. [1] J. Mahadeokar, G. Pesavento, "Open Sourcing a Deep Learning Solution for Detecting NSFW Images", 2016.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[float]:
        """Score pictures.

        Parameters
        ----------
        pictures : sequence of ndarray, shape (height, width, 3), uint8
            Upright, RGB.

        Returns
        -------
        list of float
            0 (safe) to 1 (unsafe).
        """
        if not pictures:
            return []
        (scores,) = self._network.look([_prepared(picture) for picture in pictures]).values()
        return [float(score) for score in scores[:, 1]]


def _prepared(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(picture, (SQUEEZED, SQUEEZED), interpolation=cv2.INTER_AREA)
    # The round trip is part of what the network learned; without it scores shift by some hundredths.
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    bgr = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    edge = (SQUEEZED - CROPPED) // 2
    return np.asarray(bgr[edge : edge + CROPPED, edge : edge + CROPPED].astype(np.float32) - BGR_MEANS, np.float32)
