"""What the classes of a scene model are called, and the wider words they fall under."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

# A wider word sums its classes and is seldom wrong; a class of a thousand has to be surer of itself to be right.
GROUP_THRESHOLD = 0.4
CLASS_THRESHOLD = 0.25
MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Label:
    """One word for what a picture shows.

    Attributes
    ----------
    name : str
        English, lower case but for names.
    score : float
        Probability that the picture shows it, 0–1.
    """

    name: str
    score: float


@cache
def class_names() -> tuple[str, ...]:
    """Names of the 1000 classes of ImageNet's challenge (2012), in the order of a model's outputs."""
    return tuple(name for name, _ in _table())


@cache
def groups() -> dict[str, NDArray[np.intp]]:
    """Per wider word (`dog`, `food`, `mountain`), its classes."""
    found: dict[str, list[int]] = {}
    for number, (_, wider) in enumerate(_table()):
        for word in wider:
            found.setdefault(word, []).append(number)
    return {word: np.asarray(classes, np.intp) for word, classes in found.items()}


def labels_of(probabilities: NDArray[np.float32]) -> list[Label]:
    """The words that hold for a picture.

    Parameters
    ----------
    probabilities : ndarray, shape (1000,), float32
        Of the classes.

    Returns
    -------
    list of Label
        Surest first, at most `MOST_LABELS`; empty where the model knows nothing.
    """
    scores = {word: min(1.0, float(probabilities[classes].sum())) for word, classes in groups().items()}
    scores = {word: score for word, score in scores.items() if score >= GROUP_THRESHOLD}
    names = class_names()
    for number in np.flatnonzero(probabilities >= CLASS_THRESHOLD):
        name = names[number]
        scores[name] = max(scores.get(name, 0.0), float(probabilities[number]))
    surest = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LABELS]
    return [Label(name, score) for name, score in surest]


@cache
def _table() -> tuple[tuple[str, tuple[str, ...]], ...]:
    lines = resources.files("albumen.vision").joinpath("labels.tsv").read_text("utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return tuple((name, tuple(filter(None, wider.split(", ")))) for _, name, wider in rows)
