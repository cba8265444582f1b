"""
### Find the originals

**What**: lists the source of every library and registers new and changed objects; objects that two
complete listings missed are let go.

**When**: as soon as the watcher sees a new object, every ten minutes, and by hand (`full` lists
everything at once).

**Reads**: the source buckets (LIST and HEAD only). **Writes**: originals and due work in the catalog.

**Safe to re-run**: yes. Listings resume at their checkpoints; registering twice changes nothing.

**When it fails**: the object store or the catalog is away; the retries go on where it stopped. If
they end, check `./albumen doctor`, then clear the failed task.
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param

from albumen.airflow.assets import ORIGINALS, SOURCE_OBJECTS, emissions
from albumen.airflow.operators.discover import (
    DiscoverOriginalsOperator,
    PlanDiscoveryOperator,
    SettleDiscoveryOperator,
)
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="ingest_originals",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/10 * * * *", timezone="UTC"), assets=SOURCE_OBJECTS),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "ingest"],
    params={
        "full": Param(False, type="boolean", title="List everything", description="Make a full listing now."),
        "library": Param("", type="string", title="Library", description="Only this library; empty: all."),
    },
):
    plan = PlanDiscoveryOperator(task_id="plan", full="{{ params.full }}", library="{{ params.library }}")
    discover = DiscoverOriginalsOperator.partial(task_id="discover", pool="object_store").expand(job=plan.output)
    settle = SettleDiscoveryOperator(task_id="settle", outlets=[emissions("ingest_originals")], changed=ORIGINALS)

    plan >> discover >> settle
