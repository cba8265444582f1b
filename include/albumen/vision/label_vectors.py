"""The classes' names in text space: computed once, kept beside the weights."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from albumen.vision.labels import class_names
from albumen.vision.manifest import models
from albumen.vision.weights import FETCH_COMMAND, WeightsError, path_of

VOCABULARY = "minilm-l6-v2-vocabulary"
SENTENCE = "a photo of a {}"
UNIT_TOLERANCE = 1e-3


def cached_path(sentences: str, directory: Path) -> Path:
    """Where they lie, made or not: another model, name or sentence is another file."""
    parts = [models(directory)[sentences].sha256, SENTENCE, *class_names()]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return directory.expanduser() / f"{digest}.npy"


def load(sentences: str, directory: Path) -> NDArray[np.float32]:
    """Read them.

    Parameters
    ----------
    sentences : str
        Id of the model of sentences.
    directory : Path
        The cache; `~` is expanded.

    Returns
    -------
    ndarray, shape (1000, dimensions), float32
        Rows of length one.

    Raises
    ------
    WeightsError
        When they were not made, or what lies there is something else.
    """
    path = cached_path(sentences, directory)
    try:
        vectors = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise WeightsError(f"the labels' vectors are missing ({path}): run `{FETCH_COMMAND}`") from None
    except (OSError, ValueError, EOFError) as error:
        raise WeightsError(f"the labels' vectors cannot be read ({path}: {error}): run `{FETCH_COMMAND}`") from error
    is_right = vectors.dtype == np.float32 and vectors.ndim == 2 and len(vectors) == len(class_names())
    if not is_right or not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=UNIT_TOLERANCE):
        raise WeightsError(f"the labels' vectors are altered ({path}): run `{FETCH_COMMAND}`")
    return np.asarray(vectors, np.float32)


def make(sentences: str, directory: Path) -> bool:
    """Compute and store them where they are missing or altered; whether that was so.

    Raises
    ------
    WeightsError
        When the weights of the model of sentences are missing or altered.
    """
    try:
        load(sentences, directory)
    except WeightsError:
        pass
    else:
        return False
    from albumen.vision.sentences import TextEncoder

    encoder = TextEncoder(path_of(sentences, directory), path_of(VOCABULARY, directory), threads=1)
    vectors = encoder.predict([SENTENCE.format(name) for name in class_names()])
    path = cached_path(sentences, directory)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".labels-", delete=False) as sink:
        np.save(sink, vectors)
    os.chmod(sink.name, 0o444)
    os.replace(sink.name, path)
    return True
