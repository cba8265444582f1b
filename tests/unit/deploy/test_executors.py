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
ECS = {
    "AIRFLOW__AWS_ECS_EXECUTOR__REGION_NAME": "eu-west-1",
    "AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER": "albumen",
    "AIRFLOW__AWS_ECS_EXECUTOR__CONTAINER_NAME": "albumen",
    "AIRFLOW__AWS_ECS_EXECUTOR__TASK_DEFINITION": "albumen",
    # Without a launch type or a capacity provider the executor asks AWS for the cluster's while it is made.
    "AIRFLOW__AWS_ECS_EXECUTOR__LAUNCH_TYPE": "FARGATE",
    "AIRFLOW__AWS_ECS_EXECUTOR__CHECK_HEALTH_ON_STARTUP": "False",
}
BATCH = {
    "AIRFLOW__AWS_BATCH_EXECUTOR__REGION_NAME": "eu-west-1",
    "AIRFLOW__AWS_BATCH_EXECUTOR__JOB_NAME": "albumen",
    "AIRFLOW__AWS_BATCH_EXECUTOR__JOB_QUEUE": "albumen",
    "AIRFLOW__AWS_BATCH_EXECUTOR__JOB_DEFINITION": "albumen",
    "AIRFLOW__AWS_BATCH_EXECUTOR__CHECK_HEALTH_ON_STARTUP": "False",
}
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
        pytest.param("airflow.providers.amazon.aws.executors.ecs.AwsEcsExecutor", ECS, id="AwsEcsExecutor"),
        pytest.param("airflow.providers.amazon.aws.executors.batch.AwsBatchExecutor", BATCH, id="AwsBatchExecutor"),
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
