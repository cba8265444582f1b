"""`albumen memories` over a real catalog."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import text
from typer.testing import CliRunner

from albumen.catalog import memories
from albumen.cli import app
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack


def test_a_memory_is_shown_with_the_keys_that_the_other_verbs_take(
    library: TestLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "JPEG")
    library.put("2020/beach.jpg", file.getvalue())
    library.discover()
    library.work("original")
    with library.connect() as connection:
        item = connection.execute(text("SELECT item_id FROM items")).scalar_one()
        row = {
            "memory_id": "m1",
            "library_id": library.library.library_id,
            "kind": "on_this_day",
            "key": "on_this_day:2024-06-12",
            "told_on": date(2024, 6, 12),
            "title": "On this day",
            "reason": "one photo",
            "strength": 0.5,
            "cover_item_id": item,
            "inputs_key": "0",
            "page_key": "memories/1/m1/story.html",
            "state": "published",
            "files": {},
            "why": {},
        }
        memories.store(connection, row, [(item, "the best of one")], hidden_to=0)
        connection.commit()
    monkeypatch.setenv("ALBUMEN_CATALOG_URL", library.url)
    outcome = CliRunner().invoke(app, ["memories", "show", "m1", "--library", "test"])
    assert outcome.exit_code == 0, outcome.output
    assert "  2020/beach.jpg\n" in outcome.output
    assert CliRunner().invoke(app, ["why", "2020/beach.jpg", "--library", "test"]).exit_code == 0
