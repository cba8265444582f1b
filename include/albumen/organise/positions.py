"""Where was a photo taken that does not say so? From photos that do, taken shortly before and after."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from albumen.catalog.shots import Shot
from albumen.organise.geo import Point, centre, distance_km

ONE_SIDE = timedelta(minutes=45)
BETWEEN = timedelta(hours=12)
SPREAD_KM = 25.0
WALKING_KM_H = 5.0
"""How far someone gets who was not seen to travel."""
LEAST_KM = 0.1


@dataclass(frozen=True, slots=True)
class InferredPosition:
    """A guess, with how far off it may be."""

    point: Point
    within_km: float


def infer(shots: Sequence[Shot]) -> dict[int, InferredPosition]:
    """Positions of the shots that have none, by item.

    Between two positions at most 25 km and 12 hours apart a shot gets the point between them, by time; beside
    a single one, at most 45 minutes away, it gets that one. Everything else stays unknown.

    Parameters
    ----------
    shots : sequence of Shot
        By time; those with a point are taken as true.
    """
    known = [shot for shot in shots if shot.point is not None]
    times = [shot.at for shot in known]
    found = {}
    for shot in shots:
        if shot.point is None:
            at = bisect_left(times, shot.at)
            before, after = known[at - 1 : at] or known[:0], known[at : at + 1]
            guess = _guess(shot, before[0] if before else None, after[0] if after else None)
            if guess:
                found[shot.item_id] = guess
    return found


def _guess(shot: Shot, before: Shot | None, after: Shot | None) -> InferredPosition | None:
    if before and after and before.point and after.point and after.at - before.at <= BETWEEN:
        apart = distance_km(before.point, after.point)
        if apart <= SPREAD_KM:
            whole = (after.at - before.at).total_seconds()
            share = (shot.at - before.at).total_seconds() / whole if whole else 0.0
            point = centre([(before.point, 1 - share), (after.point, share)])
            return InferredPosition(point, max(apart, LEAST_KM))
    beside = [one for one in (before, after) if one and abs(one.at - shot.at) <= ONE_SIDE]
    if not beside:
        return None
    nearest = min(beside, key=lambda one: abs(one.at - shot.at))
    if nearest.point is None:
        return None
    hours = abs(nearest.at - shot.at).total_seconds() / 3600
    return InferredPosition(nearest.point, max(hours * WALKING_KM_H, LEAST_KM))
