"""The DAGs as Airflow sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).resolve().parents[2] / "dags"
FILES = sorted(DAGS.glob("*.py"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `file` runs once for every file of dags/."""
    if "file" in metafunc.fixturenames:
        metafunc.parametrize("file", FILES, ids=[file.stem for file in FILES])


@pytest.fixture(scope="session")
def bags() -> dict[Path, Any]:
    """What Airflow makes of each file."""
    from airflow.dag_processing.dagbag import DagBag

    return {file: DagBag(dag_folder=file) for file in FILES}


@pytest.fixture(scope="session")
def every_dag(bags: dict[Path, Any]) -> list[Any]:
    """All DAGs of all files."""
    return [dag for bag in bags.values() for dag in bag.dags.values()]


@pytest.fixture
def dag(file: Path, bags: dict[Path, Any]) -> Any:
    """The one DAG of the file."""
    (found,) = bags[file].dags.values()
    return found
