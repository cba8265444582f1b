"""What the steps of the preview pass find, from a bucket to the export."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFont

from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack


def a_receipt() -> bytes:
    sheet = Image.new("RGB", (600, 900), "#fbfaf5")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(30)
    for row, line in enumerate(["CORNER SHOP", *(f"item number {n}    {n}.50" for n in range(20)), "TOTAL  210.00"]):
        draw.text((60, 40 + 38 * row), line, "#1a1a1a", font)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def test_the_export_tells_text_safety_kind_and_quality(library: TestLibrary) -> None:
    library.put("photo.jpg", a_photo(1))
    library.put("Screenshots/Screenshot_20240101-101010.png", a_receipt())
    library.put("receipt.png", a_receipt() + b"another file")
    library.discover()
    library.work()
    records = library.records()
    for record in records.values():
        assert 0 <= record["safety"] < 0.8
        assert 0 <= record["quality"]["score"] <= 1
        assert {name: step["state"] for name, step in record["steps"].items() if step["state"] != "done"} == {}
    photo, receipt = records["photo.jpg"], records["receipt.png"]
    screenshot = records["Screenshots/Screenshot_20240101-101010.png"]
    assert photo["picture_kind"] == "photo"
    assert photo["text"] is None
    assert screenshot["picture_kind"] == "screenshot"
    assert receipt["picture_kind"] in {"document", "receipt"}
    assert "CORNER SHOP" in receipt["text"]
    assert "210.00" in receipt["text"]
    (row,) = library.query("SELECT lines FROM texts WHERE text LIKE '%CORNER SHOP%' LIMIT 1")
    first = row.lines[0]
    assert first["text"] == "CORNER SHOP"
    assert all(0 <= fraction <= 1 for fraction in first["box"])
