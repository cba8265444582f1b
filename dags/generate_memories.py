"""
### Make memories

**What**: chooses, renders and stores the stories of a local day.

**When**: every hour for the libraries whose local morning has come, when a library was organised,
and by hand for any day.

**Reads**: the catalog and previews. **Writes**: a self-contained page, a JSON file and pictures per memory and
the day's feed in the library bucket; memories in the catalog. `announce` tells webhook, topic and queue. Of libraries
that want it, a person is asked first: `ask` starts `review_memory` for each memory.

**Safe to re-run**: yes. The same inputs give the same memory and are not rendered twice; a day
without a story leaves stored stories alone.

**When it fails**: storage or the catalog is away; the retry starts over and stores the same. `announce`:
somebody could not be told; what was not told waits for the next run.
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param

from albumen.airflow.assets import MEMORIES, ORGANISED, emissions
from albumen.airflow.operators.memories import (
    AnnounceMemoriesOperator,
    GenerateMemoriesOperator,
    PlanMemoriesOperator,
    SettleMemoriesOperator,
)
from albumen.airflow.operators.review import AskForReviewOperator, PlanReviewsOperator
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="generate_memories",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("5 * * * *", timezone="UTC"), assets=ORGANISED),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "memories"],
    params={
        "library": Param("", type="string", title="Library", description="Only this library; empty: all."),
        "as_of": Param("", type="string", title="Day", description="Local day, YYYY-MM-DD; empty: today at home."),
    },
):
    plan = PlanMemoriesOperator(task_id="plan", library="{{ params.library }}", as_of="{{ params.as_of }}")
    # No pool of the passes: a backlog of photos must not hold up the morning's memories.
    generate = GenerateMemoriesOperator.partial(task_id="generate", pool="default_pool").expand(job=plan.output)
    settle = SettleMemoriesOperator(task_id="settle", outlets=[emissions("generate_memories")], changed=MEMORIES)

    announce = AnnounceMemoriesOperator(task_id="announce")

    reviews = PlanReviewsOperator(task_id="reviews")
    ask = AskForReviewOperator.partial(task_id="ask", pool="default_pool", trigger_dag_id="review_memory").expand(
        job=reviews.output
    )

    plan >> generate >> [settle, announce, reviews]
    reviews >> ask
