"""Organising libraries: what changed is counted anew, library by library."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, BaseOperator, Context, TriggerRule

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.labels import label
from albumen.airflow.xcom import mapped_results
from albumen.catalog import days, libraries

DAYS_AT_ONCE = 400


class PlanOrganisingOperator(BaseOperator):
    """Names the libraries in which days changed."""

    def __init__(self, *, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> list[str]:
        """Look what waits; an empty list skips the rest of the run."""
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            names = {library.library_id: library.name for library in libraries.everyone(connection)}
            waiting = days.waiting(connection)
        for one in waiting:
            self.log.info("%s: %d changed days", names[one.library_id], one.days)
        return [names[one.library_id] for one in waiting]


class OrganiseLibraryOperator(BaseOperator):
    """Organises the changed days of one library, in small transactions.

    Parameters
    ----------
    library : str
        The library's name; mapped.
    """

    template_fields = ("library",)

    def __init__(self, *, library: str, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.library = library
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> int:
        """Organise until nothing waits, or another worker has the library."""
        label(context, self.library)
        catalog, organised = CatalogHook(catalog_conn_id=self.catalog_conn_id), 0
        while True:
            with catalog.connect() as connection:
                library = libraries.named(connection, self.library)
                changed = days.organise(connection, library.library_id, most=DAYS_AT_ONCE)
                connection.commit()
            if not changed:
                break
            organised += len(changed)
        self.log.info("%s: %d days organised", self.library, organised)
        return organised


class SettleOrganisingOperator(BaseOperator):
    """Emits `changed` if days were organised."""

    def __init__(self, *, changed: Asset, organise_task_id: str = "organise", **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
        super().__init__(**kwargs)
        self.changed = changed
        self.organise_task_id = organise_task_id

    def execute(self, context: Context) -> int:
        """Sum up and emit."""
        organised: int = sum(mapped_results(context, self.organise_task_id))
        emit(context, [self.changed] if organised else [], {"days": organised})
        return organised
