"""When does a step count as broken?"""

import pytest

from albumen.catalog.results import StepOutcome
from albumen.pipeline.breaker import SAMPLE, Breaker
from albumen.settings import PipelineSettings


def ended(reason, step="faces"):
    return StepOutcome(step, "retrying", reason, f"{reason} of it\nsecond line", 1, 1, "key")


def breaker_of(size, *reasons):
    breaker = Breaker({"faces": size}, PipelineSettings())
    for number, reason in enumerate(reasons):
        breaker.count(number, [ended(reason)])
    return breaker


@pytest.mark.parametrize(
    ("size", "reasons", "trips"),
    [
        (50, ["bug"] * 10, True),
        (50, ["timed_out"] * 5 + ["bug"] * 5, True),
        (50, ["bug"] * 9, False),
        (9, ["bug"] * 9, False),
        (200, ["bug"] * 39, False),
        (200, ["bug"] * 40, True),
        (200, ["unreadable"] * 200, False),
        (200, ["crashed"] * 100 + ["too_large"] * 100, False),
        (200, [None] * 200, False),
    ],
)
def test_a_fifth_of_a_shard_and_ten_items_that_are_the_steps_fault_trip_it(size, reasons, trips) -> None:
    assert bool(breaker_of(size, *reasons).trips()) is trips


def test_a_trip_tells_how_many_failed_and_shows_a_few() -> None:
    (trip,) = breaker_of(50, "unreadable", *["bug"] * 12).trips()
    assert str(trip) == "12 of the 50 items of a shard failed, the first as bug: bug of it"
    assert trip.sample()["failed"] == 12
    assert trip.sample()["faults"] == [
        {"subject_id": number, "reason": "bug", "detail": "bug of it"} for number in range(1, SAMPLE + 1)
    ]


def test_a_trip_is_told_once_and_a_step_that_goes_on_has_its_full_allowance_again() -> None:
    breaker = breaker_of(50, *["bug"] * 10)
    assert len(breaker.trips()) == 1
    assert breaker.trips() == []
    for number in range(9):
        breaker.count(number, [ended("bug")])
    assert breaker.trips() == []
    breaker.count(9, [ended("bug")])
    assert len(breaker.trips()) == 1


def test_steps_are_counted_apart() -> None:
    breaker = Breaker({"faces": 20, "quality": 20}, PipelineSettings())
    for number in range(10):
        breaker.count(number, [ended("bug", "faces"), ended(None, "quality")])
    assert [trip.step for trip in breaker.trips()] == ["faces"]
