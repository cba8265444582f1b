"""Every executor an installation may choose loads with the pinned requirements.

`pip check` cannot tell: celery 5.7 satisfied it and broke the import of CeleryExecutor.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CELERY = {"AIRFLOW__CELERY__BROKER_URL": "redis://127.0.0.1:1/0"}
KUBERNETES = {"AIRFLOW__KUBERNETES_EXECUTOR__NAMESPACE": "albumen"}
AWS = Path(__file__).resolve().parents[3] / "deploy" / "aws"


def settings(name: str) -> dict[str, str]:
    """The variables of a file of settings."""
    lines = (AWS / f"{name}.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


LOAD = """
from airflow.executors.executor_loader import ExecutorLoader
print("loaded", type(ExecutorLoader.get_default_executor()).__name__)
"""


@pytest.mark.parametrize(
    ("executor", "configuration"),
    [
        pytest.param("LocalExecutor", {}, id="LocalExecutor"),
        pytest.param("CeleryExecutor", CELERY, id="CeleryExecutor"),
        pytest.param("KubernetesExecutor", KUBERNETES, id="KubernetesExecutor"),
        pytest.param("airflow.providers.amazon.aws.executors.ecs.AwsEcsExecutor", settings("ecs"), id="AwsEcsExecutor"),
        pytest.param(
            "airflow.providers.amazon.aws.executors.batch.AwsBatchExecutor", settings("batch"), id="AwsBatchExecutor"
        ),
    ],
)
def test_the_executor_is_loaded_and_constructed_from_its_configuration_alone(
    executor: str, configuration: dict[str, str], tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "AIRFLOW__CORE__EXECUTOR": executor,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        **configuration,
    }
    result = subprocess.run(
        [sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert f"loaded {executor.rpartition('.')[2]}" in result.stdout
