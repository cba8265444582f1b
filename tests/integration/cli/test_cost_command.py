"""`albumen cost` and `albumen capacity`, over work that was really done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from albumen.cli import app
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack


@pytest.fixture
def told(library: TestLibrary, photo: Callable[..., bytes], sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a command says, after four photos were worked on."""
    for number in range(4):
        library.put(f"{number}.jpg", photo(number))
    library.discover()
    library.work()
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", library.url)
    monkeypatch.setenv("ALBUMEN_PRICES__CORE_HOUR", "3600")

    def run(*words: str) -> Any:
        result = CliRunner().invoke(app, [*words, "--json"])
        assert result.exit_code == 0, result.output
        assert CliRunner().invoke(app, list(words)).exit_code == 0
        return json.loads(result.stdout)

    return run


def test_cost_by_step_library_and_run_tell_the_same_seconds(told: Any) -> None:
    steps = {row["name"]: row for row in told("cost", "--by", "step")["costs"]}
    (library,) = told("cost", "--by", "library")["costs"]
    runs = told("cost", "--by", "run")["costs"]
    assert steps["renditions"]["n"] == 4
    assert steps["renditions"]["parts"]["processor"] == pytest.approx(steps["renditions"]["cpu_s"], rel=0.01)
    assert library["cpu_s"] == pytest.approx(sum(row["cpu_s"] for row in steps.values()), abs=0.01)
    assert sum(row["cpu_s"] for row in runs) == pytest.approx(library["cpu_s"], abs=0.01)
    assert library["bytes_written"] > 0


def test_capacity_takes_what_was_measured(told: Any) -> None:
    found = told("capacity", "--per-day", "1000000")
    assert {"metadata", "renditions", "quality"} <= set(found["measured"])
    assert found["cpu_s"]["renditions"] == pytest.approx(0.01, rel=0.01)
    assert found["cores"] > 0
