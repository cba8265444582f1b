"""Money: each part by its own price, requests as they are sent, and a day's needs in proportion."""

from __future__ import annotations

import pytest

from albumen.catalog.hours_of_work import Work
from albumen.pipeline import costing
from albumen.settings import PriceSettings

PRICES = PriceSettings(core_hour=1.0, gb_month=2.0, gets_per_1000=3.0, puts_per_1000=5.0, gb_out=7.0)
WORK = [
    Work(1, "metadata", "done", "", 1000, 360.0, 400.0, 10**9, 0),
    Work(1, "renditions", "done", "", 900, 3240.0, 4000.0, 9 * 10**8, 3 * 10**9),
    Work(1, "renditions", "quarantined", "unreadable", 100, 0.0, 1.0, 0, 0),
    Work(2, "quality", "done", "", 10, 36.0, 36.0, 0, 0),
    Work(3, "gone", "done", "", 5, 3600.0, 0.0, 0, 0),
]


def test_each_part_has_its_price() -> None:
    (cost,) = costing.by_library([one for one in WORK if one.library_id == 1], {1: "home"})
    assert cost.name == "home"
    assert (cost.gets, cost.puts) == (1000, 1800)
    assert cost.money(PRICES) == pytest.approx(
        {"processor": 1.0, "requests": 3.0 + 9.0, "traffic": 7.0, "a month's keeping": 6.0}
    )


def test_the_dearest_comes_first_and_nothing_is_left_out() -> None:
    steps = costing.by_step(WORK)
    assert [one.name for one in steps] == ["gone", "renditions", "metadata", "quality"]
    assert sum(one.outcomes for one in steps) == sum(one.n for one in WORK)
    assert sum(one.cpu_s for one in costing.by_library(WORK, {1: "a"})) == pytest.approx(sum(one.cpu_s for one in WORK))
    assert costing.by_library(WORK, {})[0].name.endswith("(erased)")
    assert costing.by_step([]) == []


def test_twice_the_photos_take_twice_the_cores_and_the_money() -> None:
    measured = {"metadata": 0.01, "renditions": 0.05}
    one, two = (costing.capacity(n, measured, 300_000, PRICES) for n in (500_000, 1_000_000))
    assert two.cores == pytest.approx(2 * one.cores)
    assert two.money_a_day == pytest.approx(2 * one.money_a_day)
    assert two.gb_a_day == pytest.approx(300.0)
    assert two.measured == {"metadata", "renditions"}
    assert two.cpu_s["renditions"] == 0.05
    assert two.cpu_s["quality"] > 0
    assert costing.capacity(1, measured, None, PRICES).slots == 1
