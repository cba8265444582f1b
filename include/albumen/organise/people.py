"""Whose face is it? Pure reasoning over face vectors of length one.

The mean of all cosines between two groups of faces is the dot product of their mean vectors: so average linkage
needs one vector a person, whether she has two faces or ten thousand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_SIDE = 40.0
LEAST_SCORE = 0.75
LEAST_SHARPNESS = 20.0
MOST_TURNED = 0.55
SURE = 0.60
"""Cosine of two faces that are one person's without further evidence."""
JOIN = 0.40
"""Mean cosine from which a large group joins another."""
PAIR = 0.50
"""Cosine from which two single faces are joined: of thousands of strangers, some two are nearer than `JOIN`."""
MERGE = 0.55
"""Mean cosine from which two people that were told apart before are one."""
SUGGEST = 0.36
"""Cosine of two mean faces from which somebody is asked whether they are one person."""
SAME_BOX = 0.5
FEWEST = 2
"""So many faces make a person."""

Vector = NDArray[np.float32]
Box = tuple[float, float, float, float]


@dataclass(slots=True)
class Group:
    """Faces taken to be one person's.

    Attributes
    ----------
    faces : list of int
        Numbers of the faces, as the caller counts them.
    total : ndarray, shape (128,)
        Sum of their vectors, and of those of the person's other faces.
    count : int
        How many vectors are in the sum.
    photos : set of int
        Where these faces were seen.
    person_id : str
        Empty for a group that nobody has seen before.
    is_named : bool
        Whether someone gave it a name.
    apart : set of str
        People it is not.
    merged : list of str
        People known before that turned out to be this one.
    """

    faces: list[int]
    total: Vector
    count: int
    photos: set[int]
    person_id: str = ""
    is_named: bool = False
    apart: set[str] = field(default_factory=set)
    merged: list[str] = field(default_factory=list)

    @property
    def mean(self) -> Vector:
        """The mean of its vectors; shorter than one, the more so the less they agree."""
        return np.asarray(self.total / self.count, np.float32)


def is_clear(side: float, score: float, sharpness: float, landmarks: Sequence[float]) -> bool:
    """Whether a face shows enough to found a person on it.

    Parameters
    ----------
    side : float
        Shorter side of its box in the preview, pixels.
    score : float
        The detector's.
    sharpness : float
        Variance of the Laplacian of the aligned face.
    landmarks : sequence of ten float
        x and y of both eyes, the nose and both corners of the mouth.
    """
    if side < LEAST_SIDE or score < LEAST_SCORE or sharpness < LEAST_SHARPNESS:
        return False
    left, right, nose = landmarks[0], landmarks[2], landmarks[4]
    between = abs(right - left)
    return between > 0 and abs(nose - (left + right) / 2) / between <= MOST_TURNED


def confidence(cosine: float) -> float:
    """How sure it is that two mean faces are one person's, 0-1: even between what is asked about and what is joined."""
    return min(1.0, max(0.0, 0.5 + 0.5 * (cosine - JOIN) / (SURE - JOIN)))


def needed(cosines: NDArray[np.float64] | float) -> Any:
    """The mean cosine that joins two groups, by how many it is the mean of: the more, the less chance is in it."""
    return JOIN + (PAIR - JOIN) / np.sqrt(cosines)


def overlap(a: Box, b: Box) -> float:
    """Shared over joint area of two boxes (x, y, width, height), 0-1."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def first_pass(vectors: Vector, photos: Sequence[int], pairs: Collection[tuple[int, int, float]]) -> list[Group]:
    """Conservative groups: faces joined by cosines of 0.6 and more, surest first, never two of one photo.

    A face joins only where the mean of the whole group is as near.

    Parameters
    ----------
    vectors : ndarray, shape (n, 128)
    photos : sequence of int
        The photo of each face.
    pairs : collection of (int, int, float)
        Two faces and their cosine.
    """
    group_of = {number: Group([number], vectors[number].copy(), 1, {photo}) for number, photo in enumerate(photos)}
    for first, second, cosine in sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1])):
        if cosine < SURE:
            break
        a, b = group_of[first], group_of[second]
        if a is not b and not a.photos & b.photos and float(a.mean @ b.mean) >= SURE:
            _absorb(a, b)
            for number in b.faces:
                group_of[number] = a
    return list({id(group): group for group in group_of.values()}.values())


def agglomerate(groups: Sequence[Group]) -> list[Group]:
    """Average linkage: the two groups whose mean cosine is farthest above what they need become one, again and again.

    Two groups seen in one photo never do, nor people someone told apart, nor two with names; people known before
    need more than what is new.
    """
    left = list(groups)
    if len(left) < 2:
        return left
    means = np.stack([group.mean for group in left])
    counts = np.array([group.count for group in left], np.float32)
    surplus = np.asarray(means @ means.T - needed(np.outer(counts, counts)), np.float32)
    np.fill_diagonal(surplus, -1)
    for first, second in np.argwhere(np.triu(surplus >= 0)):
        if not _may_join(left[first], left[second]):
            surplus[first, second] = surplus[second, first] = -1
    gone = np.zeros(len(left), dtype=bool)
    while True:
        first, second = divmod(int(surplus.argmax()), len(left))
        if surplus[first, second] < 0:
            break
        if left[second].count > left[first].count or (left[second].person_id and not left[first].person_id):
            first, second = second, first
        if left[second].is_named and not left[first].is_named:
            first, second = second, first
        _absorb(left[first], left[second])
        gone[second] = True
        means[first], counts[first] = left[first].mean, left[first].count
        row = np.asarray(means @ means[first] - needed(counts * counts[first]), np.float32)
        for other in np.flatnonzero(row >= 0):
            if gone[other] or other == first or not _may_join(left[first], left[int(other)]):
                row[other] = -1
        row[first], row[gone] = -1, -1
        surplus[first, :], surplus[:, first] = row, row
        surplus[second, :], surplus[:, second] = -1, -1
    return [group for group, is_gone in zip(left, gone, strict=True) if not is_gone]


def _may_join(a: Group, b: Group) -> bool:
    if a.photos & b.photos or a.person_id in b.apart or b.person_id in a.apart:
        return False
    if a.person_id and b.person_id:
        return not (a.is_named and b.is_named) and float(a.mean @ b.mean) >= MERGE
    return True


def _absorb(a: Group, b: Group) -> None:
    a.faces += b.faces
    a.total = a.total + b.total
    a.count += b.count
    a.photos |= b.photos
    a.apart |= b.apart
    a.merged += [*([b.person_id] if b.person_id else []), *b.merged]
