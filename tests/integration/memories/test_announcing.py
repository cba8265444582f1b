"""Events of memories: sent in order, signed, again until they arrive, and not before a withdrawal is done."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from moto import mock_aws

from albumen.catalog import memories
from albumen.memories import announcing
from albumen.memories.announcing import SIGNATURE, AnnouncingError, Queue, Topic, Webhook, signature
from albumen.memories.story import Story
from albumen.storage.layout import feed_key
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Tell = Callable[..., list[Story]]
SECRET = "a shared key"
DAY = date(2023, 6, 12)


class Listener(BaseHTTPRequestHandler):
    """Keeps what it is sent; answers what the server says."""

    server: Any

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((body, self.headers[SIGNATURE], self.headers["X-Albumen-Event"]))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), Listener)
    server.got, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def announce(place: TestLibrary, hook: Any) -> int:
    told = [Webhook(f"http://127.0.0.1:{hook.server_port}/", SECRET)]
    return announcing.announce(place.connect, place.store, told, place.settings)


def test_a_webhook_is_told_once_and_can_tell_who_speaks(three_years: TestLibrary, tell: Tell, hook: Any) -> None:
    (story,) = tell(three_years)
    assert announce(three_years, hook) == 1
    assert announce(three_years, hook) == 0
    ((body, signed, event),) = hook.got
    assert signed == f"sha256={signature(body, SECRET)}"
    assert event == "memory.published"
    told = json.loads(body)
    assert (told["library"], told["memory"], told["date"]) == ("test", story.id, "2023-06-12")
    assert signature(body + b" ", SECRET) not in signed


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_who_does_not_answer_well_is_told_again_in_order(
    three_years: TestLibrary, tell: Tell, hook: Any, answer: int
) -> None:
    (story,) = tell(three_years)
    with three_years.connect() as connection:
        memories.withdraw(connection, [story.id])
        connection.commit()
    hook.answers = [answer]
    with pytest.raises(AnnouncingError, match=f"the webhook answers {answer}"):
        announce(three_years, hook)
    assert announce(three_years, hook) == 2
    assert [event for _, _, event in hook.got] == ["memory.published", "memory.published", "memory.withdrawn"]
    assert three_years.query("SELECT attempts FROM memory_events ORDER BY event_id") == [(2,), (1,)]


def test_nobody_there_is_no_loss(three_years: TestLibrary, tell: Tell, hook: Any) -> None:
    tell(three_years)
    nobody = [Webhook("http://127.0.0.1:9/", SECRET)]
    with pytest.raises(AnnouncingError):
        announcing.announce(three_years.connect, three_years.store, nobody, three_years.settings)
    assert announce(three_years, hook) == 1


def test_a_withdrawal_that_was_cut_off_is_finished_before_the_world_hears_of_it(
    three_years: TestLibrary, tell: Tell, hook: Any
) -> None:
    (story,) = tell(three_years)
    library_id = three_years.library.library_id
    with three_years.connect() as connection:
        memories.withdraw(connection, [story.id])
        connection.commit()
    announce(three_years, hook)
    assert json.loads(three_years.store.get(three_years.bucket, feed_key(library_id, DAY)))["stories"] == []
    assert list(three_years.store.list_all(three_years.bucket, f"memories/{library_id}/")) == []
    assert json.loads(hook.got[-1][0])["title"] is None


def test_a_topic_and_a_queue_are_told_too(three_years: TestLibrary, tell: Tell, monkeypatch: Any) -> None:
    (story,) = tell(three_years)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        sns, sqs = (boto3.client(service, region_name="eu-west-1") for service in ("sns", "sqs"))
        queue = sqs.create_queue(QueueName="memories")["QueueUrl"]
        behind = sqs.create_queue(QueueName="behind")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=behind, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = sns.create_topic(Name="memories")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        body = json.dumps({"memory": story.id}).encode()
        (event,) = three_years.query(
            "SELECT event_id, library_id, event, payload, created_at, attempts FROM memory_events"
        )
        Topic(sns, topic).send(body, event)
        Queue(sqs, queue).send(body, event)
        (direct,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
        (through,) = sqs.receive_message(QueueUrl=behind)["Messages"]
    assert direct["Body"] == body.decode()
    assert direct["MessageAttributes"]["event"]["StringValue"] == "memory.published"
    assert json.loads(through["Body"])["Message"] == body.decode()
