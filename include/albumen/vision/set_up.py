"""All that models need before they run: weights in the cache, and what is made of them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from albumen.settings import Settings
from albumen.vision import label_vectors, weights
from albumen.vision.manifest import Model, models
from albumen.vision.weights import WeightsState


def fetch(settings: Settings, wanted: Collection[Model] | None = None) -> dict[str, WeightsState]:
    """Bring what is missing or altered into the cache.

    Parameters
    ----------
    settings : Settings
    wanted : collection of Model, optional
        All of the manifest by default, but the optional ones that no setting names.

    Returns
    -------
    dict of str to WeightsState
        Per model id, what was there before.

    Raises
    ------
    albumen.vision.weights.WeightsError
        When something cannot be fetched or is not what the manifest says.
    """
    chosen = settings.models
    directory = Path(chosen.directory)
    named = {chosen.scene, chosen.sentences, chosen.image_text, chosen.objects}
    if wanted is None:
        wanted = [model for model in models(directory).values() if not model.optional or model.id in named]
    before = weights.fetch(directory, wanted)
    if {chosen.sentences, label_vectors.VOCABULARY} <= {model.id for model in wanted}:
        label_vectors.make(chosen.sentences, directory)
    return before
