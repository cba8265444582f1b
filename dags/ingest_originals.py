"""
### Find the originals

**What**: lists the source of every library and registers new and changed objects; objects that two
complete listings missed are let go.

**When**: as soon as the watcher sees a new object, or S3 tells a queue of one, every ten minutes, and
by hand (`full` lists everything at once, `inventory` registers what an S3 Inventory shows).

**Reads**: the source buckets (LIST and HEAD only), and inventories. **Writes**: originals and due work in the catalog.

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
        "inventory": Param(
            "",
            type="string",
            title="S3 Inventory",
            description="Register what this inventory of the library shows: s3://bucket/folder, or its manifest.json.",
        ),
    },
):
    plan = PlanDiscoveryOperator(
        task_id="plan",
        full="{{ params.full }}",
        library="{{ params.library }}",
        inventory="{{ params.inventory }}",
    )
    discover = DiscoverOriginalsOperator.partial(task_id="discover", pool="object_store", queue="object_store").expand(
        job=plan.output
    )
    settle = SettleDiscoveryOperator(task_id="settle", outlets=[emissions("ingest_originals")], changed=ORIGINALS)

    plan >> discover >> settle
