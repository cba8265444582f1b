"""The feed: one object a day, whole at any moment, the same bytes for the same stories."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date
from urllib.request import urlopen

import pytest

from albumen.catalog import memories
from albumen.memories import feeds
from albumen.memories.schemas import check
from albumen.memories.story import Story
from albumen.storage.layout import feed_key
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Tell = Callable[..., list[Story]]
DAY = date(2023, 6, 12)


def raw(place: TestLibrary) -> bytes:
    return place.store.get(place.bucket, feed_key(place.library.library_id, DAY))


def write(place: TestLibrary, *, link_s: int = 0) -> list[str]:
    return feeds.write(place.connect, place.store, place.bucket, place.library.library_id, [DAY], link_s=link_s)


def test_a_feed_names_every_file_and_its_links_open(three_years: TestLibrary, tell: Tell) -> None:
    (story,) = tell(three_years)
    feed = json.loads(raw(three_years))
    check(feed, "feed")
    (told,) = feed["stories"]
    assert told["id"] == story.id
    assert told["pictures"] == len(story.items)
    assert set(told["links"]) == set(told["files"])
    with urlopen(told["links"]["story"]) as answer:
        described = json.load(answer)
    check(described, "story")
    assert described["files"] == told["files"]
    for file in told["files"].values():
        assert three_years.store.head(three_years.bucket, file).size > 0


def test_the_same_stories_give_the_same_bytes(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    write(three_years)
    before = raw(three_years)
    tell(three_years)
    write(three_years)
    assert raw(three_years) == before
    assert b"links" not in before


def test_a_day_without_stories_has_no_feed_and_wipes_none(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    before = raw(three_years)
    assert tell(three_years, date(2023, 9, 1)) == []
    assert raw(three_years) == before
    keys = [found.key for found in three_years.store.list_all(three_years.bucket, "feeds/")]
    assert keys == [feed_key(three_years.library.library_id, DAY)]


def test_what_waits_for_review_is_in_no_feed(three_years: TestLibrary, tell: Tell) -> None:
    three_years.execute("UPDATE libraries SET review = 'ask'")
    place = three_years
    with place.connect() as connection:
        from albumen.catalog import libraries

        place.library = libraries.named(connection, "test")
    tell(place)
    with place.connect() as connection:
        (memory,) = memories.stored(connection, place.library.library_id)
    assert memory.state == "review"
    assert write(place) == []


def test_a_reader_never_sees_half_a_feed(three_years: TestLibrary, tell: Tell) -> None:
    tell(three_years)
    seen: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            feed = json.loads(raw(three_years))
            check(feed, "feed")
            seen.append(len(feed["stories"]))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(12):
        three_years.execute("UPDATE memories SET state = :state", state="review" if number % 2 else "published")
        write(three_years)
    stop.set()
    reader.join()
    assert set(seen) <= {0, 1}
    assert seen
