"""Organising libraries: what changed is found out anew, library by library."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, BaseOperator, Context, TriggerRule

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.labels import label
from albumen.airflow.xcom import mapped_results
from albumen.catalog import changes, libraries


class PlanOrganisingOperator(BaseOperator):
    """Names the libraries in which something changed."""

    def __init__(self, *, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> list[str]:
        """Look what waits; an empty list skips the rest of the run."""
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            names = {library.library_id: library.name for library in libraries.everyone(connection)}
            waiting = changes.waiting(connection)
        for one in waiting:
            if one.library_id in names:
                self.log.info("%s: %d items changed on %d days", names[one.library_id], one.items, one.days)
        return [names[one.library_id] for one in waiting if one.library_id in names]


class OrganiseLibraryOperator(BaseOperator):
    """Organises what changed in one library, in small transactions.

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

    def execute(self, context: Context) -> dict[str, int]:
        """Organise until nothing waits, or another worker has the library."""
        # Here, since it loads the gazetteer's tree: parsing a DAG must not load what that takes.
        from albumen.organise.organising import organise

        label(context, self.library)
        catalog, done = CatalogHook(catalog_conn_id=self.catalog_conn_id), {"days": 0, "items": 0}
        while True:
            with catalog.connect() as connection:
                library = libraries.named(connection, self.library)
                organised = organise(connection, library.library_id)
                connection.commit()
            if not organised:
                break
            done = {"days": done["days"] + organised.days, "items": done["items"] + organised.items}
        self.log.info("%s: %d items and %d days organised", self.library, done["items"], done["days"])
        return done


class SettleOrganisingOperator(BaseOperator):
    """Emits `changed` if something was organised."""

    def __init__(self, *, changed: Asset, organise_task_id: str = "organise", **kwargs: Any) -> None:
        kwargs.setdefault("trigger_rule", TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
        super().__init__(**kwargs)
        self.changed = changed
        self.organise_task_id = organise_task_id

    def execute(self, context: Context) -> dict[str, int]:
        """Sum up and emit."""
        results = mapped_results(context, self.organise_task_id)
        organised = {what: sum(result[what] for result in results) for what in ("days", "items")}
        emit(context, [self.changed] if any(organised.values()) else [], organised)
        return organised
