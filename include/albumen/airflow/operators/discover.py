"""Finding originals: planning what to look at, looking, concluding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context, TriggerRule

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import source_store
from albumen.airflow.labels import label
from albumen.catalog import due, libraries, listings
from albumen.catalog.libraries import Library, LibraryError
from albumen.catalog.originals import Registered
from albumen.pipeline import discovery
from albumen.settings import Settings
from albumen.storage import s3_events, s3_inventory
from albumen.storage.object_store import ObjectMissing, StorageError
from albumen.storage.s3_events import ObjectChange

LISTING_SLOTS = 16
KEYS_WORTH_A_TASK = 20_000
MOST_REFUSED_TOLD = 20
HINTS_WORTH_A_TASK = 1000
"""Each is looked at on its own, about 20 ms apiece; a page of a listing shows 1000 at once."""


class PlanDiscoveryOperator(BaseOperator):
    """Decides what to look at: the keys that hints named, and full listings where they are due.

    Hints come with asset events: from `NewOriginalsTrigger` and `QueuedOriginalsTrigger`, or, as the
    queue delivered them, from a watcher with a `MessageQueueTrigger` on S3's event notifications.

    Returns a list of jobs for `DiscoverOriginalsOperator`: `{"library", "keys"}`,
    `{"library", "listing_id", "prefixes"}`, `{"library", "inventory", "files"}`, or `{"library"}`
    where the store did not let us cut the listing: its own task tries again and tells, so that no
    library holds up the others.

    Parameters
    ----------
    full : str or bool
        True: list every library in full, whatever the age of its last listing. Templated.
    library : str
        Only this library; empty: all. Templated.
    inventory : str
        Register what this S3 Inventory of the library's bucket shows, and look at nothing else:
        `s3://bucket/…/manifest.json`, or the folder in which AWS dates them, for the newest. Templated.
    """

    template_fields = ("full", "library", "inventory")

    def __init__(
        self,
        *,
        full: str | bool = False,
        library: str = "",
        inventory: str = "",
        catalog_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.full = full
        self.library = library
        self.inventory = inventory
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Gather hints and overdue listings."""
        settings = Settings()
        catalog, store = CatalogHook(catalog_conn_id=self.catalog_conn_id), source_store(settings)
        if self.inventory:
            return self._inventory_jobs(catalog, store)
        with catalog.connect() as connection:
            hints = self._hints(context, libraries.everyone(connection))
        forced = str(self.full).lower() in {"true", "1", "yes"}
        jobs: list[dict[str, Any]] = []
        with catalog.connect() as connection:
            everyone = [libraries.named(connection, self.library)] if self.library else libraries.everyone(connection)
            last = {library.name: listings.last_finished(connection, library.library_id) for library in everyone}
        for library in everyone:
            keys, more = hints.get(library.name, ([], False))
            if forced or more or self._overdue(last[library.name], settings):
                jobs += self._listing_jobs(catalog, store, library)
            else:
                jobs += [
                    {"library": library.name, "keys": part}
                    for part in _cut(keys, math.ceil(len(keys) / HINTS_WORTH_A_TASK))
                    if part
                ]
        self.log.info("%d jobs: %s", len(jobs), ", ".join(sorted({job["library"] for job in jobs})) or "none")
        return jobs

    def _listing_jobs(self, catalog: CatalogHook, store: Any, library: Library) -> list[dict[str, Any]]:
        try:
            listing_id = discovery.begin_listing(catalog.connect, store, library)
        except (ObjectMissing, StorageError) as error:
            self.log.warning("%s cannot be listed now: %s", library.name, error)
            return [{"library": library.name}]
        with catalog.connect() as connection:
            prefixes = [shard.prefix for shard in listings.shards(connection, listing_id)]
            expected = listings.expected_keys(connection, library.library_id)
        # Nobody knows how much a first listing finds.
        slots = Settings().pipeline.slots if expected is None else math.ceil(expected / KEYS_WORTH_A_TASK)
        parts = _cut(prefixes, slots)
        return [{"library": library.name, "listing_id": listing_id, "prefixes": part} for part in parts]

    def _inventory_jobs(self, catalog: CatalogHook, store: Any) -> list[dict[str, Any]]:
        if not self.library:
            raise LibraryError("an inventory is one library's: name the library")
        with catalog.connect() as connection:
            library = libraries.named(connection, self.library)
        bucket, key = s3_inventory.locate(store, self.inventory)
        manifest = s3_inventory.open_manifest(store, bucket, key)
        if manifest.source != library.bucket:
            raise s3_inventory.InventoryError(
                f"the inventory lists s3://{manifest.source}, library {library.name!r} is in s3://{library.bucket}"
            )
        uri = f"s3://{bucket}/{key}"
        self.log.info("%s: inventory %s, %d files", library.name, uri, len(manifest.files))
        return [
            {"library": library.name, "inventory": uri, "files": part}
            for part in _cut([file.key for file in manifest.files], LISTING_SLOTS)
            if part
        ]

    @staticmethod
    def _overdue(last: datetime | None, settings: Settings) -> bool:
        longest = timedelta(minutes=settings.discovery.full_listing_minutes)
        return last is None or datetime.now(UTC) - last > longest

    def _hints(self, context: Context, everyone: Sequence[Library]) -> dict[str, tuple[list[str], bool]]:
        """Per library the keys to look at, each once, and whether there were more than the hints could name."""
        keys: dict[str, dict[str, None]] = {}
        more: set[str] = set()
        for payload in _payloads(context):
            if "library" in payload and "keys" in payload:
                keys.setdefault(payload["library"], {}).update(dict.fromkeys(payload["keys"]))
                more |= {payload["library"]} if payload.get("more") else set()
            for library, changes in discovery.changes_by_library(everyone, self._queued(payload)).items():
                keys.setdefault(library.name, {}).update(dict.fromkeys(change.key for change in changes))
        return {name: (list(found), name in more) for name, found in keys.items()}

    def _queued(self, payload: dict[str, Any]) -> Iterator[ObjectChange]:
        """What the messages say that a `MessageQueueTrigger` took from an SQS queue."""
        batch = payload.get("message_batch")
        for message in batch if isinstance(batch, list) else ():
            try:
                read = s3_events.read(str(message.get("Body")) if isinstance(message, dict) else "")
            except s3_events.EventError as error:
                self.log.warning("a message is left out: %s", error)
                continue
            for refused in read.refused:
                self.log.warning("a record of a message is left out: %s", refused)
            yield from read.changes


