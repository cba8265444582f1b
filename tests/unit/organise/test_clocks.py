"""Clocks that are off, by plain values: found where a trip shows them, and only there."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from albumen.catalog.clocks import Tick
from albumen.organise.clocks import find

START = datetime(2020, 5, 1, 9)


def walk(ahead: int, *, days: int = 5, seed: int = 1, together: bool = True) -> list[Tick]:
    """Two people on walks, who take photos of the same sights within three minutes; one clock is `ahead` minutes."""
    dice = random.Random(seed)
    found = []
    for day in range(days):
        for _ in range(12):
            sight = START + timedelta(days=day, minutes=dice.randint(0, 600))
            found += [Tick("Phone", sight + timedelta(seconds=dice.randint(0, 180)), 120) for _ in range(3)]
            other = sight if together else START + timedelta(days=day, minutes=dice.randint(0, 600))
            found.append(Tick("Canon", other + timedelta(minutes=ahead, seconds=dice.randint(0, 180)), None))
    return found


@pytest.mark.parametrize("ahead", [60, -60, 120, -540, 330, 97, 720])
def test_a_clock_that_is_off_is_found_to_the_minute(ahead: int) -> None:
    (drift,) = find(walk(ahead))
    assert drift.camera == "Canon"
    assert abs(drift.ahead - ahead) <= 1
    assert (drift.utc_minutes, drift.days >= 5) == (120, True)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_found_where_nothing_is_off_or_nobody_was_together(seed: int) -> None:
    assert find(walk(0, seed=seed)) == []
    assert find(walk(4, seed=seed)) == []
    assert find(walk(0, seed=seed, together=False)) == []


def test_one_day_and_a_camera_without_a_phone_beside_it_are_no_proof() -> None:
    assert find(walk(60, days=1)) == []
    assert find([tick for tick in walk(60) if tick.camera == "Canon"]) == []
    assert find([]) == []
