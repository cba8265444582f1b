"""
### Erase content for good

**What**: counts what would go and, unless it is a dry run, asks a person in Airflow; once approved, takes
files with all their copies, or a whole library, out of the catalog and the library bucket. A tombstone
keeps erased content out; the receipt tells who, what and how much, and lists what is still in the source.

**When**: by hand, with the form, or by `albumen erase request`. An unanswered question is a refusal after seven days.

**Reads** the catalog, and from the source what was never read whole; **writes** the catalog and the library
bucket. The source bucket is never written to: what is listed in the receipt is its owner's to delete.

**Safe to re-run**: yes. Killed or cleared, it goes on where it stopped; a finished erasure changes nothing.

**When it fails**: a field of the form is wrong, or the name of the library was not typed (see the log; clear
`approve` to be asked again), or catalog or storage are away (the retries go on).
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from albumen.airflow.assets import ENRICHMENTS, emissions
from albumen.airflow.notifiers.notice import NoticeNotifier
from albumen.airflow.operators.erase import ApproveErasureOperator, EraseOperator, RequestErasureOperator
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="erase_content",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=32,
    default_args=DEFAULT_ARGS,
    on_success_callback=NoticeNotifier("{{ dag.dag_id }}: {{ run_id }} ended well"),
    tags=["albumen", "by hand"],
    params={
        "library": Param("demo", type="string", title="Library", description="Name of the library."),
        "dry_run": Param(True, type="boolean", title="Dry run", description="Only count what would go."),
        "keys": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            title="Keys",
            description="Files, one a line, e.g. 2020/beach.jpg; their copies go with them.",
        ),
        "hashes": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            title="SHA-256 digests",
            description="Of files that are gone from the source, one a line, 64 hexadecimal digits.",
        ),
        "whole_library": Param(
            False, type="boolean", title="Whole library", description="Everything of it, and the library itself."
        ),
        "reason": Param("", type=["null", "string"], title="Reason", description="Stands in the receipt."),
    },
):
    request = RequestErasureOperator(
        task_id="request",
        library="{{ params.library }}",
        keys="{{ params['keys'] | tojson }}",
        hashes="{{ params.hashes | tojson }}",
        whole_library="{{ params.whole_library }}",
        reason="{{ params.reason or '' }}",
        measure_only="{{ params.dry_run }}",
    )
    approve = ApproveErasureOperator(task_id="approve", request_task_id="request")
    erase = EraseOperator(
        task_id="erase",
        erasure_id="{{ ti.xcom_pull(task_ids='request')['erasure_id'] }}",
        outlets=[emissions("erase_content")],
        wakes=ENRICHMENTS,
    )
    request >> approve >> erase
