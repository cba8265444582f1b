"""Fixtures for every test, and an Airflow of the tests' own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["albumen.testing.fixtures"]

REPOSITORY = Path(__file__).resolve().parents[1]
FIRST = ("tests/e2e/", "tests/integration/")
"""Folders whose tests wait for other processes; what needs a core throughout fills the gaps, and the end."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let one worker have all tests of the whole stack, so that there is one stack, and no file be torn apart."""
    from xdist.scheduler import LoadFileScheduling

    class OneStack(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return FIRST[0] if nodeid.startswith(FIRST[0]) else super()._split_scope(nodeid)

    return OneStack(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what waits longest."""
    items.sort(key=lambda item: next((n for n, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST)))


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
