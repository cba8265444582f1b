"""Memories in the console: read, asked why, approved, hidden; every action is written down."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from albumen.catalog import audit, libraries, memories
from albumen.catalog.memories import StoredMemory
from albumen.memories import generating
from albumen.storage.layout import feed_key
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

DAY = date(2023, 6, 12)


@pytest.fixture
def told(library: TestLibrary, sandbox: Any) -> TestLibrary:
    """A library that wants to be asked, with one story that waits."""
    for year in (2019, 2020, 2021):
        for number in range(3):
            library.put(f"{year}/{number}.jpg", a_photo(f"{year} {number}", taken=f"{year}:06:12 1{number}:30:00"))
    library.discover()
    library.work()
    with library.connect() as connection:
        library.library = libraries.change(connection, "test", {"review": "ask"})
        connection.commit()
    place = library
    generating.generate(place.connect, place.store, place.library, DAY, place.settings, seed=1)
    return library


def story(place: TestLibrary) -> StoredMemory:
    with place.connect() as connection:
        (found,) = memories.stored(connection, place.library.library_id)
    return found


def audited(place: TestLibrary) -> list[tuple[str, str, Any]]:
    with place.connect() as connection:
        return [(entry.by, entry.action, entry.details) for entry in audit.recent(connection, most=10)]


def published(place: TestLibrary) -> list[str]:
    feed = json.loads(place.store.get(place.bucket, feed_key(place.library.library_id, DAY)))
    return [one["id"] for one in feed["stories"]]


def test_what_waits_is_shown_with_its_cover_and_approved(operator: Any, viewer: Any, told: TestLibrary) -> None:
    held = story(told)
    listed = operator.get("/albumen/memories?library=test&state=review").text
    assert held.title in listed
    assert "media/" in listed
    assert "Approve" in listed
    assert "Approve" not in viewer.get("/albumen/memories?library=test&state=review").text.replace("approves", "")
    answer = operator.act("answer-memory?library=test", {"memory": held.memory_id, "approved": True})
    assert answer.json() == {"changed": 1, "told": "published"}
    assert published(told) == [held.memory_id]
    assert audited(told) == [("operator", "publish memory", {"memory": held.memory_id})]
    again = operator.act("answer-memory?library=test", {"memory": held.memory_id, "approved": True})
    assert again.status_code == 409


def test_a_story_says_why_and_shows_the_page_its_owner_sees(viewer: Any, told: TestLibrary) -> None:
    held = story(told)
    shown = viewer.get(f"/albumen/memory?library=test&memory={held.memory_id}").text
    for _, key, reason in held.items:
        assert key.removeprefix("test/") in shown
        assert reason in shown
    page = viewer.get(f"/albumen/memory-page?library=test&memory={held.memory_id}")
    assert page.content == told.store.get(told.bucket, held.page_key)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "frame-ancestors 'self'" in policy
    cover = viewer.get(f"/albumen/memory-cover?library=test&memory={held.memory_id}", follow_redirects=False)
    assert cover.status_code == 307
    picture = viewer.get(f"/albumen/{cover.headers['location']}")
    assert picture.content == told.store.get(told.bucket, held.files["cover-16x9"])


def test_less_like_this_withdraws_at_once_and_is_taken_back(operator: Any, told: TestLibrary) -> None:
    held = story(told)
    operator.act("answer-memory?library=test", {"memory": held.memory_id, "approved": True})
    item = held.items[0][0]
    answer = operator.act("hide-in-memories?library=test", {"kind": "like", "value": str(item)})
    assert answer.json() == {"changed": 1, "told": "hidden; 1 story is withdrawn"}
    assert published(told) == []
    shown = operator.get("/albumen/memories?library=test").text
    assert "what looks like a picture" in shown
    with told.connect() as connection:
        number = connection.exec_driver_sql("SELECT suppression_id FROM suppressions").scalar_one()
    assert operator.act("show-in-memories?library=test", {"suppression": number}).status_code == 200
    assert operator.act("show-in-memories?library=test", {"suppression": number}).status_code == 404
    assert [action for _, action, _ in audited(told)] == ["show in memories", "hide in memories", "publish memory"]


def test_what_the_owner_thinks_is_kept_and_audited(operator: Any, told: TestLibrary) -> None:
    held = story(told)
    answer = operator.act("rate-memory?library=test", {"memory": held.memory_id, "signal": "favourite"})
    assert answer.status_code == 200
    item = held.items[0][0]
    less = operator.act("rate-memory?library=test", {"memory": held.memory_id, "signal": "less", "item": item})
    assert less.status_code == 200
    kept = told.query("SELECT signal, item_id FROM memory_signals ORDER BY signal_id")
    assert [tuple(row) for row in kept] == [("favourite", None), ("less", item)]
    assert audited(told)[0] == ("operator", "rate memory", {"memory": held.memory_id, "signal": "less", "item": item})
    shown = operator.get(f"/albumen/memory?library=test&memory={held.memory_id}").text
    assert "of what its owner likes" in shown
    unknown = operator.act("rate-memory?library=test", {"memory": "0" * 16, "signal": "less"})
    assert unknown.status_code == 404


def test_wrong_requests_are_told_in_words(operator: Any, told: TestLibrary) -> None:
    assert operator.get("/albumen/memory?library=test&memory=nonsense").status_code == 422
    assert operator.get(f"/albumen/memory?library=test&memory={'0' * 16}").status_code == 404
    assert operator.act("hide-in-memories?library=test", {"kind": "item", "value": "x; --"}).status_code == 422
    assert operator.act("hide-in-memories?library=test", {"kind": "planet", "value": "x"}).status_code == 422
    assert operator.get("/albumen/memories?library=test&before=yesterday").status_code == 422


def test_another_librarys_memory_is_out_of_reach(operator: Any, told: TestLibrary) -> None:
    held = story(told)
    TestLibrary.create(told.url, told.store, told.bucket, name="other")
    assert operator.get(f"/albumen/memory-page?library=other&memory={held.memory_id}").status_code == 404
    answer = operator.act("answer-memory?library=other", {"memory": held.memory_id, "approved": True})
    assert answer.status_code == 409
    assert story(told).state == "review"


def test_a_page_ends_between_days(viewer: Any, told: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("albumen.console.pages.memories.SHOWN", 2)
    for month in (6, 7, 8):
        told.execute(
            "INSERT INTO memories (memory_id, library_id, kind, key, told_on, title, reason, strength, cover_item_id, "
            "inputs_key, page_key) SELECT :id, library_id, kind, :id, :day, :title, reason, 0.1, 1, '', '' "
            "FROM memories WHERE length(key) > 16 LIMIT 1",
            id=f"{month:016x}", day=date(2024, month, 1), title=f"Story of month {month}",
        )  # fmt: skip
    first = viewer.get("/albumen/memories?library=test").text
    assert "Story of month 8" in first
    assert "Story of month 7" not in first
    assert "before=2024-08-01" in first
    assert "Story of month 7" in viewer.get("/albumen/memories?library=test&before=2024-08-01").text
