"""Airflow's scheduler with what our tasks import loaded beforehand: `python -m albumen.airflow.scheduler`.

LocalExecutor forks every task from the scheduler's workers. What is imported here is shared with
them; otherwise each task would spend half a second of processor time on importing it again.
"""

from __future__ import annotations

import multiprocessing
import pkgutil
import sys
from importlib import import_module

from airflow.__main__ import main

import albumen.airflow
from albumen.pipeline import registry


def preload() -> None:
    """Import every module that a DAG file or an operator may need."""
    for module in pkgutil.walk_packages(albumen.airflow.__path__, f"{albumen.airflow.__name__}."):
        import_module(module.name)
    registry.steps()


def run() -> None:
    """Be the scheduler; its workers end with it, whatever it ends of.

    Python waits for child processes before it exits. A scheduler that a full disk or a lost database has ended would
    wait for ever for workers that wait for it, and look alive to whoever had to start another.
    """
    try:
        main()  # type: ignore[no-untyped-call]
    finally:
        for worker in multiprocessing.active_children():
            worker.kill()


if __name__ == "__main__":
    preload()
    sys.argv = ["airflow", "scheduler", *sys.argv[1:]]
    run()
