"""Finding originals: planning listings, listing, concluding."""

from __future__ import annotations

import math
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
from albumen.storage.object_store import ObjectMissing, StorageError

LISTING_SLOTS = 16
KEYS_WORTH_A_TASK = 20_000


class PlanDiscoveryOperator(BaseOperator):
    """Decides what to look at: the keys that hints named, and full listings where they are due.

    Returns a list of jobs for `DiscoverOriginalsOperator`: `{"library", "keys"}`,
    `{"library", "listing_id", "prefixes"}`, or `{"library"}` where the store did not let us cut the
    listing: its own task tries again and tells, so that no library holds up the others.

    Parameters
    ----------
    full : str or bool
        True: list every library in full, whatever the age of its last listing. Templated.
    library : str
        Only this library; empty: all. Templated.
    """

    template_fields = ("full", "library")

    def __init__(
        self, *, full: str | bool = False, library: str = "", catalog_conn_id: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.full = full
        self.library = library
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Gather hints and overdue listings."""
        settings = Settings()
        catalog, store = CatalogHook(catalog_conn_id=self.catalog_conn_id), source_store(settings)
        hints = self._hints(context)
        forced = str(self.full).lower() in {"true", "1", "yes"}
        jobs: list[dict[str, Any]] = []
        with catalog.connect() as connection:
            everyone = [libraries.named(connection, self.library)] if self.library else libraries.everyone(connection)
            last = {library.name: listings.last_finished(connection, library.library_id) for library in everyone}
        for library in everyone:
            keys, more = hints.get(library.name, ([], False))
            if forced or more or self._overdue(last[library.name], settings):
                jobs += self._listing_jobs(catalog, store, library)
            elif keys:
                jobs.append({"library": library.name, "keys": keys})
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
        tasks = max(1, min(slots, LISTING_SLOTS, len(prefixes)))
        parts = [prefixes[start::tasks] for start in range(tasks)]
        return [{"library": library.name, "listing_id": listing_id, "prefixes": part} for part in parts]

    @staticmethod
    def _overdue(last: datetime | None, settings: Settings) -> bool:
        longest = timedelta(minutes=settings.discovery.full_listing_minutes)
        return last is None or datetime.now(UTC) - last > longest

    @staticmethod
    def _hints(context: Context) -> dict[str, tuple[list[str], bool]]:
        hints: dict[str, tuple[list[str], bool]] = {}
        for events in context["triggering_asset_events"].values():
            for event in events:
                payload = (event.extra or {}).get("payload")
                if isinstance(payload, dict) and "library" in payload:
                    keys, more = hints.get(payload["library"], ([], False))
                    hints[payload["library"]] = ([*keys, *payload["keys"]], more or payload["more"])
        return hints


class DiscoverOriginalsOperator(BaseOperator):
    """Registers what a hint named or what lies below some prefixes; resumes from its checkpoints.

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
