"""Where faces are in a picture, shared by the steps that ask: looked for once an item."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albumen.pipeline.contract import MediaInput
from albumen.settings import ModelSettings, Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albumen.vision.faces import FaceLocator

DETECTOR = "yunet-2023mar"
CONSENT = "faces"
LOCATED = "faces located"


def located(media: MediaInput, chosen: ModelSettings) -> NDArray[np.float32]:
    """Rows of the detector for an input's picture, as `FaceLocator.locate` gives them.

    Raises
    ------
    ItemFault
        When the preview cannot be decoded.
    """
    if LOCATED not in media.shared:
        media.shared[LOCATED] = load(chosen).locate(media.picture)
    found: NDArray[np.float32] = media.shared[LOCATED]
    return found


def relevant_settings(settings: Settings) -> Mapping[str, Any]:
    """The least score, and the size at which faces are looked for."""
    return {"face_score": settings.models.face_score, "face_max_side": settings.models.face_max_side}


def load(chosen: ModelSettings) -> FaceLocator:
    """The detector, the same one for all steps of a process.

    Raises
    ------
    albumen.vision.weights.WeightsError
        When its weights are missing or altered.
    """
    return _load(chosen.model_dump_json())


@lru_cache(maxsize=2)
def _load(settings: str) -> FaceLocator:
    from albumen.vision import networks
    from albumen.vision.faces import FaceLocator
    from albumen.vision.weights import path_of

    chosen = ModelSettings.model_validate_json(settings)
    return FaceLocator(
        path_of(DETECTOR, Path(chosen.directory)),
        score=chosen.face_score,
        max_side=chosen.face_max_side,
        threads=chosen.threads,
        served=networks.served(DETECTOR, chosen),
    )
