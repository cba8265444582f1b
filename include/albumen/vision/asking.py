"""What the models bring to a search: the things that can be named, and where a sentence is among the pictures."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from albumen.settings import ModelSettings
from albumen.vision.labels import class_names, groups
from albumen.vision.sentences import TextEncoder
from albumen.vision.weights import WeightsError, path_of


def vocabulary() -> set[str]:
    """Things that the scene model can name."""
    return {*class_names(), *groups()}


def point_of(asked: str, models: ModelSettings) -> NDArray[np.float32] | None:
    """The sentence among the pictures; None where the model is not there, which costs a way of finding only."""
    try:
        encoder = _encoder(models.sentences, models.directory, models.threads)
    except WeightsError:
        return None
    return np.asarray(encoder.predict([asked])[0], np.float32)


@lru_cache(maxsize=1)
def _encoder(sentences: str, directory: str, threads: int) -> TextEncoder:
    """Loaded once a process: a tenth of a second and 60 MB."""
    from albumen.vision.label_vectors import VOCABULARY

    folder = Path(directory).expanduser()
    return TextEncoder(path_of(sentences, folder), path_of(VOCABULARY, folder), threads=threads)
