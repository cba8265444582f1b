"""When `maintain_library` acts: on the day's run, and wherever somebody says so."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[2] / "dags" / "maintain_library.py"


def rendered(bags: dict[Path, Any], task_id: str, field: str, run_type: str, conf: dict[str, Any] | None) -> str:
    """A field of a task as a run of this type, with this configuration, has it."""
    from airflow.sdk.api.datamodels._generated import DagRunType
    from airflow.sdk.definitions.param import process_params

    dag = bags[FILE].dags["maintain_library"]
    task = dag.get_task(task_id)
    template = task.partial_kwargs[field] if task.is_mapped else getattr(task, field)
    run = SimpleNamespace(run_type=DagRunType(run_type), conf=conf)
    params = process_params(dag, task, conf, suppress_exception=False)
    return str(dag.get_template_env().from_string(template).render(dag_run=run, params=params))


@pytest.mark.parametrize("task_id", ["maintain", "retire", "clean_airflow"])
@pytest.mark.parametrize(
    ("run_type", "conf", "is_dry"),
    [
        ("scheduled", None, "False"),
        ("scheduled", {}, "False"),
        ("scheduled", {"dry_run": True}, "True"),
        ("manual", None, "True"),
        ("manual", {"dry_run": True}, "True"),
        ("manual", {"dry_run": False}, "False"),
        ("operator_triggered", {"dry_run": True}, "True"),
        ("operator_triggered", {"library": "trips"}, "True"),
        ("operator_triggered", {"dry_run": False}, "False"),
        ("backfill", {"dry_run": True}, "True"),
        ("backfill", None, "True"),
    ],
)
def test_only_the_days_run_acts_unasked(
    bags: dict[Path, Any], task_id: str, run_type: str, conf: dict[str, Any] | None, is_dry: str
) -> None:
    assert rendered(bags, task_id, "report_only", run_type, conf) == is_dry


@pytest.mark.parametrize(("run_type", "is_whole"), [("scheduled", "False"), ("manual", "True"), ("backfill", "True")])
def test_only_the_days_run_looks_at_a_share(bags: dict[Path, Any], run_type: str, is_whole: str) -> None:
    assert rendered(bags, "maintain", "whole", run_type, None) == is_whole
