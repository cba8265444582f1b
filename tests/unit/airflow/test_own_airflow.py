"""The tests have an Airflow of their own, whatever the caller's shell says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

PROBE = """
from airflow.configuration import AIRFLOW_HOME, conf


def test_probe():
    print("home", AIRFLOW_HOME)
    print("database", conf.get("database", "sql_alchemy_conn"))
"""


def test_a_foreign_airflow_in_the_environment_is_never_reached(tmp_path: Path) -> None:
    """A test file that imports Airflow at its top, in a run that was given somebody else's Airflow."""
    foreign = {
        "AIRFLOW_HOME": str(tmp_path / "theirs"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://theirs.example/airflow",
        "AIRFLOW_CONN_ALBUMEN_S3": "aws://theirs",
    }
    probe = tmp_path / "test_probe.py"
    probe.write_text(PROBE, encoding="utf-8")
    # Collected before the repository's own tests, so that its import comes first.
    command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", "-c", str(REPOSITORY / "pyproject.toml")]
    result = subprocess.run(
        [*command, f"--rootdir={REPOSITORY}", str(probe), f"{__file__}::test_the_environment_is_the_tests_own"],
        env=os.environ | foreign,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert "theirs" not in result.stdout
    assert not (tmp_path / "theirs").exists()


def test_the_environment_is_the_tests_own() -> None:
    from airflow.configuration import AIRFLOW_HOME, conf

    assert os.environ["AIRFLOW_HOME"] == AIRFLOW_HOME
    assert "albumen-airflow-" in AIRFLOW_HOME
    assert conf.get("database", "sql_alchemy_conn") == f"sqlite:///{AIRFLOW_HOME}/airflow.db"
    assert conf.get("core", "dags_folder") == str(REPOSITORY / "dags")
    assert "AIRFLOW_CONN_ALBUMEN_S3" not in os.environ
