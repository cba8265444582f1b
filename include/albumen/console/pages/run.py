"""Run: the tab on a DAG run or a task that tells what it did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from albumen.catalog import run_story
from albumen.catalog.due import Lane
from albumen.console.rendering import page
from albumen.console.scope import Catalog

router = APIRouter()


@router.get("/run", dependencies=[Depends(requires_access_dag("GET"))])
def show(
    request: Request,
    connection: Catalog,
    dag_id: Annotated[str, Query(min_length=1, max_length=250)],
    run_id: Annotated[str, Query(min_length=1, max_length=250)],
    task_id: Annotated[str, Query(max_length=250)] = "",
    map_index: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The whole run, or one task of it; Airflow leaves the map index of an unmapped task unfilled."""
    claim = f"{dag_id}/{run_id}"
    if task_id:
        number = map_index if map_index.removeprefix("-").isdigit() else "-1"
        claim += f"/{task_id}/{number}"
    values = {
        "dag_id": dag_id,
        "run_id": run_id,
        "task_id": task_id,
        "story": run_story.of_claim(connection, claim, datetime.now(UTC)),
        "lanes": {lane.value: lane.name.lower() for lane in Lane},
        "now": datetime.now(UTC),
    }
    return page(request, "run.html", values)
