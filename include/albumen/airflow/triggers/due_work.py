"""Waking a DAG when work that waited becomes available: a retry's time, an abandoned lease."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.catalog import due, step_pauses
from albumen.pipeline import registry
from albumen.pipeline.contract import PassName

LOOK_EVERY_S = 5.0
TELL_AGAIN_S = 45.0


class DueWorkTrigger(BaseEventTrigger):
    """Fires when work of a pass could be leased and nobody has leased any of it lately.

    Parameters
    ----------
    pass_name : str
        `original`, `preview` or `video`.
    catalog_conn_id : str
        Airflow connection; empty: the one of the settings.
    """

    def __init__(self, pass_name: PassName, catalog_conn_id: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pass_name = pass_name
        self.catalog_conn_id = catalog_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class path and arguments."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"pass_name": self.pass_name, "catalog_conn_id": self.catalog_conn_id}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, tell, wait; a catalog in trouble is asked again later."""
        told = -math.inf
        while True:
            try:
                catalog = await CatalogHook(catalog_conn_id=self.catalog_conn_id).resolve()
                waiting = await asyncio.to_thread(self._waiting, catalog)
            except Exception:  # any fault of the outside must not end the watch
                self.log.exception("could not look for due work; trying again")
                waiting = False
            if waiting and time.monotonic() - told > TELL_AGAIN_S:
                told = time.monotonic()
                yield TriggerEvent({"pass": self.pass_name})  # type: ignore[no-untyped-call]
            await asyncio.sleep(LOOK_EVERY_S)

    def _waiting(self, catalog: CatalogHook) -> bool:
        with catalog.connect() as connection:
            steps = step_pauses.running(connection, [step.name for step in registry.of_pass(self.pass_name)])
            return due.is_neglected(connection, steps, self.pass_name, idle_s=LOOK_EVERY_S)
