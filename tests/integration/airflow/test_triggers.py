"""Triggers, run for real: what they see in the servers, and that nothing outside ends their watch."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy import text

from albumen.airflow.assets import ENRICH_ITEMS_DUE, SOURCE_OBJECTS, TRANSCODE_ORIGINALS_DUE
from albumen.airflow.triggers import due_work, new_originals
from albumen.airflow.triggers.due_work import DueWorkTrigger
from albumen.airflow.triggers.new_originals import NewOriginalsTrigger
from albumen.catalog import libraries
from albumen.testing.library import TestLibrary
from albumen.testing.store_proxy import Fault, StoreProxy

SOON_S = 20.0
QUIET_S = 0.8
"""Many looks at the intervals these tests set."""


class Watch:
    """A running trigger: the payloads it fires."""

    def __init__(self, trigger: Any) -> None:
        self.events: AsyncIterator[Any] = trigger.run()

    async def next(self) -> Any:
        """The next payload."""
        return (await asyncio.wait_for(anext(self.events), SOON_S)).payload

    async def is_quiet(self) -> bool:
        """Whether nothing is fired for a while; ends the watch."""
        try:
            await asyncio.wait_for(anext(self.events), QUIET_S)
        except TimeoutError:
            return True
        return False


def watching(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scene())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_DISCOVERY__POLL_SECONDS", "0.05")
    monkeypatch.setattr(due_work, "LOOK_EVERY_S", 0.05)


def test_a_new_object_fires_once_with_its_key(place: TestLibrary) -> None:
    async def scene() -> None:
        watch = Watch(NewOriginalsTrigger())
        place.put("2020/new.jpg", b"new")
        assert await watch.next() == {"library": "test", "keys": ["test/2020/new.jpg"], "more": False}
        assert await watch.is_quiet()

    watching(scene)


def test_a_known_object_fires_nothing(place: TestLibrary) -> None:
    place.put("known.jpg", b"known")
    place.discover()

    async def scene() -> None:
        assert await Watch(NewOriginalsTrigger()).is_quiet()

    watching(scene)


def test_a_changed_object_fires_again(place: TestLibrary) -> None:
    place.put("photo.jpg", b"before")
    place.discover()
    place.put("photo.jpg", b"after")

    async def scene() -> None:
        assert (await Watch(NewOriginalsTrigger()).next())["keys"] == ["test/photo.jpg"]

    watching(scene)


def test_what_nobody_registered_is_told_again_after_a_while(
    place: TestLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_originals, "ANNOUNCE_AGAIN_S", 0.1)
    place.put("photo.jpg", b"photo")

    async def scene() -> None:
        watch = Watch(NewOriginalsTrigger())
        assert await watch.next() == await watch.next()
        place.discover()
        assert await watch.is_quiet()

    watching(scene)


def test_more_keys_than_an_event_holds_are_said_to_be_more(place: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_originals, "MOST_KEYS", 2)
    for number in range(3):
        place.put(f"{number}.jpg", b"photo")

    async def scene() -> None:
        payload = await Watch(NewOriginalsTrigger()).next()
        assert len(payload["keys"]) == 2
        assert payload["more"] is True

    watching(scene)


def test_every_library_is_watched_for_itself(second_library: TestLibrary, place: TestLibrary) -> None:
    place.put("mine.jpg", b"mine")
    second_library.put("theirs.jpg", b"theirs")

    async def scene() -> None:
        watch = Watch(NewOriginalsTrigger())
        payloads = [await watch.next(), await watch.next()]
        found = {payload["library"]: payload["keys"] for payload in payloads}
        assert found == {"test": ["test/mine.jpg"], "other": ["other/theirs.jpg"]}

    watching(scene)


def test_a_library_whose_bucket_is_gone_leaves_the_others_watched(place: TestLibrary) -> None:
    with place.connect() as connection:
        libraries.create(connection, name="gone", bucket="no-such-bucket", prefix="", home_zone="UTC", consents=())
        connection.commit()
    place.put("photo.jpg", b"photo")

    async def scene() -> None:
        assert (await Watch(NewOriginalsTrigger()).next())["library"] == "test"

    watching(scene)


def test_a_library_made_while_it_watches_is_watched(place: TestLibrary) -> None:
    async def scene() -> None:
        watch = Watch(NewOriginalsTrigger())
        place.put("photo.jpg", b"photo")
        await watch.next()
        other = await asyncio.to_thread(TestLibrary.create, place.url, place.store, place.bucket, name="other")
        other.put("late.jpg", b"late")
        assert (await watch.next())["library"] == "other"

    watching(scene)


def test_a_store_in_trouble_is_looked_at_again_until_it_answers(
    place: TestLibrary, store_proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = json.loads(os.environ["AIRFLOW_CONN_ALBUMEN_S3"])
    stated["extra"]["endpoint_url"] = store_proxy.endpoint
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_S3", json.dumps(stated))
    store_proxy.choose = lambda request: Fault(403)
    place.put("photo.jpg", b"photo")

    async def scene() -> None:
        watch = Watch(NewOriginalsTrigger())
        waiting = asyncio.create_task(watch.next())
        await _until(lambda: len(store_proxy.requests) >= 2)
        assert not waiting.done()
        store_proxy.choose = lambda request: None
        assert (await waiting)["keys"] == ["test/photo.jpg"]

    watching(scene)


@pytest.mark.parametrize("what", ["catalog", "store"])
def test_a_server_that_is_away_when_it_starts_ends_nothing(
    what: str, place: TestLibrary, outage: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("photo.jpg", b"photo")
    variable = {"catalog": "AIRFLOW_CONN_ALBUMEN_CATALOG", "store": "AIRFLOW_CONN_ALBUMEN_S3"}[what]
    reachable = os.environ[variable]
    outage(what)
    failures: list[str] = []
    monkeypatch.setattr(NewOriginalsTrigger, "log", _Listener(failures))

    async def scene() -> None:
        waiting = asyncio.create_task(Watch(NewOriginalsTrigger()).next())
        await _until(lambda: bool(failures))
        os.environ[variable] = reachable
        assert (await waiting)["keys"] == ["test/photo.jpg"]

    watching(scene)


def test_credentials_are_not_asked_for_at_every_look(place: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    resolve = new_originals.LibraryHook.store

    def counted(hook: Any) -> Any:
        asked.append(1)
        return resolve(hook)

    monkeypatch.setattr(new_originals.LibraryHook, "store", counted)

    async def scene() -> None:
        assert await Watch(NewOriginalsTrigger()).is_quiet()

    watching(scene)
    assert len(asked) == 1


def test_due_work_that_nobody_takes_fires(place: TestLibrary) -> None:
    place.put("photo.txt", b"photo")
    place.discover()

    async def scene() -> None:
        watch = Watch(DueWorkTrigger("original"))
        assert await watch.next() == {"pass": "original"}
        assert await watch.is_quiet(), "once; again only after a while"

    watching(scene)


def test_work_of_another_pass_is_not_its_business(place: TestLibrary) -> None:
    place.put("photo.txt", b"photo")
    place.discover()

    async def scene() -> None:
        assert await Watch(DueWorkTrigger("preview")).is_quiet()

    watching(scene)


def test_work_somebody_works_on_fires_nothing_until_the_lease_is_abandoned(place: TestLibrary) -> None:
    place.put("photo.txt", b"photo")
    place.discover()
    place.lease("original", "a task")

    async def scene() -> None:
        watch = Watch(DueWorkTrigger("original"))
        assert await watch.is_quiet()
        with place.connect() as connection:
            connection.execute(text("UPDATE shards SET leased_until = now() - interval '1 second'"))
            connection.commit()
        assert await Watch(DueWorkTrigger("original")).next() == {"pass": "original"}

    watching(scene)


def test_a_retry_fires_when_its_time_has_come(place: TestLibrary) -> None:
    place.put("photo.txt", b"photo")
    place.discover()
    with place.connect() as connection:
        connection.execute(text("UPDATE due SET not_before = now() + interval '1 hour', lane = 1"))
        connection.commit()

    async def scene() -> None:
        assert await Watch(DueWorkTrigger("original")).is_quiet()
        with place.connect() as connection:
            connection.execute(text("UPDATE due SET not_before = now() - interval '1 second'"))
            connection.commit()
        assert await Watch(DueWorkTrigger("original")).next() == {"pass": "original"}

    watching(scene)


def test_a_catalog_that_is_away_does_not_end_the_watch_for_due_work(
    place: TestLibrary, outage: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("photo.txt", b"photo")
    place.discover()
    reachable = os.environ["AIRFLOW_CONN_ALBUMEN_CATALOG"]
    outage("catalog")
    failures: list[str] = []
    monkeypatch.setattr(DueWorkTrigger, "log", _Listener(failures))

    async def scene() -> None:
        waiting = asyncio.create_task(Watch(DueWorkTrigger("original")).next())
        await _until(lambda: bool(failures))
        os.environ["AIRFLOW_CONN_ALBUMEN_CATALOG"] = reachable
        assert await waiting == {"pass": "original"}

    watching(scene)


@pytest.mark.parametrize(
    "trigger",
    [
        NewOriginalsTrigger(),
        NewOriginalsTrigger(catalog_conn_id="a", storage_conn_id="b"),
        DueWorkTrigger("preview"),
        DueWorkTrigger("original", catalog_conn_id="a"),
    ],
    ids=lambda trigger: type(trigger).__name__,
)
def test_a_trigger_is_made_again_from_what_it_serializes(trigger: Any) -> None:
    from airflow.sdk.module_loading import import_string

    path, arguments = trigger.serialize()
    again = import_string(path)(**json.loads(json.dumps(arguments)))
    assert type(again) is type(trigger)
    assert again.serialize() == (path, arguments)
    assert trigger.hash(path, arguments) == again.hash(*again.serialize())


def test_the_assets_that_watch_each_have_a_trigger_of_their_own() -> None:
    watchers = [
        watcher for asset in (SOURCE_OBJECTS, TRANSCODE_ORIGINALS_DUE, ENRICH_ITEMS_DUE) for watcher in asset.watchers
    ]
    assert len({watcher.name for watcher in watchers}) == 3
    assert len({json.dumps(_serialized(watcher.trigger)) for watcher in watchers}) == 3


def _serialized(trigger: Any) -> Any:
    return trigger if isinstance(trigger, dict) else trigger.serialize()


class _Listener:
    """Stands in for a log and keeps what is told as trouble."""

    def __init__(self, failures: list[str]) -> None:
        self.failures = failures

    def exception(self, message: str, *arguments: object) -> None:
        self.failures.append(message)

    def warning(self, message: str, *arguments: object) -> None:
        """A library in trouble; what counts is the failure of the look."""


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("took", "rest"), [(0.01, 3.0), (1.0, 20.0), (2.9, 58.0), (90.0, 60.0)])
def test_a_large_bucket_is_looked_at_less_often_but_one_slow_look_stops_nothing(took, rest) -> None:
    assert new_originals.rest_after(took, 3.0) == pytest.approx(rest)
