"""Tasks are forked from a scheduler that has imported what they need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DAGS = Path(__file__).resolve().parents[3] / "dags"

PROBE = """
import runpy, sys
from albumen.airflow.scheduler import preload
preload()
before = set(sys.modules)
for path in sys.argv[1:]:
    runpy.run_path(path)
print(sorted(name for name in set(sys.modules) - before if name.startswith("albumen")))
"""


def test_no_dag_file_needs_a_module_of_ours_that_was_not_loaded_beforehand(tmp_path: Path) -> None:
    files = [str(path) for path in sorted(DAGS.glob("*.py"))]
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    told = subprocess.run(
        [sys.executable, "-c", PROBE, *files], capture_output=True, text=True, env=environment, timeout=120
    )
    assert told.returncode == 0, told.stderr[-2000:]
    assert told.stdout.strip().splitlines()[-1] == "[]"


def test_a_scheduler_that_fails_takes_its_workers_with_it() -> None:
    """As Airflow's does on a full disk: its workers wait for work that never comes."""
    script = """
import multiprocessing, time
from albumen.airflow import scheduler

def fail():
    multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,)).start()
    raise OSError("No space left on device")

scheduler.main = fail
scheduler.run()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr
