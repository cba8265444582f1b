"""Erasing content for good: asked by somebody, approved by somebody, then carried out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import Asset, BaseOperator, Context, Param
from airflow.sdk.bases.skipmixin import SkipMixin

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import library_store, source_store
from albumen.catalog import erasable, erasures, libraries
from albumen.catalog.erasures import ErasureError, Phase
from albumen.pipeline import erasing
from albumen.settings import Settings

NAME_PARAM = "library_name"
NOBODY = "nobody (it was not answered in time)"


class RequestErasureOperator(BaseOperator, SkipMixin):
    """Counts what would be erased and, unless it is a dry run, records the request; else the rest is skipped.

    Parameters
    ----------
    library : str
        Whose content.
    keys : sequence of str
        Files, as people see them (below the library's prefix), or the JSON text that a template gives.
    hashes : sequence of str
        SHA-256 digests of files, for content whose file is gone; or JSON text.
    whole_library : bool
        All of it, and the library itself.
    reason : str
        Why; it stands in the receipt.
    measure_only : bool
        Only count (a dry run).
    """

    template_fields = ("library", "keys", "hashes", "whole_library", "reason", "measure_only")

    def __init__(
        self,
        *,
        library: str,
        keys: Sequence[str] | str = (),
        hashes: Sequence[str] | str = (),
        whole_library: bool | str = False,
        reason: str = "",
        measure_only: bool | str = True,
        catalog_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.library, self.keys, self.hashes = library, keys, hashes
        self.whole_library, self.reason, self.measure_only = whole_library, reason, measure_only
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Count and record; an ErasureError tells which field of the form is wrong."""
        ti = context["ti"]
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            library = libraries.named(connection, self.library)
            selection = erasable.select(
                connection,
                library,
                keys=_words(self.keys),
                hashes=_words(self.hashes),
                whole_library=_flag(self.whole_library),
            )
            extent = erasable.measure(connection, library, selection)
            self.log.info("erasing from library %s: %s", library.name, extent)
            if _flag(self.measure_only):
                self.log.info("a dry run: nothing is asked for")
                counted = {"erasure_id": None, "extent": str(extent)}
                ti.xcom_push(key="return_value", value=counted)  # skipping ends the task without a value
                self.skip(ti=ti, tasks=context["task"].get_direct_relatives(upstream=False))
                return counted
            erasure_id = erasures.create(
                connection,
                library,
                selection,
                claim=f"{ti.dag_id}/{ti.run_id}/{ti.task_id}",
                requested_by=_who_asked(context),
                reason=self.reason,
            )
            connection.commit()
        self.log.info("erasure %d waits for approval", erasure_id)
        return {"erasure_id": erasure_id, "extent": str(extent)}


class ApproveErasureOperator(ApprovalOperator):
    """Asks a person whether a requested erasure may be carried out; no answer in time is a refusal.

    For a whole library its name has to be typed, too.

    Parameters
    ----------
    request_task_id : str
        The task that recorded the request.
    """

    def __init__(self, *, request_task_id: str = "request", catalog_conn_id: str = "", **kwargs: Any) -> None:
        typed = Param("", type="string", title="Library", description="Only for a whole library: type its name.")
        given: dict[str, Any] = {
            "subject": "May this be erased?",
            "defaults": [self.REJECT],
            "params": {NAME_PARAM: typed},
            "response_timeout": timedelta(days=7),
        }
        super().__init__(**(given | kwargs))
        self.request_task_id = request_task_id
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> Any:
        """Put the question, with what is at stake."""
        asked = context["ti"].xcom_pull(task_ids=self.request_task_id)
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            erasure = erasures.one(connection, asked["erasure_id"])
        what = "the WHOLE library" if erasure.selection.whole_library else "named files, with all copies, of library"
        self.subject = f"Erase {what} {erasure.library}?"
        self.body = "\n\n".join(
            [
                f"**Erasure {erasure.erasure_id}**, asked for by {erasure.requested_by}: {asked['extent']}.",
                f"Reason: {erasure.reason or 'none given'}.",
                "This cannot be undone. The source bucket is not touched: the receipt lists what is left there.",
            ]
        )
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Keep the answer and who gave it; an ErasureError if the library's name was not typed."""
        asked = context["ti"].xcom_pull(task_ids=self.request_task_id)
        answer, user = event.get("chosen_options"), event.get("responded_by_user")
        who = user["name"] if user else NOBODY
        if answer:
            with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
                erasure = erasures.one(connection, asked["erasure_id"])
                if answer[0] == self.APPROVE:
                    typed = (event.get("params_input") or {}).get(NAME_PARAM, "")
                    if erasure.selection.whole_library and typed != erasure.library:
                        raise ErasureError(
                            f"nothing is erased: the library is called {erasure.library!r}, not {typed!r}; "
                            "clear this task to be asked again"
                        )
                    erasures.approve(connection, erasure.erasure_id, by=who)
                else:
                    erasures.reject(connection, erasure.erasure_id, by=who)
                connection.commit()
            self.log.info("erasure %d: %s by %s", erasure.erasure_id, answer[0], who)
        return super().execute_complete(context, event)


class EraseOperator(BaseOperator):
    """Carries an approved erasure out; killed or cleared, it goes on where it stopped.

    Parameters
    ----------
    erasure_id : int
        The request, or its id as the text that a template gives.
    wakes : Asset
        What has the days of erased photos organised anew.
    """

    template_fields = ("erasure_id",)

    def __init__(self, *, erasure_id: int | str, wakes: Asset, catalog_conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.erasure_id = erasure_id
        self.wakes = wakes
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Erase, wait for workers of before, return the receipt: ids and counts."""
        settings, ti = Settings(), context["ti"]
        catalog = CatalogHook(catalog_conn_id=self.catalog_conn_id)
        place = erasing.Workplace(catalog.connect, source_store(settings), library_store(settings), settings)
        task = f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{ti.map_index}/{ti.try_number}"
        seconds = erasing.run(int(self.erasure_id), place, task=task)
        if seconds:
            self.log.info("tasks that began before are still at work: looking again in %.0f s", seconds)
            self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=seconds)), method_name="resume")
        with catalog.connect() as connection:
            erasure = erasures.one(connection, int(self.erasure_id))
        receipt = erasure.as_dict()
        self.log.info("erasure %d is finished", erasure.erasure_id)
        for name, value in receipt.items():
            self.log.info("  %-14s %s", name, value)
        if erasure.phase is Phase.FINISHED and not erasure.selection.whole_library:
            emit(context, [self.wakes], {"erasure": erasure.erasure_id})
        return receipt

    def resume(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Go on after a wait."""
        return self.execute(context)


def _words(value: Sequence[str] | str) -> list[str]:
    found = json.loads(value or "[]") if isinstance(value, str) else value
    return [word for word in found or () if word]


def _flag(value: bool | str) -> bool:
    return str(value).lower() in {"true", "1", "yes"}


def _who_asked(context: Context) -> str:
    run = context.get("dag_run")
    return getattr(run, "triggering_user_name", None) or "unknown"
