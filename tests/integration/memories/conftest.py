"""A library with stories to tell of 12 June 2023."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from albumen.memories import generating
from albumen.memories.story import Story
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

DAY = date(2023, 6, 12)


@pytest.fixture
def three_years(library: TestLibrary, sandbox: Any) -> TestLibrary:
    """Three photos of 12 June in each of three years, worked on."""
    for year in (2019, 2020, 2021):
        for number in range(3):
            library.put(f"{year}/{number}.jpg", a_photo(f"{year} {number}", taken=f"{year}:06:12 1{number}:30:00"))
    library.discover()
    library.work()
    return library


@pytest.fixture
def tell() -> Callable[..., list[Story]]:
    """Makes the memories of a day of a library: `tell(library)`."""

    def told(place: TestLibrary, day: date = DAY) -> list[Story]:
        return generating.generate(place.connect, place.store, place.library, day, place.settings, seed=1)

    return told
