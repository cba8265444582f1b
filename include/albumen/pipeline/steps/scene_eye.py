"""The scene network, shared by the steps that look with it: loaded once, and run once an item."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from albumen.pipeline.contract import MediaInput
from albumen.pipeline.taxonomy import ItemFault
from albumen.settings import ModelSettings

if TYPE_CHECKING:
    from albumen.vision.scene import SceneEye, Seen


def look(batch: Sequence[MediaInput], chosen: ModelSettings) -> list[Seen | ItemFault]:
    """Outputs of the network for a batch; what another step of the pass asked for is not computed again.

    Parameters
    ----------
    batch : sequence of MediaInput
    chosen : ModelSettings

    Returns
    -------
    list of Seen or ItemFault
        One an input, in order; a fault for a preview that cannot be decoded.
    """
    new, faults = [], {}
    for media in batch:
        if chosen.scene not in media.shared:
            try:
                new.append((media, media.picture))
            except ItemFault as fault:
                faults[id(media)] = fault
    for (media, _), seen in zip(new, load(chosen).look([picture for _, picture in new]), strict=True):
        media.shared[chosen.scene] = seen
    return [faults[id(media)] if id(media) in faults else media.shared[chosen.scene] for media in batch]


def load(chosen: ModelSettings) -> SceneEye:
    """The network, the same one for all steps of a process.

    Raises
    ------
    albumen.vision.weights.WeightsError
        When its weights are missing or altered.
    """
    return _load(chosen.model_dump_json())


@lru_cache(maxsize=2)
def _load(settings: str) -> SceneEye:
    import cv2

    from albumen.vision import networks
    from albumen.vision.scene import SceneEye

    chosen = ModelSettings.model_validate_json(settings)
    cv2.setNumThreads(chosen.threads)
    return SceneEye(networks.load(chosen.scene, chosen))
