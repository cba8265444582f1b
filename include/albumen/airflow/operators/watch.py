"""Looking whether anything needs a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.notifiers import channels
from albumen.airflow.notifiers.alert import tell
from albumen.catalog import alerts
from albumen.catalog.clock import CatalogClock
from albumen.pipeline import watching
from albumen.settings import Settings

QUIET = timedelta(days=1)
"""A failed task that did not fail again for so long is forgotten."""


class WatchOperator(BaseOperator):
    """Opens alerts for what is wrong, resolves what is over, and tells each once."""

    def __init__(self, *, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Look, tell, count."""
        settings = Settings()
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            now = CatalogClock(connection)()
            found = watching.troubles(connection, settings.slos, now)
            resolved = alerts.settle(connection, found, watched=watching.WATCHED)
            alerts.forget_quiet(connection, "task_failed", now - QUIET)
            connection.commit()
            for trouble in found:
                self.log.warning("%s", trouble.summary)
            told = tell(connection, settings)
        over = [alert for alert in resolved if alert.told_at]
        if over:
            channels.send(settings.notify.notices, "Albumen: over", "\n".join(f"over: {one.summary}" for one in over))
        self.log.info("%d wrong, %d told, %d over", len(found), told, len(resolved))
        return {"wrong": len(found), "told": told, "over": len(resolved)}
