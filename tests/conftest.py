"""Fixtures for every test, and an Airflow of the tests' own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

pytest_plugins = ["albumen.testing.fixtures"]

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Give Airflow an empty home before anything can import it: it reads its environment once, at import.

    What the caller's shell says of an Airflow goes, so that no test reaches a real one.
    """
    home = tempfile.TemporaryDirectory(prefix="albumen-airflow-")
    config.add_cleanup(home.cleanup)
    for name in [name for name in os.environ if name.startswith("AIRFLOW_")]:
        del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": home.name,
        "AIRFLOW_CONFIG": str(REPOSITORY / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.name}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": f"{home.name}/logs",
    }
