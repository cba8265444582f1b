"""The example DAGs: they parse, they wait as they say, and no deployment of ours loads them unasked."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from albumen.airflow.sensors.looking import LookingSensor

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((REPOSITORY / "examples" / "dags").glob("*.py"))


@pytest.fixture(scope="module", params=EXAMPLES, ids=[path.stem for path in EXAMPLES])
def example(request: pytest.FixtureRequest) -> tuple[Path, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=request.param)
    assert not bag.import_errors
    (dag,) = bag.dags.values()
    return request.param, dag


def test_there_is_an_example() -> None:
    assert EXAMPLES


def test_it_is_one_dag_of_its_own_name_and_documents_itself(example: tuple[Path, Any]) -> None:
    path, dag = example
    assert dag.dag_id == path.stem
    assert (
        dag.doc_md.strip()
        == (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False) or "").strip()
    )


def test_it_uses_every_sensor_and_leaves_the_waiting_to_the_triggerer(example: tuple[Path, Any]) -> None:
    _, dag = example
    sensors = [task for task in dag.tasks if isinstance(task, LookingSensor)]
    assert {type(sensor) for sensor in sensors} == set(LookingSensor.__subclasses__())
    assert all(sensor.deferrable for sensor in sensors)


def test_it_reports_only_after_it_has_waited(example: tuple[Path, Any]) -> None:
    _, dag = example
    assert dag.get_task("report").get_flat_relative_ids(upstream=True) == {"settled", "caught_up", "healthy", "stale"}


def test_every_param_has_a_title_and_a_description(example: tuple[Path, Any]) -> None:
    _, dag = example
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.description
        assert param.schema.get("title")


def test_no_deployment_of_ours_loads_it_unasked() -> None:
    for file in ("airflow.cfg", "Dockerfile", "docker-compose.yaml", "include/albumen/local/airflow.py"):
        assert "examples" not in (REPOSITORY / file).read_text(encoding="utf-8").replace("load_examples", "")
