"""Working on one shard in one mapped task."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, Context
from structlog.contextvars import bind_contextvars, bound_contextvars

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import library_store, source_store
from albumen.airflow.labels import label
from albumen.catalog import leases, libraries, step_pauses
from albumen.catalog.clock import CatalogClock
from albumen.catalog.leases import Finished
from albumen.pipeline import registry, running
from albumen.pipeline.contract import PassName
from albumen.pipeline.running import Workplace
from albumen.settings import Settings


class ProcessShardOperator(BaseOperator):
    """Leases the best shard there is when it starts and works on it.

    A retry, a clear or a second run of a finished task changes nothing. A task whose worker died is
    taken over: its lease runs out, and its retry or another slot goes on where it stopped.

    Parameters
    ----------
    pass_name : str
        `original`, `preview` or `video`.
    size : int
        The most items to lease; mapped, from `PlanWorkOperator`.
    """

    template_fields = ("pass_name",)

    def __init__(self, *, pass_name: PassName, size: int, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pass_name = pass_name
        self.size = size
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Lease, work, sum up."""
        settings = Settings()
        ti = context["ti"]
        catalog = CatalogHook(catalog_conn_id=self.catalog_conn_id)
        claim = f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}"
        with catalog.connect() as connection:
            lease = leases.take(
                connection,
                pass_name=self.pass_name,
                steps=step_pauses.running(connection, [step.name for step in registry.of_pass(self.pass_name)]),
                claim=claim,
                most=self.size,
                lease_s=settings.pipeline.lease_seconds,
                video_seconds=settings.pipeline.shard_seconds / settings.video.expected_factor,
            )
            connection.commit()
            now = CatalogClock(connection)
            everyone = libraries.by_id(connection)
        if lease is None or isinstance(lease, Finished):
            nothing = "nothing left to lease" if lease is None else "finished before"
            label(context, nothing)
            self.log.info("%s", nothing)
            return {}
        library = everyone[lease.library_id]
        bind_contextvars(library_id=lease.library_id, run_id=ti.run_id, shard_id=lease.shard_id)
        leased = f"{library.name}: {lease.size} {lease.lane.name.lower()} (shard {lease.shard_id})"
        label(context, leased)
        self.log.info("leased %s, generation %d", leased, lease.generation)
        place = Workplace(
            connect=catalog.connect,
            store=source_store(settings),
            library_store=library_store(settings),
            settings=settings,
            now=now,
            log=self.log.info,
        )
        summary = running.run_shard(lease, library, place, task=f"{claim}/{ti.try_number}")
        for item_id, step, state, reason in summary.troubles:
            with bound_contextvars(item_id=item_id, step=step):
                self.log.warning("%s of %d: %s, %s", step, item_id, state, reason)
        for line in summary.lines():
            self.log.info("%s", line)
        return summary.as_dict()
