"""Watching a queue of S3 event notifications for objects the catalog does not know yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.queue import QueueHook
from albumen.catalog import libraries, originals
from albumen.catalog.libraries import Library
from albumen.pipeline import discovery
from albumen.storage import s3_events
from albumen.storage.object_store import ObjectInfo
from albumen.storage.s3_events import EventError, ObjectChange

WAIT_S = 10
"""A receive that finds nothing: a quarter of a million of them a month. A triggerer that stops waits as long."""

GATHER_S = 2.0
MOST_MESSAGES = 500
"""What is gathered before it is told: an upload of many files should be few events, and soon."""

TROUBLE_S = 5.0
LONGEST_BACK_OFF_S = 300.0


class QueuedOriginalsTrigger(BaseEventTrigger):
    """Fires with the keys of new or changed objects that an SQS queue tells of, one event a library.

    The events are those of `NewOriginalsTrigger`. A message is deleted once it was told, or says
    nothing to be told: one that is taken and not deleted comes again. What the queue loses, a full
    listing finds. It writes nothing to the catalog.

    Parameters
    ----------
    queue : str
        URL of the queue that S3, SNS or EventBridge sends to; nobody else may read it.
    catalog_conn_id, queue_conn_id : str
        Airflow connections; empty: those of the settings, the store's for the queue.
    """

    def __init__(self, queue: str, catalog_conn_id: str = "", queue_conn_id: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.queue = queue
        self.catalog_conn_id = catalog_conn_id
        self.queue_conn_id = queue_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class path and arguments."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        names = ("queue", "catalog_conn_id", "queue_conn_id")
        return path, {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Receive, tell, delete; a queue or a catalog in trouble is asked again later."""
        hook: QueueHook | None = None
        troubles = 0
        while True:
            try:
                if hook is None:
                    hook = await asyncio.to_thread(self._connected)
                messages = await asyncio.to_thread(self._gather, hook)
                catalog = await CatalogHook(catalog_conn_id=self.catalog_conn_id).resolve()
                found = await asyncio.to_thread(self._news, catalog, messages)
                troubles = 0
            except Exception:  # any fault of the outside must not end the watch
                self.log.exception("could not read the queue; trying again")
                hook, found, messages = None, {}, []
                troubles += 1
                await asyncio.sleep(min(LONGEST_BACK_OFF_S, TROUBLE_S * 2.0 ** min(troubles - 1, 16)))
            for library, keys in found.items():
                yield TriggerEvent({"library": library.name, "keys": keys, "more": False})  # type: ignore[no-untyped-call]
            if hook is not None and messages:
                await asyncio.to_thread(self._delete, hook, messages)

    def _connected(self) -> QueueHook:
        hook = QueueHook(queue=self.queue, queue_conn_id=self.queue_conn_id)
        hook.get_conn()
        return hook

    def _gather(self, hook: QueueHook) -> list[dict[str, Any]]:
        """What there is, or what comes next; more where more is coming."""
        messages = hook.receive(wait_s=WAIT_S)
        until = time.monotonic() + GATHER_S
        while messages and len(messages) < MOST_MESSAGES and time.monotonic() < until:
            more = hook.receive(wait_s=1)
            if not more:
                break
            messages += more
        return messages

    def _news(self, catalog: CatalogHook, messages: list[dict[str, Any]]) -> dict[Library, list[str]]:
        changes = [change for message in messages for change in self._read(message)]
        if not changes:
            return {}
        found = {}
        with catalog.connect() as connection:
            mine = discovery.changes_by_library(libraries.everyone(connection), changes)
            for library, told in mine.items():
                # One that the catalog knows with this ETag is told twice, or was found by a listing.
                seen = [
                    ObjectInfo(one.key, one.etag, one.size or 0, datetime.fromtimestamp(0, UTC))
                    for one in {(one.key, one.etag): one for one in told}.values()
                ]
                keys = list(dict.fromkeys(originals.unknown_keys(connection, library, seen)))
                if keys:
                    found[library] = keys
        return found

    def _read(self, message: dict[str, Any]) -> tuple[ObjectChange, ...]:
        try:
            read = s3_events.read(message.get("Body", ""))
        except EventError as error:
            self.log.warning("message %s is left out: %s", message.get("MessageId"), error)
            return ()
        for refused in read.refused:
            self.log.warning("a record of message %s is left out: %s", message.get("MessageId"), refused)
        return read.changes

    def _delete(self, hook: QueueHook, messages: list[dict[str, Any]]) -> None:
        try:
            failed = hook.delete(messages)
        except Exception:  # they come again, and are known by then
            self.log.exception("could not delete %d messages", len(messages))
        else:
            if failed:
                self.log.warning("%d of %d messages could not be deleted; they come again", failed, len(messages))
