"""Watching the buckets of all libraries for objects the catalog does not know yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import LibraryHook
from albumen.catalog import libraries, originals
from albumen.catalog.libraries import Library
from albumen.settings import Settings
from albumen.storage.object_store import ObjectMissing, ObjectStore, StorageError

MOST_KEYS = 500
REST = 20
"""How many times as long as a look took, none is made: a large bucket is looked at less often."""
LONGEST_REST_S = 60.0
"""A look that took long because store, catalog or machine were busy or away must not stop the next for long."""
ANNOUNCE_AGAIN_S = 60.0
RESOLVE_AGAIN_S = 600.0
"""Credentials of a role live an hour; asking for them at every look would cost more than the look."""


def rest_after(took_s: float, poll_s: float) -> float:
    """Seconds until the next look."""
    return max(poll_s, min(REST * took_s, LONGEST_REST_S))


class NewOriginalsTrigger(BaseEventTrigger):
    """Fires with the keys of new or changed objects, one event per look and library.

    It looks at the first `poll_keys` objects of each library; what lies beyond is found by the
    scheduled full listings. It writes nothing: the catalog says what is new.

    Parameters
    ----------
    catalog_conn_id, storage_conn_id : str
        Airflow connections; empty: those of the settings.
    """

    def __init__(self, catalog_conn_id: str = "", storage_conn_id: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.catalog_conn_id = catalog_conn_id
        self.storage_conn_id = storage_conn_id
        self._troubled: set[str] = set()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class path and arguments."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"catalog_conn_id": self.catalog_conn_id, "storage_conn_id": self.storage_conn_id}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, tell, wait; a store or catalog in trouble is looked at again later."""
        settings = Settings()
        announced: dict[tuple[int, str], float] = {}
        store: ObjectStore | None = None
        resolved = 0.0
        while True:
            started, looked_s = time.monotonic(), 0.0
            try:
                catalog = await CatalogHook(catalog_conn_id=self.catalog_conn_id).resolve()
                is_first = store is None or started - resolved > RESOLVE_AGAIN_S
                if store is None or is_first:
                    store = await asyncio.to_thread(LibraryHook(storage_conn_id=self.storage_conn_id).store)
                    resolved = started
                begun = time.monotonic()
                found = await asyncio.to_thread(self._look, catalog, store, settings.discovery.poll_keys)
                # The first look makes the client, which says nothing of the bucket's size; nor does one that fails.
                looked_s = 0.0 if is_first else time.monotonic() - begun
            except Exception:  # any fault of the outside must not end the watch
                self.log.exception("could not look for new originals; trying again")
                store, found = None, {}
            for library, keys in found.items():
                fresh = [key for key in keys if announced.get((library.library_id, key), 0.0) < started]
                if fresh:
                    announced |= {(library.library_id, key): started + ANNOUNCE_AGAIN_S for key in fresh}
                    news = {"library": library.name, "keys": fresh[:MOST_KEYS], "more": len(fresh) > MOST_KEYS}
                    yield TriggerEvent(news)  # type: ignore[no-untyped-call]
            announced = {pair: until for pair, until in announced.items() if until > started}
            await asyncio.sleep(rest_after(looked_s, settings.discovery.poll_seconds))

    def _look(self, catalog: CatalogHook, store: ObjectStore, most: int) -> dict[Library, list[str]]:
        found: dict[Library, list[str]] = {}
        trouble: Exception | None = None
        with catalog.connect() as connection:
            everyone = libraries.everyone(connection)
        for library in everyone:
            try:
                listed = list(store.list_all(library.bucket, library.prefix, most=most))
            except (ObjectMissing, StorageError) as error:
                if library.name not in self._troubled:
                    self.log.warning("could not look at library %s, the others go on: %s", library.name, error)
                self._troubled.add(library.name)
                trouble = error
                continue
            self._troubled.discard(library.name)
            with catalog.connect() as connection:
                found[library] = originals.unknown_keys(connection, library, listed)
        if trouble is not None and not found:
            raise trouble
        return found
