"""Sensors and their triggers: what they wait for, in the real servers, by poking and by deferring."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout, AirflowSkipException, TaskDeferred
from airflow.sdk.module_loading import import_string

from albumen.airflow.sensors.looking import LookingSensor
from albumen.airflow.sensors.quarantine_below import QuarantineBelowSensor
from albumen.airflow.sensors.step_caught_up import StepCaughtUpSensor
from albumen.airflow.sensors.upload_settled import UploadSettledSensor
from albumen.airflow.triggers import looking, upload_settled
from albumen.airflow.triggers.looking import LookingTrigger
from albumen.airflow.triggers.quarantine_below import QuarantineBelowTrigger
from albumen.airflow.triggers.step_caught_up import StepCaughtUpTrigger
from albumen.airflow.triggers.upload_settled import UploadSettledTrigger
from albumen.catalog.libraries import LibraryError
from albumen.testing.library import TestLibrary
from albumen.testing.store_proxy import Fault, StoreProxy

SOON_S = 20.0
QUIET_S = 0.6
OFTEN_S = 0.05
SENSORS: list[Callable[..., LookingSensor]] = [
    lambda **more: UploadSettledSensor(task_id="settled", library="test", quiet_minutes=0, **more),
    lambda **more: StepCaughtUpSensor(task_id="caught_up", library="test", step="renditions", **more),
    lambda **more: QuarantineBelowSensor(task_id="below", library="test", below=1, **more),
]
NAMES = ["UploadSettled", "StepCaughtUp", "QuarantineBelow"]

Photo = Callable[..., bytes]


def context() -> Any:
    return {"params": {}}


def waited(sensor: LookingSensor) -> LookingTrigger:
    """The trigger that a sensor leaves the waiting to, as the triggerer makes it."""
    with pytest.raises(TaskDeferred) as deferred:
        sensor.execute(context())
    path, arguments = deferred.value.trigger.serialize()
    assert deferred.value.method_name == "execute_complete"
    trigger = import_string(path)(**json.loads(json.dumps(arguments)))
    assert isinstance(trigger, LookingTrigger)
    return trigger


def answered(trigger: LookingTrigger, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """What the trigger fires once `meanwhile` was done; until then it says nothing, and afterwards it has ended."""

    async def scene() -> dict[str, Any]:
        events = trigger.run()
        first = asyncio.create_task(anext(events))  # type: ignore[arg-type]
        await asyncio.sleep(QUIET_S)
        assert not first.done()
        await asyncio.to_thread(meanwhile)
        payload: dict[str, Any] = (await asyncio.wait_for(first, SOON_S)).payload
        with pytest.raises(StopAsyncIteration):
            await anext(events)
        return payload

    return asyncio.run(scene())


def completed(sensor: LookingSensor, payload: dict[str, Any]) -> Any:
    return json.loads(json.dumps(sensor.execute_complete(context(), payload)))


@pytest.fixture
def finished(place: TestLibrary, photo: Photo, sandbox: Any) -> TestLibrary:
    """A library of ten originals of which everything has ended: nine photos, and one that is broken."""
    for number in range(9):
        place.put(f"{number}.jpg", photo(number))
    place.put("broken.jpg", photo(99)[:200])
    place.discover()
    place.work()
    return place


# Upload settled


def test_an_upload_that_is_over_is_told_at_once(finished: TestLibrary) -> None:
    result = UploadSettledSensor(task_id="s", library="test", quiet_minutes=0).execute(context())
    assert (result["objects"], result["bucket"], result["prefix"]) == (10, finished.bucket, "test/")
    assert datetime.fromisoformat(result["newest"]) <= datetime.now(UTC)


def test_an_upload_that_goes_on_is_waited_for(finished: TestLibrary) -> None:
    sensor = UploadSettledSensor(task_id="s", library="test", quiet_minutes=1 / 30, poke_interval=OFTEN_S)
    finished.put("late.jpg", b"late")
    payload = answered(waited(sensor), finished.discover)
    assert completed(sensor, payload)["objects"] == 11


def test_objects_the_catalog_does_not_know_are_waited_for(finished: TestLibrary) -> None:
    finished.put("new.jpg", b"new")
    sensor = UploadSettledSensor(task_id="s", library="test", quiet_minutes=0, poke_interval=OFTEN_S)
    assert answered(waited(sensor), finished.discover)["objects"] == 11
    finished.put("newer.jpg", b"newer")
    unregistered = UploadSettledSensor(task_id="s", library="test", quiet_minutes=0, registered=False)
    assert unregistered.execute(context())["objects"] == 12


def test_any_place_of_the_store_can_be_watched(place: TestLibrary) -> None:
    place.store.put(place.bucket, "elsewhere/a.csv", b"a", mime="text/csv")
    sensor = UploadSettledSensor(task_id="s", bucket=place.bucket, prefix="elsewhere/", quiet_minutes=0)
    assert sensor.execute(context())["objects"] == 1


def test_an_empty_place_settles_only_if_that_is_said(place: TestLibrary) -> None:
    waited(UploadSettledSensor(task_id="s", bucket=place.bucket, prefix="nothing/", quiet_minutes=0))
    allowed = UploadSettledSensor(task_id="s", bucket=place.bucket, prefix="nothing/", quiet_minutes=0, min_objects=0)
    assert allowed.execute(context())["newest"] is None


def test_an_empty_place_is_watched_before_it_is_believed(place: TestLibrary) -> None:
    sensor = UploadSettledSensor(
        task_id="s", bucket=place.bucket, prefix="nothing/", quiet_minutes=1 / 60, min_objects=0,
        poke_interval=OFTEN_S,
    )  # fmt: skip
    assert answered(waited(sensor))["objects"] == 0


def test_a_listing_that_differs_from_the_one_before_begins_the_wait_anew(
    place: TestLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object of many parts appears with the date of its first part."""
    hours_later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(upload_settled, "datetime", type("Later", (), {"now": staticmethod(lambda zone: hours_later)}))
    place.put("a.jpg", b"a")
    trigger = UploadSettledTrigger(bucket=place.bucket, quiet_minutes=30)
    from albumen.airflow.hooks.catalog import CatalogHook

    assert trigger.look(CatalogHook()) is not None
    place.put("long-upload.mov", b"many parts")
    assert trigger.look(CatalogHook()) is None
    place.delete("long-upload.mov")


