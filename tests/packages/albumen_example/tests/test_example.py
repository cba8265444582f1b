"""Step, memory kind and publisher end to end, over a real catalog and a real object store."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from albumen.memories import generating
from albumen.pipeline import backfilling, planning
from albumen.settings import MemorySettings, Settings
from albumen.storage.layout import memory_key
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

NEW_YEAR = date(2024, 1, 1)


@pytest.fixture
def filled(library: TestLibrary) -> TestLibrary:
    """A year of six months with two photos each, worked off."""
    for month in range(1, 7):
        for day in (3, 20):
            taken = f"2023:{month:02}:{day:02} 10:00:00"
            library.put(f"{month:02}-{day:02}.jpg", a_photo(taken, taken=taken))
    library.discover()
    library.work("original")
    return library


def test_the_step_is_planned_run_in_the_sandbox_stored_and_exported(filled: TestLibrary) -> None:
    with filled.connect() as connection:
        assert planning.plan(connection, "preview", filled.settings).waiting == 12
    filled.work("preview")
    for record in filled.records().values():
        assert record["steps"]["palette"]["state"] == "done"
        (stored,) = [each for each in record["renditions"] if each["name"] == "palette"]
        assert (stored["mime"], stored["width"], stored["height"]) == ("image/png", 200, 40)
        data = filled.store.get(filled.bucket, stored["key"])
        assert Image.open(io.BytesIO(data)).size == (200, 40)


def test_a_raised_version_makes_the_step_due_again(filled: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    from albumen.pipeline import registry

    filled.work("preview")
    with filled.connect() as connection:
        backfilling.notice_changes(connection, "preview", filled.settings)
        connection.commit()
        monkeypatch.setattr(registry.steps()["palette"], "version", 2)
        noticed = backfilling.notice_changes(connection, "preview", filled.settings)
    assert [estimate.items for estimate in noticed] == [12]


def test_the_memory_is_made_and_published_as_page_and_postcard(filled: TestLibrary) -> None:
    filled.work("preview")
    settings = Settings(library_bucket=filled.bucket, memories=MemorySettings(publishers=("page", "postcard")))
    told = generating.generate(filled.connect, filled.store, filled.library, NEW_YEAR, settings, seed=1)
    (story,) = [story for story in told if story.kind == "first_of_month"]
    assert story.title == "2023, month by month"
    assert [item.photo.taken_local.day for item in story.items] == [3] * 6
    greeting = memory_key(story.library_id, story.id, "postcard.txt")
    assert filled.store.get(filled.bucket, greeting) == b"Greetings from 2023, month by month"
    picture = filled.store.get(filled.bucket, memory_key(story.library_id, story.id, "postcard.jpg"))
    assert Image.open(io.BytesIO(picture)).format == "JPEG"


def test_albumen_try_shows_the_step(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(a_photo("tried"))
    command = [sys.executable, "-m", "albumen.cli", "try", "palette", str(photo)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    strip = tmp_path / "photo.jpg.palette.png"
    assert str(strip) in shown.stdout.replace("\n", "")
    assert Image.open(strip).size == (200, 40)
