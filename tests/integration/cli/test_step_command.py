"""`albumen step`, and where a stopped step is told: `status`, `why`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from albumen.cli import app
from albumen.local.home import Home
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Invoke = Callable[..., Result]


@pytest.fixture
def albumen(library: TestLibrary, servers: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invoke:
    """Runs `albumen …` on the library."""
    monkeypatch.setenv("ALBUMEN_HOME", str(servers.root))
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", library.url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, words)


def test_stopped_seen_everywhere_and_let_go(albumen: Invoke, library: TestLibrary, sandbox: Any, photo: Any) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    assert albumen("step", "pause", "renditions", "--reason", "colours are wrong").exit_code == 0
    library.work()
    assert "renditions (stopped)" in albumen("status").stdout
    shown = " ".join(albumen("status").stdout.split())
    assert "test: 1 originals" in shown
    assert "colours are wrong; `albumen step resume renditions`" in shown
    (told,) = json.loads(albumen("status", "--json").stdout)
    assert told["steps"]["renditions"]["stopped"] == "colours are wrong"
    assert told["steps"]["metadata"]["stopped"] is None
    assert "colours are wrong" in albumen("why", "a.jpg", "--library", "test").stdout
    assert "stopped by" in albumen("step", "list").stdout
    assert albumen("step", "pause", "renditions").stdout == "renditions was stopped before\n"

    assert "goes on" in albumen("step", "resume", "renditions").stdout
    library.work()
    assert library.records()["a.jpg"]["state"] == "done"
    assert "stopped" not in albumen("status").stdout
    assert "stopped" not in albumen("step", "list").stdout


def test_a_breakers_faults_are_shown_and_its_items_tried_again(
    albumen: Invoke, library: TestLibrary, sandbox: Any, photo: Any
) -> None:
    for number in range(12):
        library.put(f"{number}.jpg", photo(number))
    library.discover()
    sandbox.interfere = lambda step, item: ItemFault(Reason.BUG, "KeyError: 'x'") if step == "metadata" else None
    library.work()
    shown = albumen("step", "list").stdout
    assert "stopped by its breaker" in shown
    assert "    bug: KeyError: 'x'" in shown
    rows = {row["step"]: row for row in json.loads(albumen("step", "list", "--json").stdout)}
    assert rows["metadata"]["stopped_by"] == "breaker"
    assert rows["metadata"]["sample"]["of"] == 12
    assert rows["quality"]["stopped"] is None
    sandbox.interfere = lambda step, item: None
    assert "items that failed are tried again" in albumen("step", "resume", "metadata").stdout
    library.work()
    assert {record["state"] for record in library.records().values()} == {"done"}


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_an_unknown_step_is_told_with_those_there_are(albumen: Invoke, verb: str) -> None:
    result = albumen("step", verb, "colours")
    assert result.exit_code == 2
    assert "there is no step 'colours'; there are metadata, renditions" in result.stderr


def test_a_step_that_runs_cannot_be_resumed(albumen: Invoke) -> None:
    result = albumen("step", "resume", "faces")
    assert result.exit_code == 1
    assert "faces is not stopped" in result.stderr