@pytest.mark.parametrize("named", [{}, {"library": "test", "bucket": "photos"}])
def test_neither_or_both_of_library_and_bucket_is_an_error(place: TestLibrary, named: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either a library or a bucket"):
        UploadSettledSensor(task_id="s", **named).execute(context())


def test_a_bucket_that_is_not_there_is_an_error(place: TestLibrary) -> None:
    with pytest.raises(LibraryError, match="no bucket 'no-such-bucket'"):
        UploadSettledSensor(task_id="s", bucket="no-such-bucket").execute(context())


# Step caught up


def test_a_step_with_nothing_left_has_caught_up(finished: TestLibrary) -> None:
    result = StepCaughtUpSensor(task_id="s", library="test", step="renditions").execute(context())
    assert result == {"library": "test", "step": "renditions", "tried": 10, "quarantined": 1}
    assert StepCaughtUpSensor(task_id="s", library="test").execute(context())["step"] == ""


def test_a_step_with_due_work_is_waited_for(finished: TestLibrary, photo: Photo) -> None:
    finished.put("new.jpg", photo(50))
    finished.discover()
    sensor = StepCaughtUpSensor(task_id="s", library="test", step="renditions", poke_interval=OFTEN_S)
    assert answered(waited(sensor), lambda: finished.work() and None)["tried"] == 11


@pytest.mark.parametrize("state", ["leased", "retrying"])
def test_work_in_hand_and_work_that_waits_for_its_retry_count(finished: TestLibrary, photo: Photo, state: str) -> None:
    finished.put("new.jpg", photo(50))
    finished.discover()
    if state == "leased":
        finished.lease("original", "a task")
    else:
        finished.execute("UPDATE due SET lane = 1, not_before = now() + interval '1 hour'")
    waited(StepCaughtUpSensor(task_id="s", library="test", step="renditions"))


def test_work_that_came_later_or_just_now_can_be_left_out(finished: TestLibrary, photo: Photo) -> None:
    finished.put("new.jpg", photo(50))
    finished.discover()
    finished.execute("UPDATE due SET due_since = now() - interval '30 minutes'")
    hour_ago, now = (datetime.now(UTC) - timedelta(minutes=minutes) for minutes in (60, 0))
    of_renditions = {"task_id": "s", "library": "test", "step": "renditions"}
    assert StepCaughtUpSensor(**of_renditions, since=hour_ago.isoformat()).execute(context())
    assert StepCaughtUpSensor(**of_renditions, max_lag=timedelta(minutes=45)).execute(context())
    waited(StepCaughtUpSensor(**of_renditions, since=now.isoformat()))
    waited(StepCaughtUpSensor(**of_renditions, max_lag=timedelta(minutes=15)))
    waited(StepCaughtUpSensor(**of_renditions))


def test_work_of_another_library_is_not_its_business(finished: TestLibrary, second_library: TestLibrary) -> None:
    second_library.put("theirs.jpg", b"theirs")
    second_library.discover()
    assert StepCaughtUpSensor(task_id="s", library="test").execute(context())
    waited(StepCaughtUpSensor(task_id="s", library="other"))


def test_a_library_never_listed_has_not_caught_up(place: TestLibrary) -> None:
    sensor = StepCaughtUpSensor(task_id="s", library="test", poke_interval=OFTEN_S)
    assert answered(waited(sensor), lambda: place.discover() and None)["tried"] == 0


def test_a_step_that_does_not_exist_is_an_error(place: TestLibrary) -> None:
    with pytest.raises(ValueError, match="no step is called 'rendition'; there are: metadata"):
        StepCaughtUpSensor(task_id="s", library="test", step="rendition").execute(context())


def test_a_moment_without_a_zone_is_an_error(place: TestLibrary) -> None:
    with pytest.raises(ValueError, match="has no zone"):
        StepCaughtUpSensor(task_id="s", library="test", since="2026-01-31T00:00:00").execute(context())


# Quarantine below


@pytest.mark.parametrize("limit", [{"below": 2}, {"below_percent": 10.1}, {"below": 2, "below_percent": 50.0}])
def test_few_enough_in_quarantine_is_told(finished: TestLibrary, limit: dict[str, Any]) -> None:
    result = QuarantineBelowSensor(task_id="s", library="test", step="renditions", **limit).execute(context())
    assert result == {"library": "test", "step": "renditions", "tried": 10, "quarantined": 1, "percent": 10.0}


@pytest.mark.parametrize("limit", [{"below": 1}, {"below_percent": 10.0}, {"below": 1, "below_percent": 50.0}])
@pytest.mark.parametrize("deferrable", [True, False])
def test_too_many_with_nothing_left_to_do_fails_at_once(
    finished: TestLibrary, limit: dict[str, Any], deferrable: bool
) -> None:
    sensor = QuarantineBelowSensor(task_id="s", library="test", step="renditions", deferrable=deferrable, **limit)
    with pytest.raises(AirflowFailException, match=r"1 of 10 in quarantine \(10.00 %\), which is not below"):
        sensor.execute(context())


@pytest.mark.parametrize("deferrable", [True, False])
def test_too_many_skips_where_that_is_said(finished: TestLibrary, deferrable: bool) -> None:
    with pytest.raises(AirflowSkipException):
        QuarantineBelowSensor(task_id="s", library="test", below=1, soft_fail=True, deferrable=deferrable).execute(
            context()
        )


def test_too_many_while_work_is_left_is_waited_for_and_fails_then(finished: TestLibrary, photo: Photo) -> None:
    finished.put("new.jpg", photo(50))
    finished.discover()
    sensor = QuarantineBelowSensor(task_id="s", library="test", step="renditions", below=1, poke_interval=OFTEN_S)
    payload = answered(waited(sensor), lambda: finished.work() and None)
    with pytest.raises(AirflowFailException, match="1 of 11"):
        sensor.execute_complete(context(), payload)


def test_too_many_can_be_waited_for_until_somebody_acts(finished: TestLibrary) -> None:
    sensor = QuarantineBelowSensor(task_id="s", library="test", below=1, fail_fast=False, poke_interval=OFTEN_S)

    def let_go() -> None:
        finished.delete("broken.jpg")
        finished.discover()
        finished.discover()

    assert answered(waited(sensor), let_go)["quarantined"] == 0


def test_only_one_reason_can_be_asked_for(finished: TestLibrary) -> None:
    sensor = QuarantineBelowSensor(task_id="s", library="test", below=1, reason="crashed")
    assert sensor.execute(context())["quarantined"] == 0


def test_no_limit_is_an_error(place: TestLibrary) -> None:
    with pytest.raises(ValueError, match="name the limit"):
        QuarantineBelowSensor(task_id="s", library="test").execute(context())


# All of them


@pytest.mark.parametrize("make", SENSORS, ids=NAMES)
def test_an_unknown_library_fails_in_the_task_before_anything_waits(place: TestLibrary, make: Any) -> None:
    sensor = make()
    sensor.library = "tset"
    with pytest.raises(LibraryError, match=r"'tset'.*there are: test"):
        sensor.execute(context())


@pytest.mark.parametrize("make", SENSORS, ids=NAMES)
def test_a_library_that_is_gone_meanwhile_fails_the_task(place: TestLibrary, make: Any) -> None:
    sensor = make(poke_interval=OFTEN_S)
    sensor.library = "tset"
    payload = asyncio.run(_first(sensor.trigger()))
    with pytest.raises(AirflowFailException, match="'tset'"):
        sensor.execute_complete(context(), payload)


async def _first(trigger: LookingTrigger) -> dict[str, Any]:
    payload: dict[str, Any] = (await asyncio.wait_for(anext(trigger.run()), SOON_S)).payload  # type: ignore[arg-type]
    return payload


@pytest.mark.parametrize("make", SENSORS, ids=NAMES)
def test_a_catalog_that_is_away_ends_neither_the_task_nor_the_wait(
    finished: TestLibrary, outage: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    monkeypatch.setattr(looking, "LONGEST_BACK_OFF_S", 0.2)
    finished.delete("broken.jpg")
    finished.discover()
    finished.discover()
    reachable = os.environ["AIRFLOW_CONN_ALBUMEN_CATALOG"]
    outage("catalog")
    trigger = waited(make(poke_interval=OFTEN_S))

    def comes_back() -> None:
        os.environ["AIRFLOW_CONN_ALBUMEN_CATALOG"] = reachable

    assert "failed" not in answered(trigger, comes_back)


def test_a_store_that_is_away_ends_neither_the_task_nor_the_wait(
    finished: TestLibrary, store_proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = json.loads(os.environ["AIRFLOW_CONN_ALBUMEN_S3"])
    stated["extra"]["endpoint_url"] = store_proxy.endpoint
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_S3", json.dumps(stated))
    monkeypatch.setattr(looking, "LONGEST_BACK_OFF_S", 0.2)
    store_proxy.choose = lambda request: Fault(403)
    trigger = waited(UploadSettledSensor(task_id="s", library="test", quiet_minutes=0, poke_interval=OFTEN_S))
    payload = answered(trigger, lambda: setattr(store_proxy, "choose", lambda request: None))
    assert payload["objects"] == 10


def test_troubles_in_a_row_are_asked_about_less_and_less_often() -> None:
    trigger = StepCaughtUpTrigger(library="test", poll_interval=30)
    assert [trigger._pause(0.1, troubles) for troubles in (0, 1, 2, 3, 4, 99)] == [30, 60, 120, 240, 300, 300]
    assert trigger._pause(60, 0) == 300, "a look that takes long is repeated less often"


@pytest.mark.parametrize("make", SENSORS, ids=NAMES)
def test_a_sensor_that_does_not_defer_looks_itself(finished: TestLibrary, make: Any) -> None:
    sensor = make(deferrable=False, poke_interval=OFTEN_S, timeout=0.2)
    if "below" in sensor.task_id:
        sensor.below = 2
        sensor.step = "renditions"
    assert sensor.execute(context())["library"] == "test"
    finished.put("new.jpg", b"new")
    finished.discover()
    if "below" in sensor.task_id:
        sensor._trigger, sensor.below = None, 1
    if "settled" in sensor.task_id:
        sensor._trigger, sensor.quiet_minutes = None, 60
    with pytest.raises(AirflowSensorTimeout):
        sensor.execute(context())


@pytest.mark.parametrize("make", SENSORS, ids=NAMES)
def test_looking_changes_nothing(finished: TestLibrary, make: Any) -> None:
    before = finished.dump(), finished.stored()
    for _ in range(3):
        try:
            make().execute(context())
        except AirflowFailException:
            assert "below" in make().task_id
    assert (finished.dump(), finished.stored()) == before


@pytest.mark.parametrize(
    "trigger",
    [
        UploadSettledTrigger(library="a", quiet_minutes=1.5, min_objects=0, registered=False, storage_conn_id="b"),
        UploadSettledTrigger(bucket="a", prefix="b/", poll_interval=7.0, catalog_conn_id="c"),
        StepCaughtUpTrigger(library="a", step="b", since="2026-01-31T00:00:00Z", max_lag=3.0, catalog_conn_id="c"),
        QuarantineBelowTrigger(library="a", below=3, below_percent=0.5, step="b", reason="c", fail_fast=False),
    ],
    ids=lambda trigger: type(trigger).__name__,
)
def test_a_trigger_is_made_again_from_what_it_serializes(trigger: LookingTrigger) -> None:
    path, arguments = trigger.serialize()
    again = import_string(path)(**json.loads(json.dumps(arguments)))
    assert type(again) is type(trigger)
    assert again.serialize() == (path, arguments)
    assert set(arguments) == set(type(trigger).__init__.__annotations__) - {"return"}


@pytest.mark.parametrize("make", SENSORS, ids=NAMES)
def test_names_are_templates(place: TestLibrary, make: Any) -> None:
    sensor = make()
    for field in sensor.template_fields:
        setattr(sensor, field, "{{ params.it }}")
    sensor.render_template_fields({"params": {"it": "7"}})
    assert all(getattr(sensor, field) == "7" for field in sensor.template_fields)
    _, arguments = sensor.trigger().serialize()
    assert {arguments[field] for field in sensor.template_fields if field in arguments} <= {"7", 7}
