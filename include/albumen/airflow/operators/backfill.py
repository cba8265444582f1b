"""Making a step due again by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.catalog import backfills, libraries
from albumen.catalog.backfills import Selection
from albumen.pipeline import backfilling, registry
from albumen.pipeline.taxonomy import Reason
from albumen.settings import Settings

REASONS = [reason.value for reason in Reason]
"""What a step may end with, for the proposals of a form."""
NAMED = 5
"""Unknown keys that an error names; the rest it counts."""


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
        if self.step not in registry.steps():
            raise ValueError(f"no step is called {self.step!r}; there are: {', '.join(registry.steps())}")
        if self.reason and self.reason not in REASONS:
            raise ValueError(f"no reason is called {self.reason!r}; there are: {', '.join(REASONS)}")
        step = registry.steps()[self.step]
        first, last = _date("taken_from", self.taken_from), _date("taken_to", self.taken_to)
        if first and last and first > last:
            raise ValueError(f"taken_from ({first}) lies after taken_to ({last})")
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            library = libraries.named(connection, self.library)
            keys = tuple(library.prefix + key for key in _keys(self.keys))
            if unknown := backfills.unknown_keys(connection, library.library_id, keys):
                named = ", ".join(repr(key.removeprefix(library.prefix)) for key in unknown[:NAMED])
                raise ValueError(f"library {library.name} has no file {named} ({len(unknown)} unknown keys)")
            selection = Selection(
                keys=keys,
                prefix=library.prefix + self.prefix if self.prefix else "",
                reason=self.reason,
                taken_from=first,
                taken_to=last,
                stale_only=_flag(self.stale_only),
            )
            estimate = backfilling.estimate(connection, library, step, selection, settings)
            self.log.info("%s", estimate)
            starts = not _flag(self.measure_only) and estimate.items > 0
            if starts:
                backfills.create(connection, library.library_id, step.name, selection)
                backfilling.advance(connection, step.reads, settings)
                connection.commit()
                emit(context, [self.wakes[step.reads]])
        return {"items": estimate.items, "estimate": str(estimate), "started": starts}


def step_choices() -> dict[str, str]:
    """Every step with what it does, for the choices of a form."""
    choices = {}
    for name, step in registry.steps().items():
        what = (step.__doc__ or "").partition(".")[0]
        choices[name] = f"{name}: {what[:1].lower()}{what[1:]}{' (on demand)' if step.on_demand else ''}"
    return choices


def _keys(value: Sequence[str] | str) -> list[str]:
    found = json.loads(value or "[]") if isinstance(value, str) else value
    return [key for key in found or () if key]


def _flag(value: bool | str) -> bool:
    return str(value).lower() in {"true", "1", "yes"}


def _date(field: str, value: str) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{field} is no day (YYYY-MM-DD): {value!r}") from error
