"""With the KubernetesExecutor, a task's pod is made from the template of its pool.

The values of the Helm chart import it into Airflow's local settings.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

FOLDER = "ALBUMEN_POD_TEMPLATES"
"""Variable with the folder of the templates, one `POOL.yaml` for each pool that needs its own."""


def task_policy(task: Any) -> None:
    """Give a task the template of its pool; one that names its own, or has none of its pool, stays as it is."""
    folder = os.environ.get(FOLDER)
    if not folder or "pod_template_file" in (task.executor_config or {}):
        return
    template = Path(folder, f"{task.pool}.yaml")
    if not template.exists():
        return
    config = {**(task.executor_config or {}), "pod_template_file": str(template)}
    # A mapped operator hands its arguments on; it has no setter for this one.
    if hasattr(task, "partial_kwargs"):
        task.partial_kwargs["executor_config"] = config
    else:
        task.executor_config = config
