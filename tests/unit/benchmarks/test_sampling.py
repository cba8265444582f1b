"""Whose CPU seconds are whose, looked up in `/proc` while real processes burn them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from albumen.local.home import Home

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"
# Has a child burn processor time and reaps it, says so, and waits to be let go.
SCRIPT = """
import os, resource, sys
if os.fork() == 0:
    while resource.getrusage(resource.RUSAGE_SELF).ru_utime < 0.3:
        sum(range(10_000))
    os._exit(0)
os.wait()
print("burnt", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def sampling() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("sampling", BENCHMARKS / "sampling.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["sampling"] = module  # a data class looks its module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["sampling"]


@pytest.mark.parametrize(("name", "marks", "kind"), [
    ("scheduler", [], "scheduler"),
    ("scheduler", ["airflow worker -- LocalExecutor"], "tasks"),
    ("seaweed", [], "object store"),
])  # fmt: skip
def test_what_an_ended_child_used_is_its_parents(
    sampling: ModuleType, tmp_path: Path, name: str, marks: list[str], kind: str
) -> None:
    home = Home(tmp_path)
    home.run.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *marks], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        (home.run / f"{name}.pid").write_text(json.dumps({"pid": process.pid}))
        sampler = sampling.Sampler(home)
        with sampler.running():
            assert process.stdout
            assert process.stdout.readline() == "burnt\n"
        process.communicate()
    spent = sampler.seconds()
    assert spent[kind] >= 0.29
    assert sum(spent.values()) == pytest.approx(spent[kind], abs=0.25), "the parent's own start is the rest"


def test_growth_is_the_end_of_a_life_over_its_second_tenth(sampling: ModuleType, tmp_path: Path) -> None:
    sampler = sampling.Sampler(Home(tmp_path))
    sampler.seen = {
        (1, 1): sampling.Seen(
            "decoding", 9, 0, 0, 0.0, [(0.0, size) for size in [5] * 10 + [100] * 80 + [110] * 10 + [0] * 30]
        ),
        (2, 1): sampling.Seen("decoding", 9, 0, 0, 0.0, [(0.0, 100)] * 40),
        (3, 1): sampling.Seen("tasks", 9, 0, 0, 0.0, [(0.0, 100)] * 400),
    }
    assert sampler.growth("decoding") == pytest.approx(0.1)
    assert sampler.growth("tasks") is None, "a task without a decoder is no worker"
