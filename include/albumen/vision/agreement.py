"""Do two models see the same? What changes for words and for neighbours when one takes the other's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10


@dataclass(frozen=True, slots=True)
class Look:
    """What one model has for one picture: words, surest first, and a point of length one."""

    labels: tuple[str, ...]
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two models agree over some pictures.

    Attributes
    ----------
    pictures : int
    same_first : float
        Share of pictures whose surest word is the same, or that neither has a word for.
    shared_labels : float
        Mean share of all words of a picture that both have, 0 to 1.
    shared_neighbours : float
        Mean share of a picture's ten nearest, among these pictures, that both find.
    each : dict of id to float
        Per picture, the mean of shared words and shared neighbours: low is where to look.
    """

    pictures: int
    same_first: float
    shared_labels: float
    shared_neighbours: float
    each: Mapping[int, float]

    def worst(self, most: int) -> list[int]:
        """The pictures they disagree on most, worst first."""
        return sorted(self.each, key=lambda item: (self.each[item], item))[:most]

    def as_dict(self) -> dict[str, Any]:
        """The figures."""
        return {
            "pictures": self.pictures,
            "same_first": round(self.same_first, 4),
            "shared_labels": round(self.shared_labels, 4),
            "shared_neighbours": round(self.shared_neighbours, 4),
        }


def compare(old: Mapping[int, Look], new: Mapping[int, Look]) -> Agreement:
    """Compare two models over the pictures that both have looked at.

    Raises
    ------
    ValueError
        When there is no such picture.
    """
    items = sorted(old.keys() & new.keys())
    if not items:
        raise ValueError("no picture that both models have looked at")
    labels = [_shared(old[item].labels, new[item].labels) for item in items]
    neighbours = _shared_neighbours([old[item].vector for item in items], [new[item].vector for item in items])
    return Agreement(
        pictures=len(items),
        same_first=float(np.mean([old[item].labels[:1] == new[item].labels[:1] for item in items])),
        shared_labels=float(np.mean(labels)),
        shared_neighbours=float(np.mean(neighbours)),
        each={item: float(words + near) / 2 for item, words, near in zip(items, labels, neighbours, strict=True)},
    )


def _shared(old: Sequence[str], new: Sequence[str]) -> float:
    both = set(old) | set(new)
    return len(set(old) & set(new)) / len(both) if both else 1.0


def _shared_neighbours(old: Sequence[NDArray[np.float32]], new: Sequence[NDArray[np.float32]]) -> list[float]:
    count = min(NEIGHBOURS, len(old) - 1)
    if count < 1:
        return [1.0] * len(old)
    sides = [_nearest(np.stack(side), count) for side in (old, new)]
    return [len(set(ours) & set(theirs)) / count for ours, theirs in zip(*sides, strict=True)]


def _nearest(vectors: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :count]
