"""Finding originals: hints and full listings, planned, listed and concluded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from albumen.airflow.assets import ORIGINALS, emissions
from albumen.airflow.operators.discover import (
    DiscoverOriginalsOperator,
    PlanDiscoveryOperator,
    SettleDiscoveryOperator,
)
from albumen.catalog import libraries, listings
from albumen.catalog.libraries import LibraryError
from albumen.storage.object_store import StorageError
from albumen.testing.library import TestLibrary
from albumen.testing.store_proxy import Fault, StoreProxy

Run = Callable[..., Any]


@pytest.fixture
def ingest(place: TestLibrary, run_task: Run) -> Callable[..., Any]:
    """One run of the ingestion: plan, a task for every job, settle."""

    def run(**plan: Any) -> Any:
        jobs = run_task(PlanDiscoveryOperator(task_id="plan", **plan.pop("arguments", {})), **plan).result
        for number, job in enumerate(jobs):
            run_task(DiscoverOriginalsOperator(task_id="discover", job=job), map_index=number)
        settle = SettleDiscoveryOperator(task_id="settle", outlets=[emissions("a_dag")], changed=ORIGINALS)
        return run_task(settle, returned={"plan": jobs})

    return run


def plan(**arguments: Any) -> PlanDiscoveryOperator:
    return PlanDiscoveryOperator(task_id="plan", **arguments)


def through(proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead the store's connection through the proxy."""
    stated = json.loads(os.environ["AIRFLOW_CONN_ALBUMEN_S3"])
    stated["extra"]["endpoint_url"] = proxy.endpoint
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_S3", json.dumps(stated))


def known(place: TestLibrary) -> list[str]:
    with place.connect() as connection:
        return list(
            connection.execute(text("SELECT key FROM originals WHERE vanished_at IS NULL ORDER BY key")).scalars()
        )


def test_a_library_never_listed_is_listed_in_full(ingest: Run, place: TestLibrary) -> None:
    place.put("2020/a.jpg", b"a")
    place.put("2021/b.jpg", b"b")
    ran = ingest()
    assert known(place) == ["test/2020/a.jpg", "test/2021/b.jpg"]
    assert ran.result == {"waiting": True}
    assert [name for name, _ in ran.emitted] == ["originals"]


def test_a_library_listed_lately_is_left_alone(ingest: Run, place: TestLibrary, run_task: Run) -> None:
    ingest()
    assert run_task(plan()).result == []


