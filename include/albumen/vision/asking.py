"""What the models bring to a search: the things that can be named, and where a sentence is among the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from albumen.settings import ModelSettings
from albumen.vision import objects, opt_in
from albumen.vision.image_text import FAMILIES
from albumen.vision.labels import class_names, groups
from albumen.vision.manifest import models as listed
from albumen.vision.sentences import TextEncoder
from albumen.vision.weights import WeightsError, path_of

LIKE = 0.25
"""Cosine of a picture with a sentence of `sentences` from which it may be what was meant."""


class Encoder(Protocol):
    """From sentences to points."""

    def predict(self, texts: Sequence[str], /) -> NDArray[np.float32]:
        """One of length one a sentence."""


def vocabulary(models: ModelSettings) -> set[str]:
    """Things that the models of pictures can name."""
    return {*class_names(), *groups(), *(objects.NAMES if models.objects else ())}


def point_of(asked: str, space: str, models: ModelSettings) -> tuple[NDArray[np.float32], float] | None:
    """The sentence among the pictures, and the cosine from which one may be what was meant.

    None where the model of that space is not there or cannot be loaded, which costs a way of finding only.

    Parameters
    ----------
    space : str
        Id of the points of pictures that count, as `models_in_use.model_ids` gives it for `text_space`.
    """
    try:
        encoder, like = _encoder(space, models.sentences, models.directory, models.threads)
    except (WeightsError, ImportError, ValueError):
        return None
    return np.asarray(encoder.predict([asked])[0], np.float32), like


@lru_cache(maxsize=2)
def _encoder(space: str, sentences: str, directory: str, threads: int) -> tuple[Encoder, float]:
    """Loaded once a process: a tenth of a second and 60 MB."""
    from albumen.vision.label_vectors import VOCABULARY

    folder = Path(directory).expanduser()
    model = listed(folder).get(space)
    if model is not None:
        return opt_in.sentence_tower(space, folder, threads=threads), FAMILIES[model.family].like
    if not space.endswith(f".{sentences}"):
        raise WeightsError(f"points of {space} are none of {sentences}")
    return TextEncoder(path_of(sentences, folder), path_of(VOCABULARY, folder), threads=threads), LIKE
