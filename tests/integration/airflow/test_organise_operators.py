"""Organising: the libraries whose days changed, each on its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from albumen.airflow.assets import ORGANISED, emissions
from albumen.airflow.operators.organise import (
    OrganiseLibraryOperator,
    PlanOrganisingOperator,
    SettleOrganisingOperator,
)
from albumen.catalog import changes, days
from albumen.catalog.libraries import LibraryError
from albumen.testing.library import TestLibrary

Run = Callable[..., Any]


@pytest.fixture
def photographed(place: TestLibrary, photo: Callable[..., bytes], sandbox: Any) -> TestLibrary:
    """Three photos of two days, fingerprinted and not organised."""
    for number, taken in enumerate(("2020:05:01 10:00:00", "2020:05:01 11:00:00", "2020:05:02 10:00:00")):
        place.put(f"{number}.jpg", photo(number, taken=taken))
    place.discover()
    place.run(place.lease("original", "by hand"))
    return place


def settle() -> SettleOrganisingOperator:
    return SettleOrganisingOperator(task_id="settle", outlets=[emissions("a_dag")], changed=ORGANISED)


def organise(name: str = "test") -> OrganiseLibraryOperator:
    return OrganiseLibraryOperator(task_id="organise", library=name)


def test_nothing_changed_plans_nothing(place: TestLibrary, run_task: Run) -> None:
    assert run_task(PlanOrganisingOperator(task_id="plan")).result == []


def test_only_libraries_with_changed_days_are_planned(photographed: TestLibrary, run_task: Run) -> None:
    TestLibrary.create(photographed.url, photographed.store, photographed.bucket, name="other")
    assert run_task(PlanOrganisingOperator(task_id="plan")).result == ["test"]


def test_days_are_counted_and_the_memories_woken(photographed: TestLibrary, run_task: Run) -> None:
    organised = run_task(organise())
    assert (organised.result, organised.label) == ({"days": 2, "items": 3}, "test")
    with photographed.connect() as connection:
        counted = days.counts(connection, photographed.library.library_id)
    assert counted == {date(2020, 5, 1): 2, date(2020, 5, 2): 1}
    one, other = {"days": 2, "items": 3}, {"days": 3, "items": 0}
    assert run_task(settle(), returned={"organise": one}).emitted == [("organised", one)]
    assert run_task(settle(), returned={"organise": [one, other]}).emitted == [("organised", {"days": 5, "items": 3})]


def test_a_second_run_finds_nothing_and_wakes_nobody(photographed: TestLibrary, run_task: Run) -> None:
    run_task(organise())
    nothing = {"days": 0, "items": 0}
    assert run_task(organise(), try_number=2).result == nothing
    assert run_task(settle(), returned={"organise": nothing}).emitted == []
    assert run_task(PlanOrganisingOperator(task_id="plan")).result == []


def test_a_library_another_worker_has_is_left_to_it(photographed: TestLibrary, run_task: Run) -> None:
    with photographed.connect() as other:
        assert changes.hold(other, photographed.library.library_id)
        assert run_task(organise()).result == {"days": 0, "items": 0}
        other.rollback()
    assert run_task(organise()).result == {"days": 2, "items": 3}


def test_a_library_that_is_gone_is_a_clear_error(place: TestLibrary, run_task: Run) -> None:
    with pytest.raises(LibraryError, match="'gone'"):
        run_task(organise("gone"))


def test_a_vanished_photo_is_counted_no_more(photographed: TestLibrary, run_task: Run) -> None:
    run_task(organise())
    photographed.delete("2.jpg")
    photographed.discover()
    photographed.discover()
    run_task(organise())
    with photographed.connect() as connection:
        assert days.counts(connection, photographed.library.library_id) == {date(2020, 5, 1): 2}
        assert connection.execute(text("SELECT count(*) FROM dirty_days")).scalar_one() == 0
