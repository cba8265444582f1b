"""
### Organise what changed

**What**: what changed is found out anew, library by library: places and homes, events and trips,
people, near-duplicates and bursts, counts of local days.

**When**: items were enriched, and every ten minutes.

**Reads** and **writes**: the catalog.

**Safe to re-run**: yes. Only changed items and days are touched; two workers never organise one library at once.

**When it fails**: the catalog is away; the retry goes on.
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable

from albumen.airflow.assets import ENRICHMENTS, ORGANISED, emissions
from albumen.airflow.operators.organise import (
    OrganiseLibraryOperator,
    PlanOrganisingOperator,
    SettleOrganisingOperator,
)
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="organise_libraries",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/10 * * * *", timezone="UTC"), assets=ENRICHMENTS),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "organise"],
):
    plan = PlanOrganisingOperator(task_id="plan")
    organise = OrganiseLibraryOperator.partial(task_id="organise", pool="default_pool").expand(library=plan.output)
    settle = SettleOrganisingOperator(task_id="settle", outlets=[emissions("organise_libraries")], changed=ORGANISED)

    plan >> organise >> settle
