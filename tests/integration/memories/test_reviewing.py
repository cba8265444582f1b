"""Where a library wants it, a person sees a memory before anybody else does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest

from albumen.catalog import audit, libraries, memories, memory_reviews
from albumen.memories import announcing, reviewing
from albumen.memories.story import Story
from albumen.storage.layout import feed_key
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack

Tell = Callable[..., list[Story]]
DAY = date(2023, 6, 12)


@pytest.fixture
def waiting(three_years: TestLibrary, tell: Tell) -> TestLibrary:
    """A library that wants to be asked, with one story that waits."""
    with three_years.connect() as connection:
        three_years.library = libraries.change(connection, "test", {"review": "ask"})
        connection.commit()
    assert len(tell(three_years)) == 1
    return three_years


def story(place: TestLibrary) -> memories.StoredMemory:
    with place.connect() as connection:
        (found,) = memories.stored(connection, place.library.library_id)
    return found


def answer(place: TestLibrary, memory_id: str, *, approved: bool) -> bool:
    return reviewing.answer(
        place.connect, place.store, place.library, memory_id, place.settings, approved=approved, by="ann"
    )


def published(place: TestLibrary) -> list[str] | None:
    """Ids in the feed; None without a feed."""
    key = feed_key(place.library.library_id, DAY)
    if not any(place.store.list_all(place.bucket, key, most=1)):
        return None
    return [told["id"] for told in json.loads(place.store.get(place.bucket, key))["stories"]]


def events(place: TestLibrary) -> list[str]:
    return [row.event for row in place.query("SELECT event FROM memory_events ORDER BY event_id")]


def test_an_approved_story_is_in_the_feed_told_of_and_audited(waiting: TestLibrary) -> None:
    held = story(waiting)
    assert (held.state, published(waiting), events(waiting)) == ("review", None, [])
    assert answer(waiting, held.memory_id, approved=True)
    assert story(waiting).state == "published"
    assert published(waiting) == [held.memory_id]
    assert events(waiting) == ["memory.published"]
    with waiting.connect() as connection:
        (entry,) = audit.recent(connection, most=5)
    assert (entry.by, entry.action, entry.library) == ("ann", "publish memory", "test")
    assert entry.details == {"memory": held.memory_id}


def test_it_is_answered_once_and_only_where_there_is_a_question(waiting: TestLibrary) -> None:
    held = story(waiting)
    assert answer(waiting, held.memory_id, approved=True)
    assert not answer(waiting, held.memory_id, approved=True)
    assert not answer(waiting, held.memory_id, approved=False), "what is published is suppressed, not declined"
    assert not answer(waiting, "0" * 16, approved=True)
    assert events(waiting) == ["memory.published"]


def test_what_was_left_out_stays_out_when_photos_come_late_and_can_still_be_approved(
    waiting: TestLibrary, tell: Tell
) -> None:
    held = story(waiting)
    assert answer(waiting, held.memory_id, approved=False)
    waiting.put("2018/late.jpg", a_photo("late", taken="2018:06:12 12:00:00"))
    waiting.discover()
    waiting.work()
    assert tell(waiting) == []
    assert (story(waiting).state, published(waiting), events(waiting)) == ("declined", None, [])
    assert answer(waiting, held.memory_id, approved=True)
    assert published(waiting) == [held.memory_id]


def test_an_edition_made_anew_is_asked_about_anew_and_the_old_one_is_out(waiting: TestLibrary, tell: Tell) -> None:
    held = story(waiting)
    with waiting.connect() as connection:
        memory_reviews.mark_asked(connection, held.memory_id, held.inputs_key)
        assert memory_reviews.unasked(connection, most=5) == []
        connection.commit()
    answer(waiting, held.memory_id, approved=True)
    waiting.put("2018/late.jpg", a_photo("late", taken="2018:06:12 12:00:00"))
    waiting.discover()
    waiting.work()
    tell(waiting)
    anew = story(waiting)
    assert (anew.state, published(waiting)) == ("review", [])
    assert events(waiting) == ["memory.published", "memory.withdrawn"]
    with waiting.connect() as connection:
        (asked,) = memory_reviews.unasked(connection, most=5)
        late = memory_reviews.answer(
            connection, waiting.library.library_id, held.memory_id,
            approved=True, by="bob", library="test", inputs_key=held.inputs_key,
        )  # fmt: skip
        assert late is None, "an answer about the edition before does not let this one out"
    assert (asked.memory_id, asked.inputs_key) == (anew.memory_id, anew.inputs_key)
    announcing.announce(waiting.connect, waiting.store, [], waiting.settings)
    assert waiting.store.head(waiting.bucket, anew.page_key).size > 0, "the withdrawal of the old takes none of the new"


def test_a_feed_that_was_not_written_comes_with_its_event(waiting: TestLibrary) -> None:
    held = story(waiting)
    with waiting.connect() as connection:
        memory_reviews.answer(
            connection, waiting.library.library_id, held.memory_id, approved=True, by="ann", library="test"
        )
        connection.commit()
    assert published(waiting) is None
    assert announcing.announce(waiting.connect, waiting.store, [], waiting.settings) == 1
    assert published(waiting) == [held.memory_id]
