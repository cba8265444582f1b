"""Publishers: called for every memory that is made or made anew, and never at the cost of the memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

import pytest

from albumen.catalog import memories
from albumen.memories import generating, registry
from albumen.memories.publishing import Edition, Publisher, PublishingError, Shelf
from albumen.memories.story import Story
from albumen.settings import MemorySettings, Settings
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack

DAY = date(2023, 6, 12)


class Wall(Publisher):
    """A wall that may be full."""

    name = "wall"
    version = 1
    hung: ClassVar[list[str]] = []
    is_full: ClassVar[bool] = False

    def publish(self, edition: Edition, shelf: Shelf) -> str:
        if self.is_full:
            raise OSError("the wall is full")
        assert edition.story.title in edition.page
        assert all(picture.startswith(b"\xff\xd8") for picture in edition.pictures.values())
        self.hung.append(edition.story.id)
        return f"wall/{len(self.hung)}"


@pytest.fixture(autouse=True)
def wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Wall]]:
    monkeypatch.setattr(registry, "PUBLISHERS", (*registry.PUBLISHERS, f"{__name__}:Wall"))
    yield Wall
    Wall.hung.clear()
    Wall.is_full, Wall.version = False, 1


@pytest.fixture
def told(library: TestLibrary, sandbox: Any) -> TestLibrary:
    for year in (2019, 2020, 2021):
        for number in range(3):
            library.put(f"{year}/{number}.jpg", a_photo(f"{year} {number}", taken=f"{year}:06:12 1{number}:30:00"))
    library.discover()
    library.work()
    return library


def generate(place: TestLibrary, *publishers: str) -> list[Story]:
    settings = Settings(library_bucket=place.bucket, memories=MemorySettings(publishers=publishers or ("page", "wall")))
    return generating.generate(place.connect, place.store, place.library, DAY, settings, seed=1)


def stored(place: TestLibrary) -> list[memories.StoredMemory]:
    with place.connect() as connection:
        return memories.stored(connection, place.library.library_id)


def test_a_memory_is_published_once_and_again_when_it_is_told_anew(told: TestLibrary, wall: type[Wall]) -> None:
    (story,) = generate(told)
    generate(told)
    assert wall.hung == [story.id]
    told.put("2022/new.jpg", a_photo("new", taken="2022:06:12 12:00:00"))
    told.discover()
    told.work()
    generate(told)
    assert wall.hung == [story.id, story.id]


def test_who_is_not_named_is_not_called_and_who_is_named_later_is(told: TestLibrary, wall: type[Wall]) -> None:
    (story,) = generate(told, "page")
    assert wall.hung == []
    generate(told)
    assert wall.hung == [story.id]


def test_a_publisher_of_a_new_version_publishes_anew(told: TestLibrary, wall: type[Wall]) -> None:
    (story,) = generate(told)
    wall.version = 2
    generate(told)
    assert wall.hung == [story.id, story.id]


def test_a_publisher_that_fails_is_told_and_tried_again_and_the_memory_stands(
    told: TestLibrary, wall: type[Wall]
) -> None:
    wall.is_full = True
    with pytest.raises(PublishingError, match=r"not published by 'wall': OSError\('the wall is full'\)"):
        generate(told)
    (memory,) = stored(told)
    assert memory.title.encode() in told.store.get(told.bucket, memory.page_key)
    wall.is_full = False
    generate(told)
    generate(told)
    assert wall.hung == [memory.memory_id]
    (after,) = stored(told)
    assert replace(after, inputs_key="") == replace(memory, inputs_key=""), "only who published it is remembered anew"
