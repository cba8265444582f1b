"""`albumen maintain` over a real catalog and the real object store."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from albumen.cli import app
from albumen.local.home import Home
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Invoke = Callable[..., Result]


@pytest.fixture
def damaged(library: TestLibrary, sandbox: Any, photo: Callable[..., bytes]) -> TestLibrary:
    """Two photos, done; a rendition of the first is lost, and one of the second is nobody's."""
    for number in range(2):
        library.put(f"{number}.jpg", photo(number))
    library.discover()
    library.work()
    first, second = library.query("SELECT item_id, min(key) AS key FROM renditions GROUP BY 1 ORDER BY 1")
    library.store.delete(library.bucket, first.key)
    library.execute("DELETE FROM renditions WHERE key = :k", k=second.key)
    return library


@pytest.fixture
def albumen(damaged: TestLibrary, servers: Home, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("ALBUMEN_HOME", str(servers.root))
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", damaged.url)
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", damaged.bucket)
    monkeypatch.setenv("ALBUMEN_MAINTENANCE__GRACE_HOURS", "0")
    return lambda *words: CliRunner().invoke(app, [*words])


def test_it_repairs_but_deletes_only_when_told(albumen: Invoke, damaged: TestLibrary) -> None:
    before = damaged.stored()
    told = albumen("maintain", "--library", "test")
    assert told.exit_code == 0, told.output
    assert "test: missing: 1 found in 3 looked at (all of it); 1 due again" in told.output
    assert "test: orphaned: 1 found in 3 looked at (all of it); only reported" in told.output
    assert damaged.stored() == before
    assert [row.step for row in damaged.query("SELECT step FROM due")] == ["renditions"]
    (report,) = json.loads(albumen("maintain", "--library", "test", "--check", "orphaned", "--delete", "--json").output)
    assert (report["check"], report["found"], report["done"]["deleted"]) == ("orphaned", 1, 1)
    assert len(damaged.stored()) == len(before) - 1


def test_a_dry_run_changes_nothing(albumen: Invoke, damaged: TestLibrary) -> None:
    before = (damaged.dump(), damaged.stored())
    reports = json.loads(albumen("maintain", "--library", "test", "--dry-run", "--json").output)
    assert {report["check"]: report["found"] for report in reports} == {
        "missing": 1, "changed": 0, "superseded": 0, "erased": 0, "orphaned": 1,
    }  # fmt: skip
    assert albumen("maintain", "records", "--dry-run").output == "nothing is past its days\n"
    assert (damaged.dump(), damaged.stored()) == before


def test_status_tells_the_last_look_of_each_check(albumen: Invoke) -> None:
    assert json.loads(albumen("status", "--json").output)[0]["checks"] == {}
    albumen("maintain", "--library", "test", "--check", "missing,orphaned")
    checks = json.loads(albumen("status", "--json").output)[0]["checks"]
    assert {name: (check["found"], check["acts"]) for name, check in checks.items()} == {
        "missing": (1, True), "orphaned": (1, False),
    }  # fmt: skip
    assert "missing 0 h ago, 1 found" in " ".join(albumen("status").output.split())


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ["--check", "lost"],
            2,
            "no check is called 'lost'; there are: missing, changed, superseded, erased, orphaned",
        ),
        (["--dry-run", "--delete"], 2, "a dry run deletes nothing"),
        (["--library", "gone"], 1, "no library is called 'gone'"),
        (["--seconds", "-1"], 2, "--seconds"),
    ],
)
def test_what_is_written_wrongly_is_told_and_changes_nothing(
    albumen: Invoke, damaged: TestLibrary, words: list[str], code: int, told: str
) -> None:
    before = damaged.dump()
    outcome = albumen("maintain", "--library", "test", *words)
    assert (outcome.exit_code, told in outcome.output) == (code, True), outcome.output
    assert damaged.dump() == before


def test_without_a_stack_the_airflow_of_the_environment_is_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALBUMEN_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path}/airflow.db")
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True, timeout=300)
    monkeypatch.delenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", raising=False)
    for days, name in ((1, "young"), (100, "old"), (100, "half-old")):
        log = tmp_path / "logs" / f"run_id={name}" / "attempt=1.log"
        log.parent.mkdir(parents=True)
        log.write_text("said something\n", encoding="utf-8")
        at = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        for path in (log, log.parent):
            os.utime(path, (at, at))
    (tmp_path / "logs" / "run_id=half-old" / "attempt=2.log").touch()
    days_ago = [(datetime.now(UTC) - timedelta(days=days)).isoformat(" ") for days in (1, 100)]
    with closing(sqlite3.connect(tmp_path / "airflow.db")) as records:
        records.execute("DELETE FROM log")
        records.executemany("INSERT INTO log (dttm, event) VALUES (?, 'seen')", [(at,) for at in days_ago])
        records.commit()
        told = CliRunner().invoke(app, ["maintain", "airflow"])
        assert told.exit_code == 0, told.output
        assert "records older than 60 days" in told.output
        assert f"{tmp_path}/logs: 2 files, 0.0 MB dropped" in told.output
        left = sorted(str(path.relative_to(tmp_path / "logs")) for path in (tmp_path / "logs").glob("run_id=*/*"))
        assert left == ["run_id=half-old/attempt=2.log", "run_id=young/attempt=1.log"]
        assert not (tmp_path / "logs" / "run_id=old").exists()
        assert [at[:10] for (at,) in records.execute("SELECT dttm FROM log WHERE event = 'seen'")] == [days_ago[0][:10]]


def test_without_any_airflow_it_says_where_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    told = CliRunner().invoke(app, ["maintain", "airflow"])
    assert told.exit_code == 1
    assert "run this where Airflow's database is reachable" in told.output
