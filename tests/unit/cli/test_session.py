"""Which stores a verb works with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from albumen.cli.session import Session
from albumen.local.home import Home

NAS = json.dumps({"conn_type": "aws", "login": "a", "password": "b", "extra": {"endpoint_url": "http://127.0.0.1:9"}})


def test_originals_and_renditions_may_lie_in_two_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_STORAGE_CONN_ID", "nas")
    monkeypatch.setenv("AIRFLOW_CONN_NAS", NAS)
    monkeypatch.setenv("ALBUMEN_LIBRARY_CONN_ID", "cloud")
    monkeypatch.setenv("AIRFLOW_CONN_CLOUD", '{"conn_type": "aws"}')
    session = Session(Home(tmp_path))
    assert session.store.options.endpoint == "http://127.0.0.1:9"
    assert session.library_store.options.endpoint == ""


def test_the_library_lies_where_the_originals_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_STORAGE_CONN_ID", "nas")
    monkeypatch.setenv("AIRFLOW_CONN_NAS", NAS)
    session = Session(Home(tmp_path))
    assert session.library_store is session.store


def test_a_store_that_is_not_described_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALBUMEN_STORAGE_CONN_ID", "nas")
    with pytest.raises(SystemExit):
        _ = Session(Home(tmp_path)).store
    assert "AIRFLOW_CONN_NAS" in capsys.readouterr().err


def test_without_a_stack_the_embedded_store_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _ = Session(Home(tmp_path / "none")).store
    assert "no stack" in capsys.readouterr().err
