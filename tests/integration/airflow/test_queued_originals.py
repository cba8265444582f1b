"""A queue of S3's notifications: what it tells of is found at once, and nothing in it stops the watch.

The queue is moto's SQS within this process; catalog and objects are the real servers'.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from airflow.sdk.module_loading import import_string
from moto import mock_aws

from albumen.airflow.assets import ORIGINALS, SOURCE_OBJECTS, emissions, source_trigger
from albumen.airflow.hooks.queue import QueueHook
from albumen.airflow.operators.discover import (
    DiscoverOriginalsOperator,
    PlanDiscoveryOperator,
    SettleDiscoveryOperator,
)
from albumen.airflow.triggers import queued_originals
from albumen.airflow.triggers.new_originals import NewOriginalsTrigger
from albumen.airflow.triggers.queued_originals import QueuedOriginalsTrigger
from albumen.settings import DiscoverySettings, Settings
from albumen.testing.library import TestLibrary

REGION = "eu-west-1"
SOON_S = 20.0
QUIET_S = 1.5
QUEUE_CONNECTION = {"conn_type": "aws", "login": "nobody", "password": "nothing", "extra": {"region_name": REGION}}

Run = Callable[..., Any]


@dataclass
class Queue:
    """A queue as S3 and its owner see it."""

    url: str
    client: Any

    def send(self, body: str) -> None:
        self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def notify(self, bucket: str, *keys: str, name: str = "ObjectCreated:Put", etag: str = "e") -> None:
        """What S3 sends for objects."""
        records = [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": name,
                "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "size": 3, "eTag": etag}},
            }
            for key in keys
        ]
        self.send(json.dumps({"Records": records}))

    def left(self) -> int:
        """Messages nobody deleted, those in flight included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


