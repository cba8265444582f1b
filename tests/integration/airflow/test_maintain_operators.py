"""Maintaining: each library on its own, dry runs that change nothing, and passes that are woken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from albumen.airflow.assets import DUE_ASSETS, emissions
from albumen.airflow.operators.maintain import (
    CleanAirflowOperator,
    MaintainLibraryOperator,
    PlanMaintenanceOperator,
    RetireRecordsOperator,
    SettleMaintenanceOperator,
)
from albumen.catalog.libraries import LibraryError
from albumen.storage.layout import rendition_key
from albumen.storage.object_store import StorageError
from albumen.testing.library import TestLibrary

Run = Callable[..., Any]


@pytest.fixture
def damaged(
    place: TestLibrary, photo: Callable[..., bytes], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> TestLibrary:
    """Two photos, done; one rendition is lost, one object is nobody's, and none is too young."""
    for number in range(2):
        place.put(f"{number}.jpg", photo(number))
    place.discover()
    place.work()
    lost = place.query("SELECT min(key) AS key FROM renditions")[0].key
    place.store.delete(place.bucket, lost)
    key = rendition_key(1, b"?" * 32, "thumb", version=1, inputs_key="0" * 32, extension="webp")
    place.store.put(place.bucket, key, b"old", mime="image/webp")
    monkeypatch.setenv("ALBUMEN_MAINTENANCE__GRACE_HOURS", "0")
    return place


def maintain(**options: Any) -> MaintainLibraryOperator:
    return MaintainLibraryOperator(**{"task_id": "maintain", "library": "test", **options})


def settle() -> SettleMaintenanceOperator:
    return SettleMaintenanceOperator(task_id="settle", outlets=[emissions("a_dag")], wakes=DUE_ASSETS)


def by_check(ran: Any, field: str) -> dict[str, Any]:
    return {report["check"]: report[field] for report in ran.result["checks"]}


def test_every_library_is_planned_or_the_one_asked_for(second_library: TestLibrary, run_task: Run) -> None:
    assert run_task(PlanMaintenanceOperator(task_id="plan")).result == ["test", "other"]
    assert run_task(PlanMaintenanceOperator(task_id="plan", library="other")).result == ["other"]
    with pytest.raises(LibraryError, match="'gone'"):
        run_task(PlanMaintenanceOperator(task_id="plan", library="gone"))


def test_by_default_it_only_reports(damaged: TestLibrary, run_task: Run) -> None:
    before = (damaged.dump(), damaged.stored())
    ran = run_task(maintain())
    assert ran.label == "test"
    assert by_check(ran, "found") == {"missing": 1, "changed": 0, "superseded": 0, "erased": 0, "orphaned": 1}
    assert not any(by_check(ran, "acts").values())
    assert (damaged.dump(), damaged.stored()) == before
    settled = run_task(settle(), returned={"maintain": ran.result})
    assert settled.result["found"] == by_check(ran, "found")
    assert settled.emitted == []


def test_it_repairs_and_wakes_the_pass_and_orphans_wait_for_leave(damaged: TestLibrary, run_task: Run) -> None:
    before = len(damaged.stored())
    ran = run_task(maintain(report_only="False"))
    assert by_check(ran, "acts") == {
        "missing": True,
        "changed": True,
        "superseded": True,
        "erased": True,
        "orphaned": False,
    }
    assert by_check(ran, "done")["missing"] == {"due_again": 1}
    settled = run_task(settle(), returned={"maintain": [ran.result]})
    assert settled.result["wakes"] == ["original"]
    assert [name for name, _ in settled.emitted] == ["transcode_originals_due"]
    assert len(damaged.stored()) == before
    assert by_check(run_task(maintain(report_only=False, delete="True")), "done")["orphaned"]["deleted"] == 1
    assert len(damaged.stored()) == before - 1


def test_the_setting_lets_orphans_go_unasked(
    damaged: TestLibrary, run_task: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALBUMEN_MAINTENANCE__DELETE", '["orphaned"]')
    ran = run_task(maintain(report_only=False))
    assert by_check(ran, "acts") == {
        "missing": True,
        "changed": True,
        "superseded": False,
        "erased": False,
        "orphaned": True,
    }
    assert by_check(ran, "done")["orphaned"]["deleted"] == 1


def test_another_library_is_left_alone(damaged: TestLibrary, second_library: TestLibrary, run_task: Run) -> None:
    before = damaged.stored()
    ran = run_task(maintain(library="other", report_only=False, delete=True))
    assert not any(by_check(ran, "checked").values())
    assert damaged.stored() == before


def test_a_store_that_is_away_fails_the_task_for_its_retry(
    damaged: TestLibrary, run_task: Run, outage: Callable[[str], None]
) -> None:
    outage("store")
    with pytest.raises(StorageError):
        run_task(maintain(report_only=False))
    assert damaged.query("SELECT * FROM due") == []


def test_records_past_their_days_are_counted_or_dropped(damaged: TestLibrary, run_task: Run) -> None:
    damaged.execute("UPDATE shards SET finished_at = now() - interval '99 d'")
    count = len(damaged.query("SELECT * FROM shards"))
    assert run_task(RetireRecordsOperator(task_id="retire")).result == {"shards": count}
    assert len(damaged.query("SELECT * FROM shards")) == count
    assert run_task(RetireRecordsOperator(task_id="retire", report_only="False")).result == {"shards": count}
    assert damaged.query("SELECT * FROM shards") == []


def test_without_an_embedded_stack_airflow_is_left_to_the_cluster(
    run_task: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALBUMEN_HOME", raising=False)
    assert run_task(CleanAirflowOperator(task_id="clean")).result is False


def test_a_stack_that_cannot_be_cleaned_fails_the_task(
    run_task: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("ALBUMEN_HOME", str(tmp_path / "none"))
    with pytest.raises(RuntimeError, match="exit code 1"):
        run_task(CleanAirflowOperator(task_id="clean"))
