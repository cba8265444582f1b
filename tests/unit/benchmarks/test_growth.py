"""What grows is told for ten times the size, between each two sizes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

GROWTH = Path(__file__).resolve().parents[3] / "benchmarks" / "growth.py"


@pytest.fixture(scope="module")
def growth() -> ModuleType:
    spec = importlib.util.spec_from_file_location("growth", GROWTH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_growth_is_of_a_decade(growth: ModuleType) -> None:
    assert growth.by_decade({100: 1.0, 1_000: 1.5, 100_000: 6.0}) == {"100 to 1,000": 1.5, "1,000 to 100,000": 2.0}
    assert growth.faults("it", {1_000: 1.5, 100_000: 6.0}) == []


def test_what_doubles_in_less_than_a_decade_is_a_fault_wherever_it_is(growth: ModuleType) -> None:
    figures = {1_000: 1.0, 10_000: 2.1, 1_000_000: 2.0}
    assert growth.faults("it", figures) == ["it: 2.1 times as much in a decade, 1,000 to 10,000"]
    assert growth.faults("it", figures, least=3.0) == []


@pytest.mark.parametrize(
    ("figures", "grew"),
    [
        ([83.0, 83.0, 139.0, 139.0, 139.0], 1.0),
        ([83.0, 111.0, 139.0, 139.0, 139.0], 1.0),
        ([100.0, 103.0, 106.09, 109.27, 112.55], 1.126),
        ([100.0, 99.0, 103.0, 107.0, 111.0], 1.163),
        ([10.0, 10.1, 10.0, 10.1, 10.0], 0.96),
    ],
    ids=["a step", "a step within a part", "a leak", "a leak after a pause", "to and fro"],
)
def test_with_time_a_leak_is_told_from_a_step(growth: ModuleType, figures: list[float], grew: float) -> None:
    assert growth.steadily(figures) == pytest.approx(grew, abs=0.02)


def test_what_was_not_there_has_not_grown(growth: ModuleType) -> None:
    assert growth.steadily([0.0, 90.0, 91.0]) is None
