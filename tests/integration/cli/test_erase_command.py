"""`albumen erase` over a real catalog and the real object store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from albumen.catalog import erasures
from albumen.catalog.erasures import Selection
from albumen.cli import app
from albumen.local.home import Home
from albumen.pipeline import erasing
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Invoke = Callable[..., Result]


@pytest.fixture
def filled(library: TestLibrary, sandbox: Any, photo: Callable[..., bytes]) -> TestLibrary:
    """A photo, its copy and another one, done."""
    library.put("beach.jpg", photo(1))
    library.put("copy.jpg", photo(1))
    library.put("snow.jpg", photo(2))
    library.discover()
    library.work()
    return library


@pytest.fixture
def albumen(filled: TestLibrary, servers: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invoke:
    """Runs `albumen …` on the library; no Airflow runs beside it."""
    monkeypatch.setenv("ALBUMEN_HOME", str(servers.root))
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", filled.url)
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", filled.bucket)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, words)


def erase(library: TestLibrary, *keys: str) -> int:
    with library.connect() as connection:
        chosen = Selection(keys=tuple(f"test/{key}" for key in keys))
        found = erasures.create(connection, library.library, chosen, claim="run", requested_by="ann", reason="a wish")
        erasures.approve(connection, found, by="bob")
        connection.commit()
    place = erasing.Workplace(library.connect, library.store, library.store, library.settings)
    assert erasing.run(found, place, task="erase_content/manual/erase/-1/1") == 0
    return found


def test_a_preview_counts_and_changes_nothing(albumen: Invoke, filled: TestLibrary) -> None:
    before = filled.dump()
    told = albumen("erase", "preview", "beach.jpg", "--library", "test").output
    assert told.startswith("library test: 1 items (2 files in the source, which stay there), 2 renditions")
    told = albumen("erase", "preview", "--whole-library", "--library", "test").output
    assert told.startswith("library test: 2 items (3 files in the source")
    assert filled.dump() == before


def test_without_airflow_nothing_is_asked_and_nothing_erased(albumen: Invoke, filled: TestLibrary) -> None:
    before = filled.dump()
    refused = albumen("erase", "request", "beach.jpg", "--library", "test")
    assert refused.exit_code == 1
    assert "no Airflow runs here, and nothing is erased unasked: trigger erase_content where it runs" in refused.output
    assert filled.dump() == before


def test_status_and_receipt_tell_what_became_of_it(albumen: Invoke, filled: TestLibrary) -> None:
    assert albumen("erase", "status").output == "nothing was asked to be erased\n"
    erasure_id = erase(filled, "beach.jpg")
    line = albumen("erase", "status").output
    assert " test " in line
    assert "1 named        finished     by ann, approved by bob" in line
    (listed,) = json.loads(albumen("erase", "status", "--library", "test", "--json").output)
    shown = json.loads(albumen("erase", "receipt", str(erasure_id)).output)
    assert shown == listed
    assert (shown["reason"], shown["keys"], shown["counts"]["items"]) == ("a wish", 2, 1)
    keys = [json.loads(row) for row in albumen("erase", "receipt", str(erasure_id), "--keys").output.splitlines()]
    assert sorted(row["key"] for row in keys) == ["test/beach.jpg", "test/copy.jpg"]
    assert {row["bucket"] for row in keys} == {filled.bucket}
    missing = albumen("erase", "receipt", "99")
    assert (missing.exit_code, "there is no erasure 99" in missing.output) == (1, True)


def test_the_other_verbs_know_that_it_was_erased(albumen: Invoke, filled: TestLibrary) -> None:
    erase(filled, "beach.jpg")
    for key in ("beach.jpg", "copy.jpg"):
        told = albumen("why", key, "--library", "test").output
        assert told.startswith(f"{key}: skipped (erased)\n  detail       this content was erased from the library\n")
        assert "renditions v" in told
        assert ": skipped (erased), attempt 0" in told
        assert "done" not in told, "its history went, too"
        assert "/dags/erase_content/runs/manual/tasks/erase/mapped/-1?try_number=1" in told
    assert albumen("quarantine", "list", "--library", "test").output == "0 files in quarantine\n"
    made = albumen("renditions", "make", "--name", "large", "beach.jpg", "--library", "test").output
    assert "large is due for 0 items" in made
    assert "beach.jpg: it has no preview, which every other rendition needs: skipped (erased)" in made
    (status,) = json.loads(albumen("status", "--json").output)
    assert (status["originals"], status["pending"], status["steps"]["renditions"]["skipped"]) == (3, 0, 2)
    assert status["steps"]["renditions"]["done"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["preview"], "name what to erase"),
        (["preview", "none.jpg"], "library test has no file 'none.jpg' (1 unknown keys)"),
        (["preview", "--sha256", "12"], "'12' is no SHA-256 digest"),
        (["request", "beach.jpg", "--whole-library"], "name what to erase"),
    ],
)
def test_what_is_written_wrongly_is_told(albumen: Invoke, words: list[str], told: str) -> None:
    outcome = albumen("erase", *words, "--library", "test")
    assert (outcome.exit_code, told in outcome.output) == (2, True), outcome.output


def test_a_digest_names_content_whose_file_is_gone(
    albumen: Invoke, filled: TestLibrary, photo: Callable[..., bytes]
) -> None:
    digest = hashlib.sha256(photo(2)).hexdigest().upper()
    assert "library test: 1 items (1 files" in albumen("erase", "preview", "--sha256", digest, "-l", "test").output
