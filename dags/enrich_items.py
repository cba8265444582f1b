"""
### The preview pass: what photos show, say and are

**What**: runs every due step that reads the preview. Faces only in libraries that consent.

**When**: renditions were made, work is left, a retry's time or an abandoned lease has come, every
ten minutes.

**Reads**: previews in the library bucket. **Writes**: labels, points, kinds, safety, text, faces, quality, hashes
and outcomes in the catalog.

**Safe to re-run**: yes. A finished shard does nothing; a cleared one goes on where it stopped.

**When it fails**: storage or the catalog is away, or a model is missing (`./albumen models fetch`).
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable

from albumen.airflow.assets import ENRICH_ITEMS_DUE, ENRICHMENTS, RENDITIONS, emissions
from albumen.airflow.operators.plan import PlanWorkOperator
from albumen.airflow.operators.process import ProcessShardOperator
from albumen.airflow.operators.settle import SettleOperator
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="enrich_items",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
        assets=RENDITIONS | ENRICH_ITEMS_DUE,
    ),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "enrich"],
):
    plan = PlanWorkOperator(task_id="plan", pass_name="preview")
    process = ProcessShardOperator.partial(
        task_id="process", pass_name="preview", pool="inference", queue="inference"
    ).expand(size=plan.output)
    settle = SettleOperator(
        task_id="settle",
        pass_name="preview",
        outlets=[emissions("enrich_items")],
        changed=ENRICHMENTS,
        more=ENRICH_ITEMS_DUE,
    )

    plan >> process >> settle
