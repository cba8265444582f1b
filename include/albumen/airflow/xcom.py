"""Reading what mapped tasks returned."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context


def mapped_results(context: Context, task_id: str) -> list[Any]:
    """The return values of a mapped task's instances, without empty ones.

    Airflow gives a list, or the bare value where only one instance returned something.
    """
    pulled = context["ti"].xcom_pull(task_ids=task_id)
    if pulled is None:
        return []
    values = [pulled] if isinstance(pulled, dict | str | int) else list(pulled)
    return [value for value in values if value]
