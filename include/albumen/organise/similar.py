"""Which photos are variations of one picture: alike to a model, and taken within minutes?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from albumen.catalog.alike import Frame

GAP = timedelta(minutes=5)
COSINE = 0.82
"""Of every two of a group. Two frames of a walk through one street: 0.8; different streets of a town: up to 0.72."""


def variations(frames: Sequence[Frame], points: Mapping[int, NDArray[np.float32]]) -> list[list[int]]:
    """Items of each group, by time.

    A photo joins the group before it when that ended at most five minutes ago, and when it is alike to every member:
    likeness to the last alone would chain a whole walk together.

    Parameters
    ----------
    frames : sequence of Frame
        By whichever camera.
    points : mapping of item to ndarray, of length one
        As the scene model sees them; a photo without one is in no group.
    """
    groups: list[list[Frame]] = []
    for frame in sorted(frames, key=lambda one: (one.at, one.item_id)):
        if frame.item_id not in points:
            continue
        if groups and frame.at - groups[-1][-1].at <= GAP and _is_alike(frame, groups[-1], points):
            groups[-1].append(frame)
        else:
            groups.append([frame])
    return [[frame.item_id for frame in group] for group in groups if len(group) > 1]


def _is_alike(frame: Frame, group: Sequence[Frame], points: Mapping[int, NDArray[np.float32]]) -> bool:
    point = points[frame.item_id]
    return all(float(point @ points[one.item_id]) >= COSINE for one in group)