class DiscoverOriginalsOperator(BaseOperator):
    """Registers what a hint named, what lies below some prefixes, or what files of an inventory show.

    A listing resumes from its checkpoints; the others begin again, which changes nothing.

    Parameters
    ----------
    job : dict
        From `PlanDiscoveryOperator`; mapped.
    """

    def __init__(self, *, job: dict[str, Any], catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Look and register."""
        settings = Settings()
        catalog, store = CatalogHook(catalog_conn_id=self.catalog_conn_id), source_store(settings)
        with catalog.connect() as connection:
            library = libraries.named(connection, self.job["library"])
        if "keys" in self.job:
            what = f"{library.name}: {len(self.job['keys'])} hinted"
            label(context, what)
            found = discovery.register_keys(catalog.connect, store, library, self.job["keys"])
        elif "inventory" in self.job:
            what = f"{library.name}: {len(self.job['files'])} files of an inventory"
            label(context, what)
            found = self._register_inventory(catalog, store, library)
        else:
            what = f"{library.name}: {len(self.job['prefixes'])} prefixes" if "prefixes" in self.job else library.name
            label(context, what)
            found = self._list(catalog, store, library, settings)
        self.log.info("%s: %d new, %d changed, %d unchanged", what, found.new, found.changed, found.unchanged)
        return {"new": found.new, "changed": found.changed, "unchanged": found.unchanged}

    def _list(self, catalog: CatalogHook, store: Any, library: Library, settings: Settings) -> Registered:
        found = Registered()
        try:
            listing_id = self.job.get("listing_id") or discovery.begin_listing(catalog.connect, store, library)
        except ObjectMissing as error:
            raise LibraryError(f"library {library.name!r} has no source: there is no {error}") from error
        with catalog.connect() as connection:
            mine = {shard.prefix: shard for shard in listings.shards(connection, listing_id)}
        for prefix in self.job.get("prefixes", mine):
            if not mine[prefix].finished:
                keys = settings.discovery.page_keys
                found += discovery.list_prefix(
                    catalog.connect, store, library, listing_id, mine[prefix], page_keys=keys
                )
        return found

    def _register_inventory(self, catalog: CatalogHook, store: Any, library: Library) -> Registered:
        found, refused = Registered(), 0
        bucket, key = s3_inventory.locate(store, self.job["inventory"])
        manifest = s3_inventory.open_manifest(store, bucket, key)

        def refuse(why: str) -> None:
            nonlocal refused
            refused += 1
            if refused <= MOST_REFUSED_TOLD:
                self.log.warning("%s: a row is left out: %s", file.key, why)

        for file in manifest.files:
            if file.key in self.job["files"]:
                rows = s3_inventory.rows(store, manifest, file, refuse=refuse)
                found += discovery.register_inventory(catalog.connect, store, library, rows)
        if refused:
            self.log.warning("%s: %d rows of the inventory are left out", library.name, refused)
        return found


class SettleDiscoveryOperator(BaseOperator):
    """Concludes complete listings and emits `changed` if originals wait.

    It runs as soon as any job succeeded: a library that cannot be listed holds up only itself.

    Parameters
    ----------
    changed : Asset
        What wakes the original pass.
    plan_task_id : str
        The task whose jobs are concluded.
    """

    def __init__(
        self,
        *,
        changed: Asset,
        plan_task_id: str = "plan",
        catalog_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("trigger_rule", TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
        super().__init__(**kwargs)
        self.changed = changed
        self.plan_task_id = plan_task_id
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Conclude, look what waits, emit."""
        jobs = context["ti"].xcom_pull(task_ids=self.plan_task_id) or []
        catalog, store = CatalogHook(catalog_conn_id=self.catalog_conn_id), source_store(Settings())
        with catalog.connect() as connection:
            everyone = {library.name: library for library in libraries.everyone(connection)}
        for name, listing_id in sorted({(j["library"], j["listing_id"]) for j in jobs if "listing_id" in j}):
            with catalog.connect() as connection:
                whole = all(shard.finished for shard in listings.shards(connection, listing_id))
            if not whole:
                self.log.warning("%s: the listing is not complete; the next run goes on with it", name)
                continue
            concluded = discovery.conclude_listing(catalog.connect, store, everyone[name], listing_id)
            if concluded is None:
                self.log.warning("%s: keys of the listing were lost; it is made again", name)
            else:
                self.log.info("%s: %d keys listed, %d originals vanished", name, *concluded)
        with catalog.connect() as connection:
            waiting = due.count(connection, discovery.original_steps(), most=1)
        emit(context, [self.changed] if waiting else [])
        return {"waiting": bool(waiting)}


def _payloads(context: Context) -> Iterator[dict[str, Any]]:
    """What watchers told; an event that somebody made by hand may hold anything."""
    for events in context["triggering_asset_events"].values():
        for event in events:
            payload = (event.extra or {}).get("payload")
            if isinstance(payload, dict):
                yield payload


def _cut(parts: Sequence[Any], tasks: int) -> list[list[Any]]:
    """Deal parts out to at most so many tasks, and never more than a listing may have."""
    tasks = max(1, min(tasks, LISTING_SLOTS, len(parts)))
    return [list(parts[start::tasks]) for start in range(tasks)]
