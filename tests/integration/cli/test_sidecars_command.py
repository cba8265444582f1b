"""`albumen sidecars` over a real catalog and the real object store: what goes out comes in again elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from albumen.cli import app
from albumen.local.home import Home
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack


@pytest.fixture
def environment(library: TestLibrary, servers: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command talks to the test's servers."""
    monkeypatch.setenv("ALBUMEN_HOME", str(servers.root))
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", library.url)
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", library.bucket)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("environment")
def test_what_is_told_of_a_photo_dates_the_same_picture_without_a_date(library: TestLibrary, sandbox, photo) -> None:
    library.put("2020/a.jpg", photo(1, taken="2020:05:01 10:00:00"))
    library.put("undated.jpg", photo(2))
    library.discover()
    library.work("original")
    told = CliRunner().invoke(app, ["sidecars", "test", "--to", f"s3://{library.bucket}/out"])
    assert told.exit_code == 0, told.output
    assert "2 sidecars written" in told.output
    sidecar = library.store.get(library.bucket, "out/2020/a.jpg.xmp")

    library.put("undated.jpg.xmp", sidecar)
    library.discover()
    library.work("original")
    taken = library.records()["undated.jpg"]["taken"]
    assert (taken["local"], taken["source"]) == ("2020-05-01T10:00:00", "sidecar:exif:DateTimeOriginal")


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("below", ["test/", "test/deep", ""])
def test_the_source_is_never_written_to(library: TestLibrary, below: str) -> None:
    told = CliRunner().invoke(app, ["sidecars", "test", "--to", f"s3://{library.bucket}/{below}"])
    assert told.exit_code == 2
    assert "only read" in told.output
