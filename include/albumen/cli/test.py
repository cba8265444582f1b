"""`albumen test`: every check that CI runs, in one call."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from albumen.local.home import REPOSITORY
from albumen.settings import Settings
from albumen.vision import set_up
from albumen.vision.weights import WeightsError

# Each runs a PostgreSQL and an S3 server of its own.
MOST_WORKERS = 4

# Programs that tests compare with, and the system packages that bring them.
SYSTEM_PROGRAMS = {"exiftool": "libimage-exiftool-perl"}


def run_checks(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also run the tests that take minutes.")] = False,
) -> None:
    """Run linter, formatter, types, docs and tests; further arguments go to pytest (`-n 0`: in one process)."""
    ensure_programs()
    ensure_weights()
    failed = [name for name, command in checks().items() if not passes(name, command)]
    selection = [] if everything else ["-m", "not slow"]
    # A file's tests stay together: they share servers and module fixtures. In which order, tests/conftest.py says.
    spread = ["-n", str(min(MOST_WORKERS, os.cpu_count() or 1)), "--dist", "loadfile", "--no-loadscope-reorder"]
    pytest = [sys.executable, "-P", "-m", "pytest", *selection, *spread, *context.args]
    if failed:
        typer.echo(f"failed before the tests: {', '.join(failed)}")
    # Last, so that its summary is the last line.
    if not passes("pytest", pytest, told_after=False) or failed:
        raise typer.Exit(1)


def checks() -> dict[str, list[str]]:
    """The checks that come before the tests: name and command."""
    python = [sys.executable, "-P", "-m"]
    commands = {
        "ruff check": [*python, "ruff", "check", "."],
        "ruff format": [*python, "ruff", "format", "--check", "."],
        "mypy": [*python, "mypy"],
    }
    if importlib.util.find_spec("albumen.cli.docs"):
        commands["docs"] = [*python, "albumen.cli", "docs", "--check"]
    return commands


def passes(name: str, command: Sequence[str], told_after: bool = True) -> bool:
    """Run one check in the repository; returns whether it passed."""
    typer.echo(f"== {name}")
    begun = time.monotonic()
    # As CI has it: the folder of the tests is not on the path.
    passed = subprocess.run(command, cwd=REPOSITORY, env=os.environ).returncode == 0
    if told_after:
        typer.echo(f"== {name}: {'ok' if passed else 'FAILED'} in {time.monotonic() - begun:.1f} s")
    return passed


def ensure_weights() -> None:
    """Fetch the models' weights; without them the tests that need them are skipped with a reason."""
    try:
        set_up.fetch(Settings())
    except WeightsError as error:
        typer.echo(f"the models' weights cannot be fetched: {error}")


def ensure_programs() -> None:
    """Install the system packages that tests need, where we may; say which are missing, where not."""
    missing = [package for program, package in SYSTEM_PROGRAMS.items() if shutil.which(program) is None]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        typer.echo(f"installing {' '.join(missing)} with apt-get")
        install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
        # The lists of a fresh machine may be empty or old: try as it is first, since refreshing takes long.
        for command in (install, ["apt-get", "update"], install):
            outcome = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if command is install and outcome.returncode == 0:
                return
    typer.echo(f"missing system packages: {' '.join(missing)}; tests that need them are skipped with a reason")
