"""Naming the instances of mapped tasks."""

from __future__ import annotations

from airflow.sdk import Context

TEMPLATE = "{{ albumen_label }}"


def label(context: Context, text: str) -> None:
    """Show in the UI what this instance of a mapped task holds, unless the DAG's author named it.

    Airflow takes the template from `partial()`, before there is an operator that could have a
    default; but it renders the one in the context once more when the task ends.
    """
    if not context.get("map_index_template"):
        context["map_index_template"] = TEMPLATE
        context["albumen_label"] = text  # type: ignore[typeddict-unknown-key]
