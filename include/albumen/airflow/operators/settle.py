"""Ending a run of a pass: the only task that speaks to other DAGs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context, TriggerRule

from albumen.airflow.assets import emit
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.xcom import mapped_results
from albumen.catalog import due, step_pauses
from albumen.pipeline import registry
from albumen.pipeline.contract import PassName


class SettleOperator(BaseOperator):
    """Sums up the slots; emits `changed` if something was done and `more` if work remains.

    Parameters
    ----------
    pass_name : str
        `original`, `preview` or `video`.
    process_task_id : str
        The mapped task whose summaries are read.
    changed, more : Asset
        What wakes the next DAG, and what wakes this one again.
    """

    def __init__(
        self,
        *,
        pass_name: PassName,
        changed: Asset,
        more: Asset,
        process_task_id: str = "process",
        catalog_conn_id: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("trigger_rule", TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
        super().__init__(**kwargs)
        self.pass_name = pass_name
        self.changed = changed
        self.more = more
        self.process_task_id = process_task_id
        self.catalog_conn_id = catalog_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Sum up, look what is left, emit."""
        summaries = mapped_results(context, self.process_task_id)
        outcomes: Counter[str] = Counter()
        for summary in summaries:
            for step, state, reason, n in summary["outcomes"]:
                outcomes[f"{step} {state}{f' ({reason})' if reason else ''}"] += n
        for line, n in sorted(outcomes.items()):
            self.log.info("%s: %d", line, n)
        with CatalogHook(catalog_conn_id=self.catalog_conn_id).connect() as connection:
            steps = step_pauses.running(connection, [step.name for step in registry.of_pass(self.pass_name)])
            left = due.count(connection, steps, most=1)
        done = sum(summary["done"] + summary["adopted"] for summary in summaries)
        emit(context, [self.changed] if done else [], {"done": done})
        emit(context, [self.more] if left else [])
        self.log.info("%d results, %s", done, "more work is due" if left else "nothing left")
        return {"done": done, "more": bool(left), "outcomes": dict(outcomes)}