def test_an_old_listing_is_made_anew(
    ingest: Run, place: TestLibrary, run_task: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest()
    with place.connect() as connection:
        connection.execute(text("UPDATE listings SET finished_at = now() - interval '61 minutes'"))
        connection.commit()
    assert run_task(plan()).result != []
    monkeypatch.setenv("ALBUMEN_DISCOVERY__FULL_LISTING_MINUTES", "100")
    with place.connect() as connection:
        connection.execute(text("DELETE FROM listings WHERE finished_at IS NULL"))
        connection.commit()
    assert run_task(plan()).result == []


@pytest.mark.parametrize("full", ["True", "true", "1"])
def test_the_form_asks_for_everything_now(ingest: Run, run_task: Run, full: str) -> None:
    ingest()
    asked = run_task(
        plan(full="{{ params.full }}", library="{{ params.library }}"), params={"full": full, "library": ""}
    )
    assert [sorted(job) for job in asked.result] == [["library", "listing_id", "prefixes"]]


def test_the_form_names_one_library(run_task: Run, second_library: TestLibrary) -> None:
    asked = run_task(plan(full=True, library="{{ params.library }}"), params={"library": "other"})
    assert {job["library"] for job in asked.result} == {"other"}


def test_a_library_that_does_not_exist_is_a_clear_error(place: TestLibrary, run_task: Run) -> None:
    with pytest.raises(LibraryError, match=r"'tset'.*there are: test"):
        run_task(plan(library="tset"))


def test_a_hint_is_registered_without_a_listing(
    ingest: Run, place: TestLibrary, watcher_event: Callable[[Any], Any]
) -> None:
    ingest()
    place.put("new.jpg", b"new")
    place.put("unhinted.jpg", b"unhinted")
    hint = watcher_event({"library": "test", "keys": ["test/new.jpg", "test/gone-again.jpg"], "more": False})
    ran = ingest(events=[hint])
    assert known(place) == ["test/new.jpg"]
    assert [name for name, _ in ran.emitted] == ["originals"]


def test_hints_of_several_events_are_taken_together(
    ingest: Run, run_task: Run, watcher_event: Callable[[Any], Any]
) -> None:
    ingest()
    events = [watcher_event({"library": "test", "keys": [f"test/{name}"], "more": False}) for name in ("b", "a", "b")]
    (job,) = run_task(plan(), events=events).result
    assert sorted(set(job["keys"])) == ["test/a", "test/b"]


def test_a_hint_of_more_than_it_could_name_leads_to_a_listing(
    ingest: Run, place: TestLibrary, watcher_event: Callable[[Any], Any]
) -> None:
    ingest()
    place.put("unhinted.jpg", b"unhinted")
    ingest(events=[watcher_event({"library": "test", "keys": ["test/x"], "more": True})])
    assert known(place) == ["test/unhinted.jpg"]


@pytest.mark.parametrize("payload", [None, "text", {}, {"library": "unknown", "keys": ["x"], "more": False}])
def test_an_event_that_is_no_hint_does_no_harm(
    ingest: Run, run_task: Run, payload: Any, watcher_event: Callable[[Any], Any]
) -> None:
    ingest()
    assert run_task(plan(), events=[watcher_event(payload)]).result == []


def test_listing_twice_changes_nothing_and_tells_nobody_once_the_work_is_done(
    ingest: Run, place: TestLibrary, run_task: Run
) -> None:
    place.put("a.jpg", b"a")
    ingest()
    with place.connect() as connection:
        connection.execute(text("DELETE FROM due"))
        connection.commit()
    ran = ingest(arguments={"full": True})
    assert known(place) == ["test/a.jpg"]
    assert (ran.result, ran.emitted) == ({"waiting": False}, [])


def test_an_original_goes_after_two_listings_without_it(ingest: Run, place: TestLibrary) -> None:
    place.put("a.jpg", b"a")
    ingest(arguments={"full": True})
    place.delete("a.jpg")
    ingest(arguments={"full": True})
    assert known(place) == ["test/a.jpg"]
    ingest(arguments={"full": True})
    assert known(place) == []


def test_a_task_is_labelled_with_what_it_lists(place: TestLibrary, run_task: Run) -> None:
    place.put("a.jpg", b"a")
    (job,) = run_task(plan()).result
    listed = run_task(DiscoverOriginalsOperator(task_id="discover", job=job), map_index=0)
    assert listed.label == "test: 1 prefixes"
    assert listed.result == {"new": 1, "changed": 0, "unchanged": 0}
    hinted = DiscoverOriginalsOperator(task_id="discover", job={"library": "test", "keys": ["test/a.jpg"]})
    assert run_task(hinted).label == "test: 1 hinted"


def test_a_listing_task_run_again_lists_nothing_twice(place: TestLibrary, run_task: Run) -> None:
    place.put("a.jpg", b"a")
    (job,) = run_task(plan()).result
    task = DiscoverOriginalsOperator(task_id="discover", job=job)
    run_task(task)
    assert run_task(task, try_number=2).result == {"new": 0, "changed": 0, "unchanged": 0}


def test_libraries_side_by_side_never_see_each_others_objects(
    ingest: Run, place: TestLibrary, second_library: TestLibrary
) -> None:
    place.put("mine.jpg", b"mine")
    second_library.put("theirs.jpg", b"theirs")
    ingest()
    with place.connect() as connection:
        pairs = connection.execute(
            text("SELECT l.name, o.key FROM originals o JOIN libraries l USING (library_id) ORDER BY 1")
        ).all()
    assert [tuple(pair) for pair in pairs] == [("other", "other/theirs.jpg"), ("test", "test/mine.jpg")]


def test_a_store_that_is_away_fails_the_task_and_the_retry_finishes_it(
    place: TestLibrary, run_task: Run, store_proxy: StoreProxy, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        place.put(f"{number}.jpg", b"x")
    (job,) = run_task(plan()).result
    monkeypatch.setenv("ALBUMEN_DISCOVERY__PAGE_KEYS", "2")
    through(store_proxy, monkeypatch)
    pages = iter(range(100))
    store_proxy.choose = lambda request: Fault(503) if "list-type" in request.query and next(pages) >= 1 else None
    task = DiscoverOriginalsOperator(task_id="discover", job=job)
    with pytest.raises(StorageError):
        run_task(task)
    assert known(place) == ["test/0.jpg", "test/1.jpg"]
    store_proxy.choose = lambda request: None
    assert run_task(task, try_number=2).result == {"new": 3, "changed": 0, "unchanged": 0}


def test_a_library_whose_bucket_is_gone_does_not_hold_up_the_others(
    ingest: Run, place: TestLibrary, run_task: Run
) -> None:
    with place.connect() as connection:
        libraries.create(connection, name="gone", bucket="no-such-bucket", prefix="", home_zone="UTC", consents=())
        connection.commit()
    place.put("a.jpg", b"a")
    jobs = run_task(plan()).result
    with place.connect() as connection:
        assert listings.open_listing(connection, place.library.library_id) is not None
    mine = [job for job in jobs if job["library"] == "test"]
    for job in mine:
        run_task(DiscoverOriginalsOperator(task_id="discover", job=job))
    assert known(place) == ["test/a.jpg"]
    assert {job["library"] for job in jobs} == {"test", "gone"}
    for job in jobs:
        if job["library"] == "gone":
            with pytest.raises(LibraryError, match="no-such-bucket"):
                run_task(DiscoverOriginalsOperator(task_id="discover", job=job))
    settle = SettleDiscoveryOperator(task_id="settle", outlets=[emissions("a_dag")], changed=ORIGINALS)
    assert [name for name, _ in run_task(settle, returned={"plan": jobs}).emitted] == ["originals"]
    with place.connect() as connection:
        assert listings.last_finished(connection, place.library.library_id) is not None
