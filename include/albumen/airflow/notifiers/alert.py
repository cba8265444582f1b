"""Alerts: told once, however often they are seen, unless somebody asked for silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseNotifier, Context
from sqlalchemy import Connection

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.notifiers import channels
from albumen.catalog import alerts
from albumen.catalog.alerts import Alert
from albumen.pipeline import watching
from albumen.settings import Settings


class AlertNotifier(BaseNotifier):
    """As `on_failure_callback`: a task has failed for good.

    The failures of one task are one alert until the task has been quiet for a day; all that is new is one message.

    Parameters
    ----------
    catalog_conn_id : str
        Airflow connection of the catalog; empty: that of the settings.
    """

    template_fields = ("catalog_conn_id",)

    def __init__(self, *, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog_conn_id = catalog_conn_id

    def notify(self, context: Context) -> None:
        """Open the alert, and tell what nobody was told of."""
        ti = context["ti"]
        error = str(context.get("exception") or "").splitlines() or [""]
        words = f"{ti.dag_id}: task {ti.task_id} failed after its last retry: {error[0][:200]}"
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            alerts.see(connection, [watching.failure(f"{ti.dag_id}/{ti.task_id}", words)])
            tell(connection, Settings())


def tell(connection: Connection, settings: Settings) -> int:
    """Send one message of all open alerts that somebody is to be paged for, and commit; how many there were.

    What comes on top of what somebody was paged for already goes to the notices.

    Raises
    ------
    albumen.airflow.notifiers.channels.ChannelError
        If a channel failed: nothing counts as told, and the next look tells it again.
    """
    found = alerts.take_untold(connection, quiet=timedelta(minutes=settings.notify.quiet_minutes))
    _send(settings.notify.alerts, found, "")
    _send(settings.notify.notices, alerts.take_unnoticed(connection), "also ")
    connection.commit()
    return len(found)


def _send(to: Sequence[str], found: Sequence[Alert], also: str) -> None:
    if found and to:
        subject = f"{also}{found[0].summary[:80]}" if len(found) == 1 else f"{also}{len(found)} alerts"
        channels.send(to, f"Albumen: {subject}", watching.told(found))
