"""Planning one run of a pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator, Context

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.catalog import history, step_pauses
from albumen.pipeline import backfilling, planning, registry
from albumen.pipeline.contract import PassName
from albumen.settings import Settings


class PlanWorkOperator(BaseOperator):
    """Decides how many slots a run needs and how much each may lease; returns a list of sizes.

    It also notices steps whose version, model or settings changed and puts them, bounded, into the
    backfill lane.

    Parameters
    ----------
    pass_name : str
        `original`, `preview` or `video`.
    """

    template_fields = ("pass_name",)

    def __init__(self, *, pass_name: PassName, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pass_name = pass_name
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> list[int]:
        """Plan; an empty list skips the rest of the run."""
        settings = Settings()
        catalog = CatalogHook(catalog_conn_id=self.catalog_conn_id)
        with catalog.connect() as connection:
            history.keep_room(connection, datetime.now(UTC), keep_days=settings.pipeline.history_days)
            connection.commit()
            for estimate in backfilling.notice_changes(connection, self.pass_name, settings):
                self.log.info("changed step, backfill starts: %s", estimate)
            backfilled = backfilling.advance(connection, self.pass_name, settings)
            connection.commit()
            stopped = step_pauses.everyone(connection)
            plan = planning.plan(connection, self.pass_name, settings, paused=stopped.keys())
        for step in registry.of_pass(self.pass_name):
            if step.name in stopped:
                self.log.warning("%s is left alone: %s", step.name, stopped[step.name])
        if backfilled:
            self.log.info("%d items put into the backfill lane", backfilled)
        self.log.info(
            "%d items wait (counted up to one run), about %.3f s each: %d slots of up to %d items",
            plan.waiting,
            plan.seconds_per_item,
            len(plan.sizes),
            max(plan.sizes, default=0),
        )
        return list(plan.sizes)
