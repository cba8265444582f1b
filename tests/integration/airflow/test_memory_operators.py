"""Memories: whose turn it is, what is told, and when nothing is told twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from albumen.airflow.assets import MEMORIES, emissions
from albumen.airflow.operators import memories as operators
from albumen.airflow.operators.memories import (
    GenerateMemoriesOperator,
    PlanMemoriesOperator,
    SettleMemoriesOperator,
)
from albumen.catalog import libraries, memories
from albumen.catalog.libraries import LibraryError
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

Run = Callable[..., Any]

DAY = "2023-06-12"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets what time it is for the operators, in UTC."""

    def at(moment: str) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.fromisoformat(moment).replace(tzinfo=UTC)

        monkeypatch.setattr(operators, "datetime", Clock)

    return at


@pytest.fixture
def told(place: TestLibrary, sandbox: Any) -> TestLibrary:
    """A library with photos of the same day in three earlier years."""
    for year in (2019, 2020, 2021):
        for number in range(3):
            place.put(f"{year}/{number}.jpg", a_photo(f"{year} {number}", taken=f"{year}:06:12 {10 + number}:30:00"))
    place.discover()
    place.work()
    return place


def plan(**arguments: str) -> PlanMemoriesOperator:
    return PlanMemoriesOperator(task_id="plan", **arguments)


def generate(library: str = "test", day: str = DAY) -> GenerateMemoriesOperator:
    return GenerateMemoriesOperator(task_id="generate", job={"library": library, "day": day})


def settle() -> SettleMemoriesOperator:
    return SettleMemoriesOperator(task_id="settle", outlets=[emissions("a_dag")], changed=MEMORIES)


def take_turn(place: TestLibrary, day: str) -> None:
    with place.connect() as connection:
        memories.take_turn(connection, place.library.library_id, date.fromisoformat(day))
        connection.commit()


def test_a_library_has_its_turn_when_its_local_morning_has_come(
    place: TestLibrary, run_task: Run, clock: Callable[[str], None]
) -> None:
    with place.connect() as connection:
        libraries.create(connection, name="far", bucket="b", prefix="far/", home_zone="Pacific/Kiritimati", consents=())
        connection.commit()
    take_turn(place, "2023-06-11")
    clock("2023-06-11T16:30:00")
    assert run_task(plan()).result == [{"library": "far", "day": "2023-06-12"}]
    clock("2023-06-12T02:59:00")
    assert {job["library"] for job in run_task(plan()).result} == {"far"}
    clock("2023-06-12T03:00:00")
    assert {"library": "test", "day": "2023-06-12"} in run_task(plan()).result, "five in the morning in Madrid"


def test_the_morning_is_a_setting(
    place: TestLibrary, run_task: Run, clock: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock("2023-06-12T03:00:00")
    monkeypatch.setenv("ALBUMEN_MEMORIES__MORNING_HOUR", "7")
    assert run_task(plan()).result == []


def test_a_turn_comes_once_a_day_and_again_when_the_library_was_organised(
    place: TestLibrary, run_task: Run, clock: Callable[[str], None], watcher_event: Callable[[Any], Any]
) -> None:
    clock("2023-06-12T08:00:00")
    take_turn(place, "2023-06-12")
    assert run_task(plan()).result == []
    assert run_task(plan(), events=[watcher_event({})]).result == [{"library": "test", "day": "2023-06-12"}]
    clock("2023-06-13T08:00:00")
    assert run_task(plan()).result == [{"library": "test", "day": "2023-06-13"}]


def test_organised_at_night_waits_for_the_morning(
    place: TestLibrary, run_task: Run, clock: Callable[[str], None], watcher_event: Callable[[Any], Any]
) -> None:
    clock("2023-06-12T01:00:00")
    assert run_task(plan(), events=[watcher_event({})]).result == []


def test_asked_by_hand_it_is_done_at_once(
    second_library: TestLibrary, run_task: Run, clock: Callable[[str], None]
) -> None:
    clock("2023-06-12T01:00:00")
    task = {"library": "{{ params.library }}", "as_of": "{{ params.as_of }}"}
    asked = run_task(plan(**task), params={"library": "test", "as_of": "2022-01-02"})
    assert asked.result == [{"library": "test", "day": "2022-01-02"}]
    everyone = run_task(plan(**task), params={"library": "", "as_of": "2022-01-02"})
    assert [job["library"] for job in everyone.result] == ["test", "other"]
    today = run_task(plan(**task), params={"library": "other", "as_of": ""})
    assert today.result == [{"library": "other", "day": "2023-06-12"}]


def test_a_wrong_form_is_a_clear_error(place: TestLibrary, run_task: Run) -> None:
    with pytest.raises(LibraryError, match=r"'tset'.*there are: test"):
        run_task(plan(library="tset"))
    with pytest.raises(ValueError, match="tomorrow"):
        run_task(plan(as_of="tomorrow"))


def test_a_story_is_told_stored_and_announced(told: TestLibrary, run_task: Run) -> None:
    ran = run_task(generate())
    assert ran.label == f"test {DAY}"
    (memory_id,) = ran.result["memories"]
    with told.connect() as connection:
        (stored,) = memories.stored(connection, told.library.library_id)
        assert memories.turns(connection) == {told.library.library_id: date.fromisoformat(DAY)}
    assert stored.memory_id == memory_id
    assert stored.kind == "on_this_day"
    assert len(stored.items) >= 5
    page = told.store.get(told.bucket, stored.page_key).decode()
    assert stored.title in page
    ended = run_task(settle(), returned={"generate": ran.result})
    assert ended.emitted == [("memories", {"memories": [memory_id]})]


def test_told_again_it_is_the_same_and_not_rendered_again(told: TestLibrary, run_task: Run) -> None:
    first = run_task(generate()).result
    with told.connect() as connection:
        (stored,) = memories.stored(connection, told.library.library_id)
    told.store.client.delete_object(Bucket=told.bucket, Key=stored.page_key)
    assert run_task(generate(), try_number=2).result == first
    assert stored.page_key not in {listed.key for listed in told.store.list_all(told.bucket, "memories/")}


def test_a_day_without_a_story_wakes_nobody_and_has_had_its_turn(told: TestLibrary, run_task: Run) -> None:
    ran = run_task(generate(day="2023-01-15"))
    assert ran.result == {"library": "test", "day": "2023-01-15", "memories": []}
    with told.connect() as connection:
        assert memories.turns(connection) == {told.library.library_id: date(2023, 1, 15)}
    assert run_task(settle(), returned={"generate": ran.result}).emitted == []


def test_an_empty_library_has_no_story(place: TestLibrary, run_task: Run) -> None:
    assert run_task(generate()).result["memories"] == []


def test_several_libraries_are_announced_together(place: TestLibrary, run_task: Run) -> None:
    results = [{"library": name, "day": DAY, "memories": [f"{name}-1"]} for name in ("a", "b")]
    assert run_task(settle(), returned={"generate": results}).emitted == [("memories", {"memories": ["a-1", "b-1"]})]
