"""The benchmarks run, at a tiny size, and tell what they promise; how quick anything is, is not judged here."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from albumen.cli import bench

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "script", ["due", "enrich", "job", "lanes", "latency", "listing", "organise", "overhead", "startup"]
)
def test_every_benchmark_explains_itself(script: str) -> None:
    told = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{script}.py"), "--help"], capture_output=True, text=True, check=True
    )
    assert "--json" in told.stdout


def test_every_verb_has_its_script() -> None:
    verbs = {one.name or one.callback.__name__ for one in bench.app.registered_commands if one.callback}
    assert {"due", "job", "soak", "whole-library"} <= verbs
    assert [verb for verb in verbs if not (BENCHMARKS / f"{verb.replace('-', '_')}.py").exists()] == []


def test_quantiles_are_taken_by_nearest_rank() -> None:
    conditions = load("conditions")
    assert conditions.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert conditions.quantile(list(range(1, 11)), 0.95) == 10
    assert conditions.quantile(list(range(1, 21)), 0.95) == 19
    assert conditions.quantile([7.0], 0.95) == 7.0


def test_a_figure_says_what_it_was_measured_under() -> None:
    told = load("conditions").conditions()
    assert {"date", "processor", "cores", "load_1min", "python"} <= set(told)


@pytest.mark.stack
def test_due_work_is_planned_leased_and_written_without_sequential_scans() -> None:
    script = [sys.executable, str(BENCHMARKS / "due.py"), "--rows", "10000", "--rounds", "1", "--json"]
    outcome = subprocess.run(script, capture_output=True, text=True, env=dict(os.environ), timeout=240)
    assert outcome.stdout, outcome.stderr
    found = json.loads(outcome.stdout)
    assert found["scales"][-1]["rows"] == 10_000
    assert found["ratio"] > 0
    # A busy machine may miss a target; a plan is right or wrong.
    assert not [failure for failure in found["failures"] if "scan" in failure]
    for phase in ("without statistics", "after ANALYZE"):
        plans = found["scales"][-1][phase]["leases.take"]["plans"]
        assert any("due_pick" in scan for plan in plans for scan in plan["scans"])


@pytest.mark.stack
def test_a_listing_that_was_killed_goes_on_and_every_key_is_registered_once() -> None:
    script = [sys.executable, str(BENCHMARKS / "listing.py"), "--keys", "2000", "--json"]
    outcome = subprocess.run(script, capture_output=True, text=True, env=dict(os.environ), timeout=240)
    assert outcome.stdout, outcome.stderr
    found = json.loads(outcome.stdout)["sizes"]["2,000"]
    assert 0 < found["kept over a kill"] < found["registered"] == 2000


@pytest.mark.parametrize(
    ("truth", "given", "f1", "ari"),
    [
        ("aabb", [1, 1, 2, 2], 1.0, 1.0),
        ("aabb", [1, 1, 1, 1], 0.6667, 0.0),
        ("aabb", [1, 2, 3, 4], 0.6667, 0.0),
        ("aaabbb", [1, 1, 2, 2, 3, 3], 0.6667, 0.2424),
    ],
)
def test_groupings_are_judged_as_published(
    truth: str, given: list[int], f1: float, ari: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    found = load("organise").agreement(list(truth), given)
    assert (found["b3 f1"], found["ari"]) == (f1, ari)


def test_planted_trips_are_found_and_none_is_invented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    found = load("organise").travels(8)
    assert found["share"] >= 0.95
    assert found["invented"] == 0
