"""`albumen renditions` over a real catalog and the real object store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from albumen.cli import app
from albumen.local.home import Home
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Invoke = Callable[..., Result]


@pytest.fixture
def filled(library: TestLibrary, sandbox: Any, photo: Callable[..., bytes]) -> TestLibrary:
    """Two photos of two years, done; one that cannot be rendered."""
    sandbox.interfere = lambda step, item: (
        ItemFault(Reason.UNREADABLE, "bad") if item.data == photo(9) and step == "renditions" else None
    )
    library.put("2020/beach.jpg", photo(1, taken="2020:05:01 10:00:00", size=(300, 200)))
    library.put("2021/snow.jpg", photo(2, taken="2021:05:01 10:00:00", size=(300, 200)))
    library.put("2021/bad.jpg", photo(9))
    library.discover()
    library.work()
    sandbox.worked.clear()
    return library


@pytest.fixture
def albumen(filled: TestLibrary, servers: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invoke:
    """Runs `albumen renditions …` on the library, in a folder of its own."""
    monkeypatch.setenv("ALBUMEN_HOME", str(servers.root))
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", filled.url)
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", filled.bucket)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["renditions", *words, "--library", "test"])


@pytest.fixture
def worker(filled: TestLibrary) -> Iterator[None]:
    """Works off what becomes due, as a running stack would."""
    ended = Event()

    def work() -> None:
        while not ended.wait(0.05):
            filled.work("original")

    thread = Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()


def waiting(library: TestLibrary) -> list[tuple[str, int]]:
    return [tuple(row) for row in library.query("SELECT step, lane FROM due ORDER BY 1, 2")]


def test_the_renditions_of_a_file_and_of_the_library_are_listed(albumen: Invoke) -> None:
    thumb, preview = json.loads(albumen("list", "2020/beach.jpg", "--json").output)
    assert (thumb["name"], preview["name"]) == ("thumb", "preview")
    assert (preview["width"], preview["height"], preview["mime"]) == (300, 200, "image/jpeg")
    assert preview["key"].startswith("renditions/")
    assert "preview       300 x 200" in albumen("list", "2020/beach.jpg").output

    totals = {total["name"]: total["items"] for total in json.loads(albumen("list", "--json").output)}
    assert totals == {"preview": 2, "thumb": 2}
    assert "2 files" in albumen("list").output
    assert "2021/bad.jpg has no renditions yet" in albumen("list", "2021/bad.jpg").output


def test_a_named_file_is_made_due_before_other_work_and_its_price_is_told(albumen: Invoke, filled: TestLibrary) -> None:
    made = albumen("make", "--name", "large", "2020/beach.jpg")
    assert made.exit_code == 0, made.output
    assert "large is due for 1 items of library test: about 0.00 core-hours" in made.output
    assert waiting(filled) == [("large", 0)]
    filled.work()
    assert "2020/beach.jpg: its large is made" in albumen("make", "--name", "large", "2020/beach.jpg").output
    assert waiting(filled) == []


@pytest.mark.parametrize(
    ("options", "items"),
    [
        (["--all"], 2),
        (["--prefix", "2021/"], 1),
        (["--since", "2021-05-01"], 1),
        (["--until", "2021-04-30"], 1),
        (["--since", "2020-05-02", "--until", "2021-04-30"], 0),
    ],
)
def test_a_selection_is_made_due_behind_fresh_uploads(
    albumen: Invoke, filled: TestLibrary, options: list[str], items: int
) -> None:
    measured = albumen("make", "--name", "fullsize", *options, "--dry-run")
    assert f"fullsize is due for {items} items" in measured.output
    assert waiting(filled) == []
    assert albumen("make", "--name", "fullsize", *options).output == measured.output
    assert waiting(filled) == [("fullsize", 2)] * items


def test_waiting_ends_when_they_are_made(albumen: Invoke, filled: TestLibrary, worker: None) -> None:
    made = albumen("make", "--name", "large", "--all", "--wait", "--timeout", "60")
    assert made.exit_code == 0, made.output
    assert "large of library test: 2 done" in made.output
    assert waiting(filled) == []


def test_waiting_does_not_wait_for_ever(albumen: Invoke, filled: TestLibrary) -> None:
    made = albumen("make", "--name", "large", "--all", "--wait", "--timeout", "0")
    assert made.exit_code == 1
    assert "not made after 0 s; it stays due" in made.output
    assert waiting(filled) == [("large", 2)] * 2


def test_a_rendition_is_fetched_under_the_name_asked_for(albumen: Invoke, tmp_path: Path) -> None:
    got = albumen("get", "--name", "preview", "2020/beach.jpg", "-o", "out.jpg")
    assert got.exit_code == 0, got.output
    assert got.output.startswith("out.jpg: 300 x 200, ")
    assert Image.open(tmp_path / "out.jpg").size == (300, 200)
    albumen("get", "--name", "thumb", "2020/beach.jpg")
    assert Image.open(tmp_path / "beach-thumb.webp").format == "WEBP"
    piped = albumen("get", "--name", "preview", "2020/beach.jpg", "-o", "-")
    assert Image.open(BytesIO(piped.stdout_bytes)).size == (300, 200)


def test_a_missing_one_is_made_when_told_so(albumen: Invoke, tmp_path: Path, worker: None) -> None:
    words = ("get", "--name", "fullsize", "2020/beach.jpg")
    refused = albumen(*words)
    assert refused.exit_code == 1
    assert "it has no fullsize; `albumen renditions make` or `get --make` makes it" in refused.output
    assert list(tmp_path.iterdir()) == []

    got = albumen(*words, "--make", "--timeout", "60")
    assert got.exit_code == 0, got.output
    assert Image.open(tmp_path / "beach-fullsize.jpg").size == (300, 200)


def test_one_that_failed_says_so(albumen: Invoke, filled: TestLibrary, sandbox: Any, worker: None) -> None:
    sandbox.interfere = lambda step, item: ItemFault(Reason.UNREADABLE, "bad") if step == "large" else None
    got = albumen("get", "--name", "large", "2020/beach.jpg", "--make", "--timeout", "60")
    assert got.exit_code == 1
    assert "2020/beach.jpg: its large is in quarantine (unreadable); see `albumen quarantine show`" in got.output


def test_one_without_a_preview_says_so(albumen: Invoke, filled: TestLibrary) -> None:
    for words in (("get", "--make"), ("make",)):
        told = albumen(*words, "--name", "large", "2021/bad.jpg").output
        assert "2021/bad.jpg: it has no preview, which every other rendition needs: quarantined (unreadable)" in told
    assert waiting(filled) == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["make", "--name", "preview", "--all"], 2, "made on demand are large and fullsize, not 'preview'"),
        (["make", "--name", "large"], 2, "name keys, or select"),
        (["make", "--name", "large", "--all", "2020/beach.jpg"], 2, "name keys, or select"),
        (["make", "--name", "large", "no.jpg", "2020/beach.jpg"], 1, "library test knows no file 'no.jpg'"),
        (["list", "no.jpg"], 1, "library test knows no file 'no.jpg'"),
        (["get", "--name", "large", "no.jpg", "--make"], 1, "library test knows no file 'no.jpg'"),
        (["get", "--name", "huge", "2020/beach.jpg", "--make"], 2, "made on demand are large and fullsize"),
        (["make", "--name", "large", "--since", "yesterday"], 2, "yesterday"),
    ],
)
def test_what_is_written_wrongly_is_told_and_changes_nothing(
    albumen: Invoke, filled: TestLibrary, words: list[str], code: int, told: str
) -> None:
    outcome = albumen(*words)
    assert (outcome.exit_code, told in outcome.output) == (code, True), outcome.output
    assert waiting(filled) == []
