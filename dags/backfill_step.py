"""
### Do a step again

**What**: shows how many items a step would be due for and what that costs; unless it is a dry run,
makes it due for them in the backfill lane, where fresh uploads overtake it.

**When**: by hand, with the form.

**Reads** and **writes**: the catalog.

**Safe to re-run**: yes. Work that is due already stays due once; with *stale only*, items that are up
to date are left alone.

**When it fails**: a name in the form is wrong (see the log), or the catalog is away.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from albumen.airflow.assets import DUE_ASSETS, emissions
from albumen.airflow.operators.backfill import BackfillStepOperator
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="backfill_step",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=4,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "by hand"],
    params={
        "library": Param("demo", type="string", title="Library", description="Name of the library."),
        "step": Param("renditions", type="string", title="Step", description="metadata, renditions, faces, quality, …"),
        "dry_run": Param(True, type="boolean", title="Dry run", description="Only show size and cost."),
        "stale_only": Param(True, type="boolean", title="Stale only", description="Leave up-to-date items alone."),
        "prefix": Param("", type="string", title="Key prefix", description="Only keys beginning so, e.g. 2020/."),
        "reason": Param("", type="string", title="Reason", description="Only items that ended with this reason."),
        "taken_from": Param("", type="string", title="Taken from", description="Local day, YYYY-MM-DD."),
        "taken_to": Param("", type="string", title="Taken to", description="Local day, YYYY-MM-DD, inclusive."),
    },
):
    BackfillStepOperator(
        task_id="backfill",
        library="{{ params.library }}",
        step="{{ params.step }}",
        measure_only="{{ params.dry_run }}",
        stale_only="{{ params.stale_only }}",
        prefix="{{ params.prefix }}",
        reason="{{ params.reason }}",
        taken_from="{{ params.taken_from }}",
        taken_to="{{ params.taken_to }}",
        outlets=[emissions("backfill_step")],
        wakes=DUE_ASSETS,
    )
