"""
### The original pass: fingerprint, metadata, renditions

**What**: reads every due original once: SHA-256, type, facts, `thumb` and `preview`. Copies are
recognised by their hash and not decoded again. What is no photo ends `skipped` with its reason.

**When**: originals were found, work is left, a retry's time or an abandoned lease has come, every
ten minutes.

**Reads**: the source bucket, one GET an original. **Writes**: renditions in the library bucket;
items, facts and outcomes in the catalog.

**Safe to re-run**: yes. A finished shard does nothing; a cleared one goes on where it stopped.

**When it fails**: storage or the catalog is away (files never fail a task); the retry finishes the
shard. Files that could not be read are in `./albumen quarantine list`.
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable

from albumen.airflow.assets import ORIGINALS, RENDITIONS, TRANSCODE_ORIGINALS_DUE, emissions
from albumen.airflow.operators.plan import PlanWorkOperator
from albumen.airflow.operators.process import ProcessShardOperator
from albumen.airflow.operators.settle import SettleOperator
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="transcode_originals",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
        assets=ORIGINALS | TRANSCODE_ORIGINALS_DUE,
    ),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "transcode"],
):
    plan = PlanWorkOperator(task_id="plan", pass_name="original")
    process = ProcessShardOperator.partial(
        task_id="process", pass_name="original", pool="decode", queue="decode"
    ).expand(size=plan.output)
    settle = SettleOperator(
        task_id="settle",
        pass_name="original",
        outlets=[emissions("transcode_originals")],
        changed=RENDITIONS,
        more=TRANSCODE_ORIGINALS_DUE,
    )

    plan >> process >> settle
