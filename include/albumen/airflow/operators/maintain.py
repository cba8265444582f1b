"""Maintaining libraries: checks of what is stored, retention, Airflow's own records."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context, TriggerRule

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import library_store, source_store
from albumen.airflow.labels import label
from albumen.airflow.xcom import mapped_results
from albumen.catalog import due, libraries
from albumen.pipeline import registry
from albumen.pipeline.contract import PassName
from albumen.pipeline.maintenance.registry import CHECKS, acting
from albumen.pipeline.maintenance.retiring import retire
from albumen.pipeline.maintenance.walking import Extent, maintain
from albumen.pipeline.running import Workplace
from albumen.settings import Settings

CLEAN_AIRFLOW_SECONDS = 1800
CHILD_VARIABLES = ("ALBUMEN_HOME", "HOME", "LANG", "PATH")


class PlanMaintenanceOperator(BaseOperator):
    """Names the libraries to maintain.

    Parameters
    ----------
    library : str
        Only this library; empty: all. Templated.
    """

    template_fields = ("library",)

    def __init__(self, *, library: str = "", catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.library = library
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> list[str]:
        """All of them, or the one asked for."""
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            if self.library:
                return [libraries.named(connection, self.library).name]
            return [library.name for library in libraries.everyone(connection)]


class MaintainLibraryOperator(BaseOperator):
    """Compares one library's store and catalog, and puts right what differs.

    Parameters
    ----------
    library : str
        The library's name; mapped.
    report_only : bool or str
        Only report (a dry run). Templated.
    delete : bool or str
        Let every check act, also those that delete and that `maintenance.delete` does not name. Templated.
    whole : bool or str
        Look at the whole library, as far as `maintenance.seconds` go, not at the daily share. Templated.
    """

    template_fields = ("library", "report_only", "delete", "whole")

    def __init__(
        self,
        *,
        library: str,
        report_only: bool | str = True,
        delete: bool | str = False,
        whole: bool | str = False,
        catalog_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.library = library
        self.report_only, self.delete, self.whole = report_only, delete, whole
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Make every check; returns their reports."""
        label(context, self.library)
        settings, dry_run = Settings(), _flag(self.report_only)
        place = _workplace(self, settings)
        with place.connect() as connection:
            library = libraries.named(connection, self.library)
        reports = maintain(
            place,
            library,
            list(CHECKS),
            acting=acting(settings, dry_run=dry_run, delete=_flag(self.delete)),
            extent=Extent(_flag(self.whole), settings.maintenance.seconds),
            keeps=not dry_run,
        )
        return {"library": self.library, "dry_run": dry_run, "checks": [report.as_dict() for report in reports]}


class RetireRecordsOperator(BaseOperator):
    """Drops history, ended shards, listings, backfills and checks past their days.

    Parameters
    ----------
    report_only : bool or str
        Only count (a dry run). Templated.
    """

    template_fields = ("report_only",)

    def __init__(self, *, report_only: bool | str = True, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.report_only = report_only
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, int]:
        """Rows by table."""
        dropped = retire(_workplace(self, Settings()), dry_run=_flag(self.report_only))
        self.log.info("%s: %s", "would drop" if _flag(self.report_only) else "dropped", dropped or "nothing")
        return dropped


class CleanAirflowOperator(BaseOperator):
    """Has the embedded stack clean its Airflow's metadata database, which no task can reach itself.

    Elsewhere it does nothing: there `airflow db clean` runs where the database is reachable.

    Parameters
    ----------
    report_only : bool or str
        Only count (a dry run). Templated.
    """

    template_fields = ("report_only",)

    def __init__(self, *, report_only: bool | str = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.report_only = report_only

    def execute(self, context: Context) -> bool:
        """Whether there was an embedded stack to clean."""
        if "ALBUMEN_HOME" not in os.environ:
            self.log.info("no embedded stack: see docs/operations.md for `airflow db clean` on a cluster")
            return False
        command = [sys.executable, "-m", "albumen.cli", "maintain", "airflow"]
        command += ["--dry-run"] if _flag(self.report_only) else []
        outcome = subprocess.run(
            command,
            # Its own variables and input: a task's hold the way to its supervisor, and no way to the database.
            env={name: os.environ[name] for name in CHILD_VARIABLES if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=CLEAN_AIRFLOW_SECONDS,
            check=False,
        )
        for line in outcome.stdout.decode(errors="replace").splitlines():
            self.log.info("%s", line)
        if outcome.returncode != 0:
            raise RuntimeError(f"cleaning Airflow's records failed with exit code {outcome.returncode}: see above")
        return True


class SettleMaintenanceOperator(BaseOperator):
    """Sums up, and wakes the passes for which the checks made work due.

    Parameters
    ----------
    wakes : mapping of pass name to Asset
        What wakes the DAG that does the work.
    """

    def __init__(
        self,
        *,
        wakes: Mapping[PassName, Asset],
        maintain_task_id: str = "maintain",
        catalog_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("trigger_rule", TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
        super().__init__(**kwargs)
        self.wakes = wakes
        self.maintain_task_id = maintain_task_id
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Findings and what became of them, by check."""
        found: Counter[str] = Counter()
        done: Counter[str] = Counter()
        for result in mapped_results(context, self.maintain_task_id):
            for report in result["checks"]:
                found[report["check"]] += report["found"]
                done.update(report["done"])
        woken = []
        if done["due_again"]:
            with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
                steps = {name: [step.name for step in registry.of_pass(name)] for name in self.wakes}
                woken = [name for name in self.wakes if due.count(connection, steps[name], most=1)]
        emit(context, [self.wakes[name] for name in woken])
        self.log.info("found %s; %s", dict(found), dict(done) or "nothing to do")
        return {"found": dict(found), "done": dict(done), "wakes": woken}


def _workplace(operator: MaintainLibraryOperator | RetireRecordsOperator, settings: Settings) -> Workplace:
    return Workplace(
        connect=CatalogHook(catalog_conn_id=operator.catalog_conn_id).connect,
        store=source_store(settings),
        library_store=library_store(settings),
        settings=settings,
        now=lambda: datetime.now(UTC),
        log=operator.log.info,
    )


def _flag(value: bool | str) -> bool:
    return str(value).lower() in {"true", "1", "yes"}
