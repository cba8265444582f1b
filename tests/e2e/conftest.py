"""A whole stack of its own: PostgreSQL, SeaweedFS and the four Airflow processes."""

import json
import re

import pytest

from albumen.cli.session import Session
from albumen.local.home import REPOSITORY, Home
from albumen.local.stack import Stack
from albumen.testing.environment import without_airflow
from albumen.testing.scene import Scene

LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
BUNDLES = [
    {"name": "albumen", "classpath": LOCAL, "kwargs": {"path": str(REPOSITORY / "dags")}},
    {"name": "reports", "classpath": LOCAL, "kwargs": {"path": str(REPOSITORY / "examples" / "dags")}},
]
"""Our DAGs, and beside them a folder of another team."""


@pytest.fixture(scope="package")
def stack(tmp_path_factory):
    stack = Stack(Home(tmp_path_factory.mktemp("e2e") / "home"))
    try:
        with without_airflow() as environment:
            environment.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(BUNDLES))
            stack.up()
        yield stack
    finally:
        stack.delete()


@pytest.fixture
def scene(stack, request):
    return Scene(Session(stack.home), re.sub("[^a-z]+", "-", request.node.name.removeprefix("test_"))[:40])
