"""
### Do a step, or do it again

**What**: shows how many items a step would be due for and what that costs; unless it is a dry run,
makes it due for them in the backfill lane, where fresh uploads overtake it. Steps on demand (`large`,
`fullsize`) are done for what is selected here and for nothing else.

**When**: by hand, with the form.

**Reads** and **writes**: the catalog.

**Safe to re-run**: yes. Work that is due already stays due once; with *stale only*, items that are up
to date are left alone.

**When it fails**: a name in the form is wrong (see the log), or the catalog is away.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from albumen.airflow.assets import DUE_ASSETS, emissions
from albumen.airflow.notifiers.notice import NoticeNotifier
from albumen.airflow.operators.backfill import REASONS, BackfillStepOperator, step_choices
from albumen.airflow.policies import DEFAULT_ARGS

STEPS = step_choices()

with DAG(
    dag_id="backfill_step",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    on_success_callback=NoticeNotifier("{{ dag.dag_id }}: {{ run_id }} ended well"),
    tags=["albumen", "by hand"],
    params={
        "library": Param("demo", type="string", title="Library", description="Name of the library."),
        "step": Param(
            "renditions",
            type="string",
            enum=list(STEPS),
            values_display=STEPS,
            title="Step",
            description="What to do; large and fullsize are made only of what is selected here.",
        ),
        "dry_run": Param(True, type="boolean", title="Dry run", description="Only show size and cost."),
        "stale_only": Param(True, type="boolean", title="Stale only", description="Leave up-to-date items alone."),
        "keys": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            title="Keys",
            description="Only these files, one a line, e.g. 2020/beach.jpg; they go before other backfills.",
        ),
        "prefix": Param("", type="string", title="Key prefix", description="Only keys beginning so, e.g. 2020/."),
        "reason": Param(
            "",
            type=["null", "string"],
            examples=REASONS,
            title="Reason",
            description="Only items that ended with this reason.",
        ),
        "taken_from": Param(
            None, type=["null", "string"], format="date", title="Taken from", description="First local day."
        ),
        "taken_to": Param(
            None, type=["null", "string"], format="date", title="Taken to", description="Last local day, inclusive."
        ),
    },
):
    BackfillStepOperator(
        task_id="backfill",
        library="{{ params.library }}",
        step="{{ params.step }}",
        measure_only="{{ params.dry_run }}",
        stale_only="{{ params.stale_only }}",
        keys="{{ params['keys'] | tojson }}",
        prefix="{{ params.prefix }}",
        reason="{{ params.reason or '' }}",
        taken_from="{{ params.taken_from or '' }}",
        taken_to="{{ params.taken_to or '' }}",
        outlets=[emissions("backfill_step")],
        wakes=DUE_ASSETS,
    )
