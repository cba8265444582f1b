"""
### Review a memory

**What**: asks a person whether a memory may be published, with its cover and its pictures, and publishes it if so.

**When**: started by `generate_memories` for every new memory of a library that wants it
(`albumen library set NAME --review`). A question that waits holds nothing else up.

**Reads**: the catalog. **Writes**: the answer with who gave it; on approval the feed of the memory's day. Tells
webhook, topic and queue.

**Safe to re-run**: yes. A memory that is answered, withdrawn or made anew is not asked about again; the console's page
*Memories* answers as well, and whichever comes first counts.

**When it fails**: catalog or storage are away (the retries go on; an answer that was given stands). Unanswered for
`memories.review_hours`, a question is answered by `memories.review_unanswered`.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from albumen.airflow.assets import MEMORIES, emissions
from albumen.airflow.operators.review import PublishMemoryOperator, ReviewMemoryOperator
from albumen.airflow.policies import DEFAULT_ARGS

with DAG(
    dag_id="review_memory",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    max_active_runs=64,
    default_args=DEFAULT_ARGS,
    tags=["albumen", "memories"],
    params={
        "library": Param("demo", type="string", title="Library", description="Name of the library."),
        "memory": Param("", type="string", title="Memory", description="Id, as `albumen memories list` shows it."),
        "inputs": Param("", type="string", title="Edition", description="The inputs key; empty: the one there is."),
    },
):
    ask = ReviewMemoryOperator(
        task_id="ask",
        library="{{ params.library }}",
        memory_id="{{ params.memory }}",
        inputs_key="{{ params.inputs }}",
    )
    publish = PublishMemoryOperator(
        task_id="publish",
        library="{{ params.library }}",
        memory_id="{{ params.memory }}",
        changed=MEMORIES,
        outlets=[emissions("review_memory")],
    )
    ask >> publish
