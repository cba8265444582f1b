"""
### Maintain the libraries

**What**: compares every library's store with its catalog (objects that are missing, changed, orphaned,
superseded), and drops records past their days: outcome history, ended shards, listings, backfills, and
the records of the embedded Airflow itself.

**When**: every day, a part of each library, so that all of it is seen within a month; and by hand, the
whole library as far as `maintenance.seconds` go. However else it is triggered, it is a dry run unless
`dry_run` is false.

**Reads**: the library bucket (LIST, HEAD, a few GET), the sources (HEAD and GET of a share), the catalog.
**Writes**: due work where something is missing or changed; deletes superseded objects past their grace,
and orphaned ones where `maintenance.delete` names them or the form asks for it. Originals are never touched.

**Safe to re-run**: yes. A killed run goes on where it stopped; everything is looked at again before it is
repaired or deleted.

**When it fails**: storage or the catalog is away; the retry goes on. A report that says *too many to be
believed* acts on nothing: see docs/operations.md.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, Param

from albumen.airflow.assets import DUE_ASSETS, emissions
from albumen.airflow.operators.maintain import (
    CleanAirflowOperator,
    MaintainLibraryOperator,
    PlanMaintenanceOperator,
    RetireRecordsOperator,
    SettleMaintenanceOperator,
)
from albumen.airflow.policies import DEFAULT_ARGS

WHOLE = "{{ dag_run.run_type != 'scheduled' }}"
DRY_RUN = "{{ params.dry_run and (dag_run.run_type != 'scheduled' or 'dry_run' in (dag_run.conf or {})) }}"
"""The daily run acts, by the same param whose default makes every other run a dry one."""

with DAG(
    dag_id="maintain_library",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 3 * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "maintenance"],
    params={
        "library": Param("", type="string", title="Library", description="Only this library; empty: all."),
        "dry_run": Param(True, type="boolean", title="Dry run", description="Only report. The daily run acts."),
        "delete": Param(
            False, type="boolean", title="Delete", description="Delete orphaned objects, too, past their grace."
        ),
    },
):
    plan = PlanMaintenanceOperator(task_id="plan", library="{{ params.library }}")
    maintain = MaintainLibraryOperator.partial(
        task_id="maintain",
        pool="object_store",
        queue="object_store",
        report_only=DRY_RUN,
        delete="{{ params.delete }}",
        whole=WHOLE,
    ).expand(library=plan.output)
    settle = SettleMaintenanceOperator(task_id="settle", outlets=[emissions("maintain_library")], wakes=DUE_ASSETS)
    retire = RetireRecordsOperator(task_id="retire", report_only=DRY_RUN)
    clean_airflow = CleanAirflowOperator(task_id="clean_airflow", report_only=DRY_RUN)

    plan >> maintain >> settle
    retire >> clean_airflow
