"""Hostile files among good ones, through the whole pipeline; and what a raised limit lets through."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from albumen.catalog import quarantine
from albumen.testing.bombs import png

pytestmark = pytest.mark.stack


def _hostile_files() -> dict[str, bytes]:
    found = {
        "empty.jpg": b"",
        "one-byte.png": b"\x89",
        "text.jpg": b"this is no picture",
        "cut.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
        "soi-only.jpg": b"\xff\xd8\xff\xd9",
        "cut.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x02\x00\x00\x00",
        "cut.gif": b"GIF89a\xff\xff\xff\xff\x80\x00\x00",
        "cut.webp": b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        "cut.tif": b"II*\x00\xff\xff\xff\x7f",
        "cut.heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        "script.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        "zeros.jpg": bytes(4096),
        "noise.jpg": b"\xff\xd8\xff\xe1" + random.Random(1).randbytes(8192),
    }
    if (corpus := _corpus()) is not None:
        files = sorted(path for path in corpus.rglob("*") if path.is_file())
        found |= {f"corpus/{path.relative_to(corpus).as_posix()}": path.read_bytes() for path in files}
    return found


def _corpus() -> Path | None:
    folders = (parent / "shared" / "corpus" / "hostile" for parent in Path(__file__).resolve().parents)
    return next((folder for folder in folders if folder.is_dir()), None)


def test_every_good_photo_among_hostile_files_is_done_and_every_bad_one_ends_with_a_reason(library, photo) -> None:
    hostile = _hostile_files()
    good = {f"good-{number:02}.jpg": photo(number) for number in range(10)}
    keys = [*hostile, *good]
    random.Random(3).shuffle(keys)
    for key in keys:
        library.put(key, (hostile | good)[key])
    library.discover()

    for _ in range(3):
        library.work()
        library.execute("UPDATE due SET not_before = now()")

    records = library.records()
    assert set(records) == set(keys)
    assert {key: records[key]["state"] for key in good} == dict.fromkeys(good, "done")
    handmade = [key for key in hostile if not key.startswith("corpus/")]
    assert {
        key: records[key]["state"] for key in handmade if records[key]["state"] not in {"quarantined", "skipped"}
    } == {}
    for key, record in records.items():
        assert record["state"] in {"done", "skipped", "quarantined"}, key
        if record["state"] != "done":
            assert record["reason"] not in {None, "bug", "transient"}, (key, record["reason"], record["detail"])


def test_a_raised_limit_lets_through_what_is_released_and_makes_nothing_else_due(library, photo) -> None:
    library.put("large.png", png(300, 200))
    library.put("good.jpg", photo(1))
    library.put("broken.png", png(30, 20)[:40])
    narrow = library.settings.limits.model_copy(update={"photo_pixels": 59_999})
    before, library.settings = library.settings, library.settings.model_copy(update={"limits": narrow})
    library.discover()
    library.work()
    refused = library.records()["large.png"]
    assert (refused["state"], refused["reason"]) == ("quarantined", "too_large")
    assert refused["detail"] == "300 x 200 = 60000 pixels, limit 59999 (limits.photo_pixels)"

    library.settings = before
    library.work()
    assert library.records()["large.png"]["state"] == "quarantined"
    assert library.query("SELECT FROM due") == [], "a limit is no part of what makes work due"

    with library.connect() as connection:
        chosen = quarantine.listed(connection, library.library.library_id, reason="too_large")
        assert quarantine.release(connection, library.library.library_id, chosen) == 1
        connection.commit()
    assert [row.step for row in library.query("SELECT step FROM due")] == ["renditions"]
    library.work()
    states = {key: record["state"] for key, record in library.records().items()}
    assert states == {"large.png": "done", "good.jpg": "done", "broken.png": "quarantined"}
