"""Making a step due again by hand: measured first, started only when told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from albumen.airflow.assets import DUE_ASSETS, emissions
from albumen.airflow.operators.backfill import BackfillStepOperator
from albumen.testing.library import TestLibrary

Run = Callable[..., Any]

FORM = {
    "library": "test",
    "step": "renditions",
    "dry_run": True,
    "stale_only": True,
    "keys": [],
    "prefix": "",
    "reason": "",
    "taken_from": "",
    "taken_to": "",
}


@pytest.fixture
def backfill(run_task: Run) -> Callable[..., Any]:
    """One run of the form: as in the DAG, everything comes through templates."""

    def run(**fields: Any) -> Any:
        task = BackfillStepOperator(
            task_id="backfill",
            measure_only="{{ params.dry_run }}",
            keys="{{ params['keys'] | tojson }}",
            **{name: f"{{{{ params.{name} or '' }}}}" for name in FORM if name not in {"dry_run", "keys"}},
            outlets=[emissions("a_dag")],
            wakes=DUE_ASSETS,
        )
        return run_task(task, params=FORM | fields)

    return run


@pytest.fixture
def worked(place: TestLibrary, photo: Callable[..., bytes], sandbox: Any) -> TestLibrary:
    """Three photos, all done."""
    for number, taken in enumerate(("2019:05:01 12:00:00", "2020:05:01 12:00:00", "2021:05:01 12:00:00")):
        place.put(f"{2019 + number}/{number}.jpg", photo(number, taken=taken))
    place.discover()
    place.work()
    return place


def snapshot(place: TestLibrary) -> list[Any]:
    with place.connect() as connection:
        return [
            connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2, 3")).all()
            for table in ("due", "backfills", "outcomes", "steps")
        ]


def due(place: TestLibrary) -> list[tuple[str, int]]:
    with place.connect() as connection:
        rows = connection.execute(text("SELECT step, lane FROM due ORDER BY 1, 2"))
        return [(row.step, row.lane) for row in rows]


def test_a_dry_run_tells_size_and_cost_and_writes_nothing(worked: TestLibrary, backfill: Run) -> None:
    before = snapshot(worked)
    ran = backfill(stale_only=False)
    assert ran.result["items"] == 3
    assert ran.result["started"] is False
    assert "3 items of library test" in ran.result["estimate"]
    assert "core-hours" in ran.result["estimate"]
    assert ran.emitted == []
    assert snapshot(worked) == before


def test_up_to_date_items_are_left_alone(worked: TestLibrary, backfill: Run) -> None:
    ran = backfill(dry_run=False)
    assert (ran.result["items"], ran.result["started"], ran.emitted) == (0, False, [])
    assert due(worked) == []


def test_a_backfill_goes_into_its_own_lane_and_wakes_its_pass(worked: TestLibrary, backfill: Run) -> None:
    ran = backfill(dry_run=False, stale_only=False)
    assert ran.result["started"] is True
    assert due(worked) == [("renditions", 2)] * 3
    assert [name for name, _ in ran.emitted] == ["transcode_originals_due"]


def test_a_step_of_the_preview_pass_wakes_that_one(worked: TestLibrary, backfill: Run) -> None:
    ran = backfill(step="quality", dry_run=False, stale_only=False)
    assert due(worked) == [("quality", 2)] * 3
    assert [name for name, _ in ran.emitted] == ["enrich_items_due"]


def test_twice_is_due_once(worked: TestLibrary, backfill: Run) -> None:
    backfill(dry_run=False, stale_only=False)
    backfill(dry_run=False, stale_only=False)
    assert due(worked) == [("renditions", 2)] * 3


def test_the_form_narrows_the_selection(worked: TestLibrary, backfill: Run) -> None:
    assert backfill(stale_only=False, prefix="2020/").result["items"] == 1
    assert backfill(stale_only=False, taken_from="2020-01-01").result["items"] == 2
    assert backfill(stale_only=False, taken_from="2020-05-01", taken_to="2020-05-01").result["items"] == 1
    assert backfill(stale_only=False, reason="unreadable").result["items"] == 0
    assert backfill(stale_only=False, taken_from=None, reason=None, keys=None).result["items"] == 3


def test_named_files_go_before_other_backfills(worked: TestLibrary, backfill: Run) -> None:
    ran = backfill(dry_run=False, stale_only=False, keys=["2020/1.jpg", "2021/2.jpg", ""])
    assert (ran.result["items"], ran.result["started"]) == (2, True)
    assert due(worked) == [("renditions", 0)] * 2


def test_a_key_is_taken_as_it_is_written(worked: TestLibrary, backfill: Run, photo: Callable[..., bytes]) -> None:
    odd = "it's <5> & {{ 7 * 7 }} ñ.jpg"
    worked.put(odd, photo(7))
    worked.discover()
    worked.work()
    assert backfill(stale_only=False, keys=[odd]).result["items"] == 1


@pytest.mark.parametrize("step", ["large", "fullsize"])
def test_a_step_on_demand_is_measured_first_and_made_for_the_selection(
    worked: TestLibrary, backfill: Run, step: str
) -> None:
    measured = backfill(step=step, prefix="2020/")
    assert (measured.result["items"], measured.result["started"], due(worked)) == (1, False, [])
    assert f"{step} is due for 1 items of library test" in measured.result["estimate"]

    ran = backfill(step=step, prefix="2020/", dry_run=False)
    assert due(worked) == [(step, 2)]
    assert [name for name, _ in ran.emitted] == ["transcode_originals_due"]
    worked.work()
    assert backfill(step=step).result["items"] == 2


def test_faces_are_due_for_nobody_without_consent(worked: TestLibrary, backfill: Run) -> None:
    assert backfill(step="faces", dry_run=False, stale_only=False).result["items"] == 0
    assert due(worked) == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"step": "rendition"}, "no step is called 'rendition'; there are: metadata, renditions"),
        ({"library": "tset"}, "no library is called 'tset'; there are: test"),
        ({"taken_from": "2020-13-01"}, "taken_from"),
        ({"taken_to": "yesterday"}, "taken_to"),
        ({"reason": "broken"}, "no reason is called 'broken'; there are: not_media, unsupported"),
        ({"keys": ["2020/1.jpg", "a.jpg", "b.jpg"]}, r"library test has no file 'a.jpg', 'b.jpg' \(2 unknown keys\)"),
        ({"taken_from": "2021-01-01", "taken_to": "2020-01-01"}, "taken_from"),
    ],
)
def test_a_wrong_field_is_a_clear_error_and_changes_nothing(
    worked: TestLibrary, backfill: Run, fields: dict[str, str], told: str
) -> None:
    before = snapshot(worked)
    with pytest.raises(ValueError, match=told):
        backfill(dry_run=False, **fields)
    assert snapshot(worked) == before