@pytest.fixture
def queue(place: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_QUEUE", json.dumps(QUEUE_CONNECTION))
    monkeypatch.setattr(queued_originals, "WAIT_S", 0)
    monkeypatch.setattr(queued_originals, "TROUBLE_S", 0.05)
    with mock_aws():
        client = boto3.client("sqs", region_name=REGION)
        yield Queue(client.create_queue(QueueName="uploads")["QueueUrl"], client)


def watch(queue: Queue) -> AsyncIterator[Any]:
    return QueuedOriginalsTrigger(queue.url, queue_conn_id="albumen_queue").run()


async def told(events: AsyncIterator[Any]) -> dict[str, Any]:
    payload: dict[str, Any] = (await asyncio.wait_for(anext(events), SOON_S)).payload  # type: ignore[arg-type]
    return payload


async def is_quiet(events: AsyncIterator[Any], queue: Queue | None = None) -> bool:
    """Whether nothing is told for a while, and for as long as messages are left, on however slow a machine."""
    told = asyncio.ensure_future(anext(events))  # type: ignore[arg-type]
    until = asyncio.get_running_loop().time() + SOON_S
    await asyncio.wait([told], timeout=QUIET_S)
    while not told.done() and queue and queue.left() and asyncio.get_running_loop().time() < until:
        await asyncio.wait([told], timeout=0.2)
    is_silent = not told.done()
    told.cancel()
    return is_silent


def test_new_objects_are_told_together_and_the_messages_are_deleted(place: TestLibrary, queue: Queue) -> None:
    keys = ["test/red flower.jpg", "test/a+b.jpg", "test/São Tomé.jpg"]
    for key in keys:
        queue.notify(place.bucket, key)

    async def scene() -> None:
        events = watch(queue)
        payload = await told(events)
        assert (payload["library"], payload["more"]) == ("test", False)
        assert sorted(payload["keys"]) == sorted(keys)
        assert await is_quiet(events, queue)
        assert queue.left() == 0

    asyncio.run(scene())


def test_what_the_catalog_knows_already_wakes_nobody(place: TestLibrary, queue: Queue) -> None:
    place.put("a.jpg", b"abc")
    place.discover()
    (known,) = place.query("SELECT key, etag FROM originals")
    queue.notify(place.bucket, known.key, etag=known.etag)

    async def scene() -> None:
        events = watch(queue)
        assert await is_quiet(events, queue)
        assert queue.left() == 0

    asyncio.run(scene())


def test_another_etag_is_news(place: TestLibrary, queue: Queue) -> None:
    place.put("a.jpg", b"abc")
    place.discover()
    queue.notify(place.bucket, "test/a.jpg", etag="another")

    async def scene() -> None:
        assert (await told(watch(queue)))["keys"] == ["test/a.jpg"]

    asyncio.run(scene())


def test_removed_objects_and_those_of_nobodys_library_wake_nobody(place: TestLibrary, queue: Queue) -> None:
    queue.notify(place.bucket, "test/gone.jpg", name="ObjectRemoved:Delete")
    queue.notify(place.bucket, "elsewhere/a.jpg")
    queue.notify("another-bucket", "test/a.jpg")

    async def scene() -> None:
        assert await is_quiet(watch(queue), queue)
        assert queue.left() == 0

    asyncio.run(scene())


def test_every_library_is_told_for_itself(place: TestLibrary, second_library: TestLibrary, queue: Queue) -> None:
    queue.notify(place.bucket, "test/mine.jpg", "other/theirs.jpg")

    async def scene() -> None:
        events = watch(queue)
        found = [await told(events), await told(events)]
        assert {one["library"]: one["keys"] for one in found} == {
            "test": ["test/mine.jpg"],
            "other": ["other/theirs.jpg"],
        }

    asyncio.run(scene())


def test_rubbish_in_the_queue_is_deleted_and_stops_nothing(place: TestLibrary, queue: Queue) -> None:
    for body in ("milk, eggs", "[]", '{"Records": [7]}', '{"Event": "s3:TestEvent"}'):
        queue.send(body)
    queue.notify(place.bucket, "test/a.jpg")

    async def scene() -> None:
        events = watch(queue)
        assert (await told(events))["keys"] == ["test/a.jpg"]
        assert await is_quiet(events, queue)
        assert queue.left() == 0

    asyncio.run(scene())


def test_a_message_is_kept_until_it_was_told(place: TestLibrary, queue: Queue, outage: Callable[[str], None]) -> None:
    reachable = os.environ["AIRFLOW_CONN_ALBUMEN_CATALOG"]
    queue.client.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "1"})
    queue.notify(place.bucket, "test/a.jpg")
    outage("catalog")

    async def scene() -> None:
        events = watch(queue)
        assert await is_quiet(events)
        assert queue.left() == 1
        os.environ["AIRFLOW_CONN_ALBUMEN_CATALOG"] = reachable
        assert (await told(watch(queue)))["keys"] == ["test/a.jpg"]

    asyncio.run(scene())


def test_a_queue_that_is_not_there_is_asked_for_again(place: TestLibrary, queue: Queue) -> None:
    queue.client.delete_queue(QueueUrl=queue.url)

    async def scene() -> None:
        waiting = asyncio.create_task(told(watch(queue)))
        await asyncio.sleep(QUIET_S)
        assert not waiting.done()
        queue.client.create_queue(QueueName="uploads")
        queue.notify(place.bucket, "test/a.jpg")
        assert (await waiting)["keys"] == ["test/a.jpg"]

    asyncio.run(scene())


def test_many_messages_are_few_events(place: TestLibrary, queue: Queue) -> None:
    for number in range(45):
        queue.notify(place.bucket, f"test/{number}.jpg")

    async def scene() -> None:
        assert len((await told(watch(queue)))["keys"]) == 45

    asyncio.run(scene())


def ingested(run_task: Run, events: list[Any]) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = run_task(PlanDiscoveryOperator(task_id="plan"), events=events).result
    for number, job in enumerate(jobs):
        run_task(DiscoverOriginalsOperator(task_id="discover", job=job), map_index=number)
    settle = SettleDiscoveryOperator(task_id="settle", outlets=[emissions("a_dag")], changed=ORIGINALS)
    run_task(settle, returned={"plan": jobs})
    return jobs


