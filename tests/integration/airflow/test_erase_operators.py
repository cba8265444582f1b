"""Erasing by hand: counted first, approved by a person, then carried out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import DownstreamTasksSkipped, TaskDeferred

from albumen.airflow.assets import ENRICHMENTS, emissions
from albumen.airflow.operators.erase import ApproveErasureOperator, EraseOperator, RequestErasureOperator
from albumen.catalog import erasures
from albumen.catalog.erasures import Erasure, Phase
from albumen.testing.library import TestLibrary

Run = Callable[..., Any]

FORM = {"library": "test", "dry_run": False, "keys": [], "hashes": [], "whole_library": False, "reason": ""}


@pytest.fixture
def worked(place: TestLibrary, photo: Callable[..., bytes], sandbox: Any) -> TestLibrary:
    """Two photos and a copy, all done."""
    place.put("one.jpg", photo(1, taken="2019:05:01 12:00:00"))
    place.put("copy.jpg", photo(1, taken="2019:05:01 12:00:00"))
    place.put("two.jpg", photo(2))
    place.discover()
    place.work()
    return place


@pytest.fixture
def request_erasure(run_task: Run) -> Run:
    """One run of the form: as in the DAG, everything comes through templates."""

    def run(**fields: Any) -> Any:
        with DAG("a_dag", schedule=None):
            task = RequestErasureOperator(
                task_id="request",
                library="{{ params.library }}",
                keys="{{ params['keys'] | tojson }}",
                hashes="{{ params.hashes | tojson }}",
                whole_library="{{ params.whole_library }}",
                reason="{{ params.reason or '' }}",
                measure_only="{{ params.dry_run }}",
            )
        return run_task(task, params=FORM | fields).result

    return run


@pytest.fixture
def answer(worked: TestLibrary) -> Run:
    """What a person answers to a request, as Airflow hands it to the task."""

    def run(erasure_id: int, choice: str, *, typed: str = "", user: str | None = "bob") -> Erasure:
        task = ApproveErasureOperator(task_id="approve")
        event = {
            "chosen_options": [choice],
            "params_input": {"library_name": typed},
            "responded_at": datetime.now(UTC),
            "responded_by_user": user and {"id": "1", "name": user},
        }
        ti = SimpleNamespace(xcom_pull=lambda task_ids: {"erasure_id": erasure_id, "extent": "much"})
        task.execute_complete({"ti": ti, "task": task}, event)  # type: ignore[typeddict-item]
        with worked.connect() as connection:
            return erasures.one(connection, erasure_id)

    return run


@pytest.fixture
def erase(run_task: Run) -> Run:
    def run(erasure_id: int) -> Any:
        task = EraseOperator(
            task_id="erase", erasure_id=str(erasure_id), outlets=[emissions("a_dag")], wakes=ENRICHMENTS
        )
        return run_task(task)

    return run


def test_a_dry_run_counts_and_asks_nobody(worked: TestLibrary, request_erasure: Run) -> None:
    before = worked.dump()
    counted = request_erasure(dry_run=True, keys=["one.jpg"])
    assert counted["erasure_id"] is None
    assert counted["extent"].startswith("1 items (2 files in the source, which stay there), 2 renditions (")
    whole = request_erasure(dry_run=True, whole_library=True)
    assert whole["extent"].startswith("2 items (3 files in the source, which stay there), 4 renditions (")
    assert worked.dump() == before


def test_a_dry_run_skips_what_follows(worked: TestLibrary, run_task: Run) -> None:
    with DAG("a_dag", schedule=None):
        task = RequestErasureOperator(task_id="request", library="test", keys=["one.jpg"])
        task >> ApproveErasureOperator(task_id="approve")
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        run_task(task)
    assert skipped.value.tasks == ["approve"]


def test_what_was_approved_is_erased_and_the_receipt_tells_who(
    worked: TestLibrary, request_erasure: Run, answer: Run, erase: Run
) -> None:
    asked = request_erasure(keys=["one.jpg", ""], reason="a wish")
    approved = answer(asked["erasure_id"], "Approve")
    assert (approved.phase, approved.approved_by) == (Phase.CLOSING, "bob")
    ran = erase(asked["erasure_id"])
    assert [name for name, _ in ran.emitted] == ["enrichments"]
    told = ran.result
    assert (told["phase"], told["approved_by"], told["reason"], told["keys"]) == ("finished", "bob", "a wish", 2)
    assert told["counts"]["items"] == 1
    assert {key: record["state"] for key, record in worked.records().items()} == {
        "copy.jpg": "skipped",
        "one.jpg": "skipped",
        "two.jpg": "done",
    }
    assert ".jpg" not in json.dumps(told), "ids and counts"
    again = erase(asked["erasure_id"])
    assert again.result == told


@pytest.mark.parametrize(("user", "told"), [("bob", "bob"), (None, "nobody (it was not answered in time)")])
def test_what_was_rejected_or_not_answered_is_not(
    worked: TestLibrary, request_erasure: Run, answer: Run, erase: Run, user: str | None, told: str
) -> None:
    erasure_id = request_erasure(keys=["one.jpg"])["erasure_id"]
    rejected = answer(erasure_id, "Reject", user=user)
    assert (rejected.phase, rejected.receipt) == (Phase.REJECTED, {"rejected_by": told})
    with pytest.raises(ValueError, match="is rejected"):
        erase(erasure_id)
    assert worked.records()["one.jpg"]["state"] == "done"


def test_a_whole_library_goes_only_if_its_name_is_typed(
    worked: TestLibrary, request_erasure: Run, answer: Run, erase: Run
) -> None:
    erasure_id = request_erasure(whole_library=True)["erasure_id"]
    with pytest.raises(ValueError, match="nothing is erased: the library is called 'test', not 'tset'"):
        answer(erasure_id, "Approve", typed="tset")
    with pytest.raises(ValueError, match="is asked"):
        erase(erasure_id)
    answer(erasure_id, "Approve", typed="test")
    ran = erase(erasure_id)
    assert (ran.result["whole_library"], ran.result["keys"], ran.emitted) == (True, 3, [])
    assert worked.query("SELECT FROM originals") == []


def test_the_task_waits_for_workers_of_before_without_a_slot(
    worked: TestLibrary, request_erasure: Run, answer: Run, erase: Run, photo: Callable[..., bytes]
) -> None:
    worked.put("three.jpg", photo(3))
    worked.discover()
    worked.lease("original", "somebody else")
    erasure_id = request_erasure(keys=["one.jpg"])["erasure_id"]
    answer(erasure_id, "Approve")
    with pytest.raises(TaskDeferred) as deferred:
        erase(erasure_id)
    assert deferred.value.method_name == "resume"
    worked.execute("UPDATE shards SET finished_at = now()")
    assert erase(erasure_id).result["phase"] == "finished"


def test_one_run_asks_once(worked: TestLibrary, request_erasure: Run) -> None:
    assert request_erasure(keys=["one.jpg"]) == request_erasure(keys=["one.jpg"])
    assert len(worked.query("SELECT FROM erasures")) == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "name what to erase"),
        ({"keys": None}, "name what to erase"),
        ({"keys": ["one.jpg"], "whole_library": True}, "name what to erase"),
        ({"library": "tset", "keys": ["one.jpg"]}, "no library is called 'tset'"),
        ({"keys": ["none.jpg", "one.jpg"]}, r"library test has no file 'none.jpg' \(1 unknown keys\)"),
        ({"hashes": ["abc"]}, "'abc' is no SHA-256 digest"),
    ],
)
def test_a_wrong_field_is_a_clear_error_and_asks_nobody(
    worked: TestLibrary, request_erasure: Run, fields: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        request_erasure(**fields)
    assert worked.query("SELECT FROM erasures") == []
