"""Making a step due again by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.catalog import libraries
from albumen.pipeline import backfill_request, registry
from albumen.pipeline.backfill_request import REASONS, BackfillRequest, step_choices
from albumen.settings import Settings

__all__ = ["REASONS", "BackfillStepOperator", "step_choices"]


class BackfillStepOperator(BaseOperator):
    """Shows size and cost of a backfill and, unless it is a dry run, starts it.

    Parameters
    ----------
    library, step : str
        What to do again, and where.
    keys, prefix, reason, taken_from, taken_to, stale_only :
        The selection, see `albumen.catalog.backfills.Selection`; keys and prefix as people see them (below the
        library's own), keys also as the JSON text that a template gives, dates as ISO text, empty for none.
    measure_only : bool
        Only show size and cost (a dry run).
    wakes : mapping of pass name to Asset
        What wakes the DAG that does the work.
    """

    template_fields = (
        "library",
        "step",
        "keys",
        "prefix",
        "reason",
        "taken_from",
        "taken_to",
        "stale_only",
        "measure_only",
    )

    def __init__(
        self,
        *,
        library: str,
        step: str,
        wakes: dict[str, Asset],
        keys: Sequence[str] | str = (),
        prefix: str = "",
        reason: str = "",
        taken_from: str = "",
        taken_to: str = "",
        stale_only: bool | str = True,
        measure_only: bool | str = True,
        catalog_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.library, self.step = library, step
        self.keys, self.prefix, self.reason = keys, prefix, reason
        self.taken_from, self.taken_to = taken_from, taken_to
        self.stale_only, self.measure_only = stale_only, measure_only
        self.wakes = wakes
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Measure, and start; a ValueError tells which field of the form is wrong."""
        settings = Settings()
        asked = BackfillRequest(
            step=self.step,
            keys=_keys(self.keys),
            prefix=self.prefix,
            reason=self.reason,
            taken_from=self.taken_from,
            taken_to=self.taken_to,
            stale_only=_flag(self.stale_only),
        )
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            library = libraries.named(connection, self.library)
            estimate = backfill_request.measure(connection, library, asked, settings)
            self.log.info("%s", estimate)
            starts = not _flag(self.measure_only) and estimate.items > 0
            if starts:
                backfill_request.start(connection, library, asked, settings)
                connection.commit()
                emit(context, [self.wakes[registry.steps()[self.step].reads]])
        return {"items": estimate.items, "estimate": str(estimate), "started": starts}


def _keys(value: Sequence[str] | str) -> list[str]:
    found = json.loads(value or "[]") if isinstance(value, str) else value
    return [key for key in found or () if key]


def _flag(value: bool | str) -> bool:
    return str(value).lower() in {"true", "1", "yes"}
