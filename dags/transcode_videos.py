"""
### The video pass: fingerprint, facts, poster, proxy

**What**: reads every due video once, onto the worker's disk: SHA-256, facts, `poster` with `thumb` and
`preview`, `hover`, and a `proxy` where the library's policy wants one. Copies are not decoded again.

**When**: the original pass met videos, work is left, a retry's time or an abandoned lease has come,
every ten minutes.

**Reads**: the source bucket, one GET a video. **Writes**: renditions in the library bucket; items,
facts and outcomes in the catalog; the worker's folder for temporary files while it works.

**Safe to re-run**: yes. A finished shard does nothing; a cleared one goes on where it stopped.

**When it fails**: storage or the catalog is away, or the worker's disk is full (files never fail a
task); the retry finishes the shard. Videos that could not be read are in `./albumen quarantine list`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable

from albumen.airflow.assets import ORIGINALS, RENDITIONS, TRANSCODE_VIDEOS_DUE, emissions
from albumen.airflow.operators.plan import PlanWorkOperator
from albumen.airflow.operators.process import ProcessShardOperator
from albumen.airflow.operators.settle import SettleOperator
from albumen.airflow.policies import DEFAULT_ARGS

LONGEST = timedelta(hours=24)
"""Of one task: it begins no video after a minute of work, but what it has begun may be a feature film."""

with DAG(
    dag_id="transcode_videos",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
        assets=ORIGINALS | TRANSCODE_VIDEOS_DUE,
    ),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "transcode"],
):
    plan = PlanWorkOperator(task_id="plan", pass_name="video")
    process = ProcessShardOperator.partial(
        task_id="process", pass_name="video", pool="video_encode", queue="video_encode", execution_timeout=LONGEST
    ).expand(size=plan.output)
    settle = SettleOperator(
        task_id="settle",
        pass_name="video",
        outlets=[emissions("transcode_videos")],
        changed=RENDITIONS,
        more=TRANSCODE_VIDEOS_DUE,
    )

    plan >> process >> settle
