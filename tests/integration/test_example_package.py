"""A package of another team, installed beside ours: found by its entry points, and tested with our fixtures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "packages" / "albumen_example"


@pytest.mark.stack
def test_a_package_adds_a_step_a_memory_kind_and_a_publisher(tmp_path: Path) -> None:
    source, installed = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(PACKAGE, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, *offline, "--target", str(installed), str(source)], check=True, capture_output=True)
    # As on a worker that has it by PYTHONPATH alone: the sandbox's child is told where steps are installed.
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(source / "tests")]
    ran = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4 passed" in ran.stdout
