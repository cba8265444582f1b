"""
### A library's nightly report, written by another team

**What**: waits until the day's upload is over and Albumen has worked it off, holds back where too many
files are in quarantine, and returns a short report.

**When**: every night at 02:00 UTC, and by hand.

**Reads**: the library's listing and the catalog. **Writes**: nothing but its return value, which any
later task can send on.

**Safe to re-run**: yes.

**When it fails**: `settled` or `caught_up` ran out of time (their logs say what they waited for), or
`healthy` found too many files in quarantine: `./albumen quarantine list` names them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, Param, task

from albumen.airflow.assets import DUE_ASSETS
from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.operators.backfill import BackfillStepOperator
from albumen.airflow.policies import DEFAULT_ARGS
from albumen.airflow.sensors.quarantine_below import QuarantineBelowSensor
from albumen.airflow.sensors.step_caught_up import StepCaughtUpSensor
from albumen.airflow.sensors.upload_settled import UploadSettledSensor

LIBRARY = "{{ params.library }}"

with DAG(
    dag_id="nightly_library_report",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 2 * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={**DEFAULT_ARGS, "owner": "reports"},
    tags=["reports", "example"],
    params={
        "library": Param("demo", type="string", title="Library", description="Name of the library."),
        "quiet_minutes": Param(10, type="number", title="Quiet", description="Minutes without a new file."),
        "most_percent": Param(5, type="number", title="Quarantine", description="Share that is tolerated, per cent."),
    },
):
    settled = UploadSettledSensor(
        task_id="settled", library=LIBRARY, quiet_minutes="{{ params.quiet_minutes }}", timeout=timedelta(hours=6)
    )
    caught_up = StepCaughtUpSensor(task_id="caught_up", library=LIBRARY, timeout=timedelta(hours=6))
    healthy = QuarantineBelowSensor(
        task_id="healthy", library=LIBRARY, step="renditions", below_percent="{{ params.most_percent }}"
    )
    stale = BackfillStepOperator(
        task_id="stale", library=LIBRARY, step="renditions", measure_only=True, wakes=DUE_ASSETS
    )

    @task
    def report(uploaded: dict[str, Any], health: dict[str, Any], owed: dict[str, Any]) -> dict[str, Any]:
        """What the recipients want to know."""
        from albumen.catalog import libraries, status

        with CatalogHook().connect() as connection:
            library = libraries.named(connection, uploaded["library"])
            known = status.of_library(connection, library.library_id, library.name).originals
        return {
            "library": library.name,
            "originals": known,
            "bytes": uploaded["bytes"],
            "newest": uploaded["newest"],
            "quarantined_percent": health["percent"],
            "stale_renditions": owed["items"],
        }

    settled >> caught_up >> [healthy, stale]
    report(settled.output, healthy.output, stale.output)
