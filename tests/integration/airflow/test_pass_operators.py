"""A run of a pass: plan, a shard for every slot, settle."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
import time_machine
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from albumen.airflow.assets import ENRICH_ITEMS_DUE, ENRICHMENTS, RENDITIONS, TRANSCODE_ORIGINALS_DUE, emissions
from albumen.airflow.operators.plan import PlanWorkOperator
from albumen.airflow.operators.process import ProcessShardOperator
from albumen.airflow.operators.settle import SettleOperator
from albumen.pipeline.running import WorldBroken
from albumen.testing.library import TestLibrary

Run = Callable[..., Any]
Photo = Callable[..., bytes]


def plan(pass_name: str = "original") -> PlanWorkOperator:
    return PlanWorkOperator(task_id="plan", pass_name=pass_name)


def process(size: int = 100, pass_name: str = "original") -> ProcessShardOperator:
    return ProcessShardOperator(task_id="process", pass_name=pass_name, size=size)


def settle(pass_name: str = "original") -> SettleOperator:
    changed, more = (
        (RENDITIONS, TRANSCODE_ORIGINALS_DUE) if pass_name == "original" else (ENRICHMENTS, ENRICH_ITEMS_DUE)
    )
    return SettleOperator(
        task_id="settle", pass_name=pass_name, outlets=[emissions("a_dag")], changed=changed, more=more
    )


def names(ran: Any) -> list[str]:
    return [name for name, _ in ran.emitted]


@pytest.fixture
def uploads(place: TestLibrary, photo: Photo) -> Callable[[int], None]:
    """Puts so many photos into the library and lists it."""

    def upload(count: int) -> None:
        for number in range(count):
            place.put(f"{number:03}.jpg", photo(number))
        place.discover()

    return upload


def test_nothing_due_plans_nothing(place: TestLibrary, run_task: Run) -> None:
    assert run_task(plan()).result == []
    assert run_task(plan("preview")).result == []


def test_a_small_backlog_is_spread_over_the_slots(
    uploads: Callable[[int], None], run_task: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALBUMEN_PIPELINE__SLOTS", "3")
    uploads(12)
    assert run_task(plan()).result == [4, 4, 4]


@pytest.mark.usefixtures("sandbox")
def test_a_run_works_off_what_is_due_and_wakes_the_next_pass(
    uploads: Callable[[int], None], run_task: Run, place: TestLibrary
) -> None:
    uploads(6)
    sizes = run_task(plan()).result
    results = [run_task(process(size), map_index=slot).result for slot, size in enumerate(sizes)]
    assert {record["steps"]["renditions"]["state"] for record in place.records().values()} == {"done"}
    ended = run_task(settle(), returned={"process": results})
    assert names(ended) == ["renditions"]
    assert ended.result["more"] is False
    assert ended.result["outcomes"] == {"metadata done": 6, "renditions done": 6}


@pytest.mark.usefixtures("sandbox")
def test_work_that_is_left_wakes_the_pass_again(uploads: Callable[[int], None], run_task: Run) -> None:
    uploads(6)
    result = run_task(process(4)).result
    ended = run_task(settle(), returned={"process": [result]})
    assert names(ended) == ["renditions", "transcode_originals_due"]
    assert ended.result["more"] is True


@pytest.mark.usefixtures("sandbox")
def test_one_slot_alone_is_summed_up_too(uploads: Callable[[int], None], run_task: Run) -> None:
    uploads(2)
    result = run_task(process()).result
    assert names(run_task(settle(), returned={"process": result})) == ["renditions"]


@pytest.mark.usefixtures("sandbox")
def test_a_run_that_changed_nothing_wakes_nobody(place: TestLibrary, run_task: Run) -> None:
    place.put("notes.txt", b"no photo at all")
    place.discover()
    result = run_task(process()).result
    assert place.records()["notes.txt"]["state"] == "skipped"
    assert names(run_task(settle(), returned={"process": result})) == []


@pytest.mark.usefixtures("sandbox")
def test_copies_count_as_changes(place: TestLibrary, run_task: Run, photo: Photo) -> None:
    place.put("one.jpg", photo(1))
    place.discover()
    run_task(process())
    place.put("copy.jpg", photo(1))
    place.discover()
    result = run_task(process(), run_id="run-2").result
    assert result["adopted"] == 1
    assert names(run_task(settle(), returned={"process": result})) == ["renditions"]


def test_slots_without_work_say_so_and_succeed(place: TestLibrary, run_task: Run) -> None:
    ran = run_task(process())
    assert (ran.result, ran.label) == ({}, "nothing left to lease")
    assert names(run_task(settle(), returned={"process": [{}, {}]})) == []


def test_a_second_run_of_a_finished_task_does_nothing_and_succeeds(
    uploads: Callable[[int], None], run_task: Run, place: TestLibrary, sandbox: Any
) -> None:
    uploads(8)
    first = run_task(process(4), map_index=0)
    assert first.label.startswith("test: 4 fresh (shard ")
    worked = list(sandbox.worked)
    again = run_task(process(4), map_index=0, try_number=2)
    assert (again.result, again.label) == ({}, "finished before")
    assert sandbox.worked == worked, "the four that are left belong to other slots"
    assert run_task(process(4), map_index=0, run_id="run-2").result["size"] == 4


def test_a_retry_goes_on_with_the_shard_of_the_try_that_failed(
    uploads: Callable[[int], None], run_task: Run, place: TestLibrary, sandbox: Any
) -> None:
    uploads(6)

    def die(step: str, item: Any) -> None:
        raise KeyboardInterrupt

    sandbox.interfere = die
    with pytest.raises(KeyboardInterrupt):
        run_task(process(4))
    sandbox.interfere = lambda step, item: None
    again = run_task(process(4), try_number=2)
    assert again.result["size"] == 4
    with place.connect() as connection:
        shards = connection.execute(text("SELECT generation, finished_at IS NOT NULL FROM shards")).all()
    assert [tuple(shard) for shard in shards] == [(2, True)]


@pytest.mark.usefixtures("sandbox")
def test_outcomes_name_the_task_that_made_them(
    uploads: Callable[[int], None], run_task: Run, place: TestLibrary
) -> None:
    uploads(1)
    run_task(process(), map_index=3, try_number=2, run_id="manual-1")
    with place.connect() as connection:
        tasks = connection.execute(text("SELECT DISTINCT task FROM outcomes")).scalars().all()
    assert tasks == ["a_dag/manual-1/process/3/2"]


def test_the_real_sandbox_keeps_a_bad_file_to_itself(place: TestLibrary, run_task: Run, photo: Photo) -> None:
    place.put("good.jpg", photo(1))
    place.put("cut-off.jpg", photo(2, size=(640, 480))[:600])
    place.discover()
    result = run_task(process()).result
    records = place.records()
    assert records["good.jpg"]["steps"]["renditions"]["state"] == "done"
    assert (records["cut-off.jpg"]["state"], records["cut-off.jpg"]["reason"]) == ("quarantined", "unreadable")
    assert names(run_task(settle(), returned={"process": result})) == ["renditions"]


@pytest.mark.usefixtures("sandbox")
@pytest.mark.usefixtures("sandbox")
def test_the_log_names_library_shard_and_item_of_what_went_wrong(
    place: TestLibrary, run_task: Run, photo: Photo
) -> None:
    place.put("bad.jpg", photo(1)[:200])
    place.discover()
    task, seen = process(), []

    class Listener:
        def warning(self, _event: str, *_values: Any) -> None:
            seen.append(structlog.contextvars.get_contextvars())

        info = warning

    task._cached_logger = Listener()
    run_task(task)
    (row,) = place.query("SELECT original_id FROM originals")
    told = [one for one in seen if one.get("item_id") == row.original_id]
    assert {one["step"] for one in told} == {"renditions"}
    assert all((one["library_id"], one["run_id"]) == (1, "run-1") and one["shard_id"] for one in told)


def test_the_preview_pass_follows(uploads: Callable[[int], None], run_task: Run) -> None:
    uploads(3)
    run_task(process())
    sizes = run_task(plan("preview")).result
    assert sizes
    results = [run_task(process(size, "preview"), map_index=slot).result for slot, size in enumerate(sizes)]
    ended = run_task(settle("preview"), returned={"process": results})
    assert names(ended) == ["enrichments"]
    assert ended.result["outcomes"]["quality done"] == 3


@pytest.mark.usefixtures("sandbox")
def test_a_store_that_is_away_breaks_the_task_and_blames_no_item(
    uploads: Callable[[int], None],
    run_task: Run,
    place: TestLibrary,
    outage: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uploads(3)
    reachable = os.environ["AIRFLOW_CONN_ALBUMEN_S3"]
    outage("store")
    with pytest.raises(WorldBroken, match="3 of 3 items"):
        run_task(process())
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_S3", reachable)
    assert run_task(process(), try_number=2).result["done"] == 6
    with place.connect() as connection:
        assert connection.execute(text("SELECT max(attempts) FROM outcomes")).scalar_one() == 1


def test_a_catalog_that_is_away_fails_the_task(
    place: TestLibrary, run_task: Run, outage: Callable[[str], None]
) -> None:
    outage("catalog")
    for task in (plan(), process(), settle()):
        with pytest.raises(OperationalError):
            run_task(task)


@pytest.mark.usefixtures("sandbox")
def test_a_changed_setting_makes_exactly_its_step_due_again(
    uploads: Callable[[int], None], run_task: Run, place: TestLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads(5)
    assert run_task(plan()).result
    run_task(process())
    assert run_task(plan(), run_id="run-2").result == []
    monkeypatch.setenv("ALBUMEN_RENDITIONS__PREVIEW_QUALITY", "70")
    assert sum(run_task(plan(), run_id="run-3").result) >= 5
    with place.connect() as connection:
        due = connection.execute(text("SELECT DISTINCT step, lane FROM due WHERE step IN ('metadata', 'renditions')"))
        assert [tuple(row) for row in due] == [("renditions", 2)]


@pytest.mark.parametrize("jump", [timedelta(days=-4000), timedelta(days=4000)], ids=["back", "ahead"])
@pytest.mark.usefixtures("sandbox")
def test_a_workers_clock_that_jumps_changes_nothing(
    place: TestLibrary, run_task: Run, photo: Photo, jump: timedelta
) -> None:
    now = datetime.now(UTC)
    place.put("new.jpg", photo(1, taken=f"{now:%Y:%m:%d %H:%M:%S}"))
    place.put("from-the-future.jpg", photo(2, taken=f"{now + timedelta(days=400):%Y:%m:%d %H:%M:%S}"))
    place.put("broken.jpg", photo(3)[:200])
    place.discover()
    with time_machine.travel(now + jump):
        run_task(process())
    records = place.records()
    assert records["new.jpg"]["taken"]["local"].startswith(f"{now:%Y-%m-%d}")
    assert records["from-the-future.jpg"]["taken"]["source"] == "last_modified"
    assert records["broken.jpg"]["reason"] == "unreadable"
    ended = place.query("SELECT min(at) AS first, max(at) AS last FROM outcome_history")[0]
    assert now - timedelta(minutes=5) < ended.first <= ended.last < now + timedelta(minutes=5)


def test_a_label_the_author_of_the_dag_chose_stays(place: TestLibrary, run_task: Run) -> None:
    task = ProcessShardOperator(
        task_id="process", pass_name="original", size=1, map_index_template="slot {{ ti.map_index }}"
    )
    assert run_task(task, map_index=7).label == "slot 7"