def test_from_the_queue_to_the_catalog(
    place: TestLibrary, queue: Queue, run_task: Run, watcher_event: Callable[[Any], Any]
) -> None:
    place.discover()
    place.put("red flower.jpg", b"abc")
    place.put("untold.jpg", b"abc")
    queue.notify(place.bucket, "test/red flower.jpg", "test/gone-again.jpg")
    payload = asyncio.run(told(watch(queue)))
    ingested(run_task, [watcher_event(payload)])
    assert [row.key for row in place.query("SELECT key FROM originals")] == ["test/red flower.jpg"]


def test_what_a_message_queue_trigger_takes_from_the_queue_is_understood_as_well(
    place: TestLibrary, queue: Queue, run_task: Run, watcher_event: Callable[[Any], Any]
) -> None:
    """The amazon provider's trigger behind `MessageQueueTrigger(scheme="sqs")`; only its client is ours."""
    sqs = import_string("airflow.providers.amazon.aws.triggers.sqs.SqsSensorTrigger")
    place.discover()
    place.put("red flower.jpg", b"abc")
    queue.notify(place.bucket, "test/red flower.jpg", "test/gone.jpg")
    queue.send("milk, eggs")

    async def receive_message(**request: Any) -> Any:
        return queue.client.receive_message(**request)

    async def delete_message_batch(**request: Any) -> Any:
        return queue.client.delete_message_batch(**request)

    client = SimpleNamespace(receive_message=receive_message, delete_message_batch=delete_message_batch)
    batch = asyncio.run(sqs(sqs_queue=queue.url, max_messages=10).poke(client))
    (job,) = ingested(run_task, [watcher_event({"status": "success", "message_batch": batch})])
    assert job == {"library": "test", "keys": ["test/red flower.jpg", "test/gone.jpg"]}
    assert [row.key for row in place.query("SELECT key FROM originals")] == ["test/red flower.jpg"]


@pytest.mark.parametrize(
    "payload",
    [{"message_batch": 7}, {"message_batch": [7, {}, {"Body": 7}]}, {"library": "test"}, {"message_batch": None}],
)
def test_a_payload_that_is_no_hint_does_no_harm(
    place: TestLibrary, run_task: Run, payload: Any, watcher_event: Callable[[Any], Any]
) -> None:
    place.discover()
    assert run_task(PlanDiscoveryOperator(task_id="plan"), events=[watcher_event(payload)]).result == []


def test_many_hints_are_dealt_out_to_several_tasks(
    place: TestLibrary, run_task: Run, watcher_event: Callable[[Any], Any]
) -> None:
    place.discover()
    hint = {"library": "test", "keys": [f"test/{number}.jpg" for number in range(2500)], "more": False}
    jobs = run_task(PlanDiscoveryOperator(task_id="plan"), events=[watcher_event(hint)]).result
    assert [len(job["keys"]) for job in jobs] == [834, 833, 833]
    assert {key for job in jobs for key in job["keys"]} == set(hint["keys"])


def test_the_setting_decides_what_watches() -> None:
    url = "https://sqs.eu-west-1.amazonaws.com/111122223333/uploads"
    assert isinstance(source_trigger(Settings()), NewOriginalsTrigger)
    queued = source_trigger(Settings(discovery=DiscoverySettings(sqs_queue=url)))
    assert isinstance(queued, QueuedOriginalsTrigger)
    assert queued.queue == url
    assert len(SOURCE_OBJECTS.watchers) == 1


def test_a_queue_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="sqs_queue"):
        DiscoverySettings(sqs_queue="uploads")


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/111122223333/uploads", "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/uploads", "cn-north-1"),
        ("https://us-west-2.queue.amazonaws.com/111122223333/uploads", "us-west-2"),
        ("http://127.0.0.1:4566/000000000000/uploads", None),
    ],
)
def test_the_address_of_the_queue_tells_its_region(url: str, region: str | None) -> None:
    assert QueueHook(queue=url)._region_name == region


def test_the_trigger_is_made_again_from_what_it_serializes() -> None:
    trigger = QueuedOriginalsTrigger("https://sqs.eu-west-1.amazonaws.com/1/q", "a", "b")
    path, arguments = trigger.serialize()
    again = import_string(path)(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)
