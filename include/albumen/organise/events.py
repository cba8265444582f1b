"""Which photos were taken on one occasion? Cut where a gap is long for its surroundings, or a jump is far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from albumen.catalog.shots import Shot
from albumen.organise.geo import distance_km

REST = timedelta(hours=6)
"""Nobody goes on with an occasion after so long."""
ENDLESS = timedelta(days=3)
"""Where nobody rests for longer before and after a night, that night ends the occasion: a camera on a mast never rests,
and a library of many people hardly does."""
NIGHT = timedelta(hours=4)
"""The small hours, by the wall clock, from midnight."""
PAUSE = timedelta(minutes=40)
"""Shorter gaps never cut by themselves."""
RHYTHM = math.log(17)
NEIGHBOURS = 10
JUMP_KM = 10.0
JUMP_PAUSE = timedelta(minutes=15)
SHORTEST_S = 1.0


def sessions(shots: Sequence[Shot]) -> list[list[Shot]]:
    """Shots between two rests, by time: what is cut further depends on nothing outside a session.

    What goes on without rest is cut at every night that lies `ENDLESS` within it, so that a session is some days long
    at most, and what is known for a week around it tells where it ends.
    """
    found: list[list[Shot]] = []
    for shot in shots:
        if found and shot.at - found[-1][-1].at < REST:
            found[-1].append(shot)
        else:
            found.append([shot])
    return [part for run in found for part in _nights_apart(run)]


def _nights_apart(run: list[Shot]) -> list[list[Shot]]:
    first, last = run[0].at, run[-1].at
    if last - first < 2 * ENDLESS:
        return [run]
    found = [[run[0]]]
    for before, after in pairwise(run):
        is_night = (before.local - NIGHT).date() != (after.local - NIGHT).date()
        if is_night and before.at - first >= ENDLESS and last - after.at >= ENDLESS:
            found.append([after])
        else:
            found[-1].append(after)
    return found


def segment(session: Sequence[Shot]) -> list[list[Shot]]:
    """The occasions of one session.

    A gap of 40 minutes or more cuts if it is 17 times as long as the gaps around it (their geometric mean): who
    takes a photo a minute has changed the scene after an hour, who takes one an hour has not. A quarter of an hour
    cuts if the photos lie more than 10 km apart.

    Parameters
    ----------
    session : sequence of Shot
        By time.

    References
    ----------
    .. [1] J. C. Platt, M. Czerwinski, B. A. Field, "PhotoTOC: automatic clustering for browsing personal
       photographs", 2003.
    """
    if not session:
        return []
    gaps = [max((after.at - before.at).total_seconds(), SHORTEST_S) for before, after in pairwise(session)]
    logs = [math.log(gap) for gap in gaps]
    found = [[session[0]]]
    for number, shot in enumerate(session[1:]):
        around = logs[max(0, number - NEIGHBOURS) : number + NEIGHBOURS + 1]
        usual = sum(around) / len(around)
        if _is_cut(session[number], shot, timedelta(seconds=gaps[number]), logs[number] - usual):
            found.append([shot])
        else:
            found[-1].append(shot)
    return found


def _is_cut(before: Shot, after: Shot, gap: timedelta, excess: float) -> bool:
    if gap >= PAUSE and excess >= RHYTHM:
        return True
    if gap < JUMP_PAUSE or before.point is None or after.point is None:
        return False
    return distance_km(before.point, after.point) > JUMP_KM
