"""Is a camera's clock off? Its photos against those of phones, whose clocks are set by the network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median

import numpy as np
from numpy.typing import NDArray

from albumen.catalog.clocks import Drift, Tick

SEARCHED = 15 * 60
"""Minutes to both sides: zones that were not set, summer time, noon for midnight."""
BIN = 5
THIN = 5
"""Photos within so many minutes are one occasion: a burst must not outvote the rest."""
LEAST_OFF = 15
LEAST_MATCHES, LEAST_DAYS = 6, 2
TIMES_CHANCE, TIMES_AS_IS = 3.0, 2.0
SET_MINUTES = 3
"""So near to a quarter of an hour an offset is that: clocks are wrong by zones, and then a little."""
PHONE = 0.5
"""Share of photos with an offset of their own that makes a camera a phone."""
EPOCH = datetime(1970, 1, 1)


def find(ticks: Sequence[Tick]) -> list[Drift]:
    """The cameras of a time whose clocks are off, by their names.

    Two cameras on one walk fall silent and wake together. So the differences between their photos heap up at one
    value, which is how far their clocks are apart. It is told where many occasions of several days agree, far more
    than chance would have, and than do as the clocks are.
    """
    by_camera: dict[str, list[Tick]] = {}
    for tick in ticks:
        if tick.camera:
            by_camera.setdefault(tick.camera, []).append(tick)
    phones = [own for own in by_camera.values() if sum(one.utc_minutes is not None for one in own) > PHONE * len(own)]
    true = [one for own in phones for one in own if one.utc_minutes is not None]
    if not true:
        return []
    reference = _occasions([one.local for one in true], 1)
    utc = round(median(one.utc_minutes for one in true if one.utc_minutes is not None))
    found = []
    for camera, own in sorted(by_camera.items()):
        if not any(own is phone for phone in phones):
            ahead, matches, days = _ahead(_occasions([one.local for one in own], THIN), reference)
            if matches:
                times = [one.local for one in own]
                found.append(Drift(camera, ahead, utc, min(times), max(times), matches, days))
    return found


def _ahead(own: NDArray[np.int64], reference: NDArray[np.int64]) -> tuple[int, int, int]:
    """Minutes that a clock is ahead, with how many occasions and days say so; nothing if they do not."""
    first = np.searchsorted(reference, own - SEARCHED)
    last = np.searchsorted(reference, own + SEARCHED)
    pairs = [(minute, reference[a:b]) for minute, a, b in zip(own, first, last, strict=True)]
    offsets = np.arange(-SEARCHED, SEARCHED + 1, BIN)
    matched = np.zeros((len(own), len(offsets)), bool)
    for number, (minute, near) in enumerate(pairs):
        at = (minute - near + SEARCHED + BIN // 2) // BIN
        for shift in (-1, 0, 1):
            moved = at + shift
            matched[number, moved[(moved >= 0) & (moved < len(offsets))]] = True
    counts = matched.sum(axis=0)
    best = int(counts.argmax())
    ahead, matches = int(offsets[best]), int(counts[best])
    days = len({int(minute) // 1440 for minute in own[matched[:, best]]})
    chance = float(np.percentile(counts[np.abs(offsets - ahead) > 4 * BIN], 95))
    as_is = int(counts[SEARCHED // BIN])
    is_off = abs(ahead) >= LEAST_OFF and matches >= TIMES_AS_IS * as_is and matches >= TIMES_CHANCE * max(chance, 1)
    if not (is_off and matches >= LEAST_MATCHES and days >= LEAST_DAYS):
        return 0, 0, 0
    return _refined(pairs, ahead), matches, days


def _refined(pairs: Sequence[tuple[np.int64, NDArray[np.int64]]], ahead: int) -> int:
    differences = [int(minute - near[np.abs(minute - near - ahead).argmin()]) for minute, near in pairs if len(near)]
    exact = round(median(one for one in differences if abs(one - ahead) <= 2 * BIN))
    quarter = 15 * round(exact / 15)
    return quarter if abs(exact - quarter) <= SET_MINUTES else exact


def _occasions(times: Sequence[datetime], apart: int) -> NDArray[np.int64]:
    """Minutes since 1970, each at least so many after the one before."""
    kept: list[int] = []
    for minute in sorted({int((time - EPOCH).total_seconds() // 60) for time in times}):
        if not kept or minute - kept[-1] >= apart:
            kept.append(minute)
    return np.array(kept, np.int64)
