"""`albumen models compare` with the real models, over a library worked off by the one in use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from albumen.cli import app
from albumen.local.home import Home
from albumen.settings import Settings
from albumen.testing.library import TestLibrary
from albumen.vision import set_up
from albumen.vision.manifest import models
from albumen.vision.weights import WeightsError

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def _weights() -> None:
    chosen = Settings()
    try:
        set_up.fetch(chosen)
        set_up.fetch(chosen, [models()["efficientnet-lite0"]])
    except WeightsError as error:
        pytest.skip(str(error))


@pytest.fixture
def filled(
    library: TestLibrary, sandbox: Any, photo: Callable[..., bytes], servers: Home, monkeypatch: pytest.MonkeyPatch
) -> TestLibrary:
    for number in range(4):
        library.put(f"2020/{number}.jpg", photo(number, taken=f"202{number}:05:01 10:00:00", size=(300, 200)))
    library.put("2021/<b>bold</b>.jpg", photo(9, taken="2021:06:01 10:00:00", size=(300, 200)))
    library.discover()
    library.work()
    monkeypatch.setenv("ALBUMEN_HOME", str(servers.root))
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", library.url)
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", library.bucket)
    return library


def compare(*words: str) -> Any:
    return CliRunner().invoke(app, ["models", "compare", *words, "--library", "test"])


def test_another_model_is_looked_at_beside_the_one_in_use_and_leaves_nothing(
    filled: TestLibrary, tmp_path: Path
) -> None:
    page = tmp_path / "compared.html"
    told = compare("efficientnet-lite0", "--json", "--page", str(page))
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["in_use"], found["other"], found["pictures"]) == ("efficientnet-lite2", "efficientnet-lite0", 5)
    assert 0 <= found["shared_labels"] <= 1
    assert page.read_text("utf-8").count("<img") == 5
    assert "<b>" not in page.read_text("utf-8")
    assert filled.query("SELECT DISTINCT model_id FROM scenes") == [("efficientnet-lite2",)]


def test_the_model_in_use_agrees_with_itself(filled: TestLibrary) -> None:
    found = json.loads(compare("efficientnet-lite2", "--json").stdout)
    assert (found["same_first"], found["shared_labels"], found["shared_neighbours"]) == (1, 1, 1)


def test_a_preview_that_is_gone_is_told_and_left_out(filled: TestLibrary) -> None:
    ((key,),) = filled.query("SELECT key FROM renditions WHERE name = 'preview' ORDER BY item_id LIMIT 1")
    filled.store.delete(filled.bucket, key)
    told = compare("efficientnet-lite2")
    assert told.exit_code == 0, told.output
    assert "4 photos of test" in told.stdout


@pytest.mark.parametrize("model", ["clip", "open-nsfw"])
def test_what_is_no_scene_model_is_refused(filled: TestLibrary, model: str) -> None:
    told = compare(model)
    assert told.exit_code != 0
    assert f"'{model}'" in told.output
