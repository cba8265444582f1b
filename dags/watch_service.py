"""
### Look whether anything needs a person

**What**: compares what was promised (`slos.*`) with what is, and finds stopped steps, lagging lanes and lost
workers. What is new is told in one message, once; what is over is resolved.

**When**: every five minutes.

**Reads**: the catalog. **Writes**: `alerts` in the catalog; messages to the channels of `notify.*`.

**Safe to re-run**: yes. An alert that is open stays open and is not told again.

**When it fails**: the catalog is away, or a channel refuses; what was not told is told by the next run.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from albumen.airflow.operators.watch import WatchOperator
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="watch_service",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "operate"],
):
    WatchOperator(task_id="watch")
