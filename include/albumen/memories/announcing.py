"""Telling the world of memories: events of the outbox, sent in order to everybody who asked.

An event is marked as sent when all have it; cut off, it is sent again, with the same id. So whoever
receives them drops the ids they know.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import httpx
from sqlalchemy import Connection

from albumen.catalog import memory_events
from albumen.catalog.memories import Withdrawn
from albumen.catalog.memory_events import WITHDRAWN, MemoryEvent
from albumen.memories import feeds, withdrawing
from albumen.settings import MemorySettings, Settings
from albumen.storage.object_store import ObjectStore

Connect = Callable[[], AbstractContextManager[Connection]]

AT_ONCE = 50
TIMEOUT_S = 10.0
SIGNATURE = "X-Albumen-Signature"

log = logging.getLogger(__name__)


class AnnouncingError(Exception):
    """Somebody could not be told; what is not told stays in the outbox."""


class Receiver(ABC):
    """Somebody who is told."""

    @abstractmethod
    def send(self, body: bytes, event: MemoryEvent) -> None:
        """Send an event; any exception means that it has not arrived."""


class Webhook(Receiver):
    """A URL that is sent each event by POST, signed by HMAC-SHA256 over the body where there is a key."""

    def __init__(self, url: str, secret: str) -> None:
        self.url, self.secret = url, secret

    def send(self, body: bytes, event: MemoryEvent) -> None:
        """POST it; an answer other than 2xx is an error. Redirects are not followed."""
        headers = {"Content-Type": "application/json", "X-Albumen-Event": event.event}
        if self.secret:
            headers[SIGNATURE] = f"sha256={signature(body, self.secret)}"
        answer = httpx.post(self.url, content=body, headers=headers, timeout=TIMEOUT_S)
        if not answer.is_success:
            raise AnnouncingError(f"the webhook answers {answer.status_code}")


class Topic(Receiver):
    """An SNS topic."""

    def __init__(self, client: Any, arn: str) -> None:
        self.client, self.arn = client, arn

    def send(self, body: bytes, event: MemoryEvent) -> None:
        """Publish it, its name as the attribute `event`."""
        attributes = {"event": {"DataType": "String", "StringValue": event.event}}
        self.client.publish(TopicArn=self.arn, Message=body.decode(), MessageAttributes=attributes)


class Queue(Receiver):
    """An SQS queue."""

    def __init__(self, client: Any, url: str) -> None:
        self.client, self.url = client, url

    def send(self, body: bytes, event: MemoryEvent) -> None:
        """Send it, its name as the attribute `event`."""
        attributes = {"event": {"DataType": "String", "StringValue": event.event}}
        self.client.send_message(QueueUrl=self.url, MessageBody=body.decode(), MessageAttributes=attributes)


def signature(body: bytes, secret: str) -> str:
    """What a receiver computes to know who sent a body: hexadecimal HMAC-SHA256."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def receivers(settings: MemorySettings, client: Callable[[str], Any]) -> list[Receiver]:
    """Everybody whom the settings name; `client` makes an AWS client of a service's name."""
    found: list[Receiver] = []
    if settings.webhook_url:
        found.append(Webhook(settings.webhook_url, settings.webhook_secret))
    if settings.sns_topic:
        found.append(Topic(client("sns"), settings.sns_topic))
    if settings.sqs_queue:
        found.append(Queue(client("sqs"), settings.sqs_queue))
    return found


def announce(connect: Connect, store: ObjectStore, told: Sequence[Receiver], settings: Settings) -> int:
    """Send what waits in the outbox, in order; how many events.

    Before the world hears of a withdrawal, the story is out of its feed and its files are gone; before it hears of a
    story, that is in its feed.

    Raises
    ------
    AnnouncingError
        If somebody could not be told. The event and all after it wait for the next call.
    """
    sent = 0
    while True:
        with connect() as connection:
            events = memory_events.waiting(connection, most=AT_ONCE)
            for event in events:
                try:
                    _tell(connect, store, told, event, settings)
                except Exception as error:
                    memory_events.mark(connection, event.event_id, is_sent=False)
                    connection.commit()
                    raise AnnouncingError(f"event {event.event_id} ({event.event}) is not sent: {error}") from error
                memory_events.mark(connection, event.event_id, is_sent=True)
                sent += 1
            connection.commit()
        if not events:
            return sent


def _tell(
    connect: Connect, store: ObjectStore, told: Sequence[Receiver], event: MemoryEvent, settings: Settings
) -> None:
    told_on = date.fromisoformat(event.payload["date"])
    if event.event == WITHDRAWN:
        gone = Withdrawn(event.payload["memory"], event.library_id, told_on)
        withdrawing.remove(connect, store, [gone], settings, until=event.created_at)
    else:
        link_s = settings.memories.link_hours * 3600
        feeds.write(connect, store, settings.library_bucket, event.library_id, [told_on], link_s=link_s)
    body = json.dumps(
        {"id": event.event_id, "event": event.event, "at": event.created_at.isoformat(), **event.payload},
        ensure_ascii=False,
        sort_keys=True,
    ).encode()
    for receiver in told:
        receiver.send(body, event)
