"""What memories read of the catalog: the windows of all kinds at once, and no more than stories need."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from albumen.catalog import highlights, memory_context
from albumen.memories.gathering import gather, outline
from albumen.memories.registry import memory_kinds
from albumen.settings import MemorySettings
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack


@pytest.fixture
def filled(library: TestLibrary, sandbox: Any) -> TestLibrary:
    for year in (2019, 2021):
        for number in range(4):
            library.put(f"{year}/{number}.jpg", a_photo(f"{year} {number}", taken=f"{year}:06:12 1{number}:30:00"))
    for number in range(6):
        library.put(f"may/{number}.jpg", a_photo(f"may {number}", taken=f"2023:05:1{number} 12:00:00"))
    library.put("undated.jpg", a_photo("undated", taken="0000:00:00 00:00:00"))
    library.discover()
    library.work()
    return library


def test_each_kind_is_given_the_photos_of_its_window_and_no_others(filled: TestLibrary) -> None:
    kinds = memory_kinds(MemorySettings())
    with filled.connect() as connection:
        contexts = gather(connection, filled.library, date(2023, 6, 1), kinds.values(), MemorySettings())
        on_the_day = gather(connection, filled.library, date(2023, 6, 12), kinds.values(), MemorySettings())
    assert sorted(photo.taken_local.month for photo in contexts["recap"].photos) == [5] * 6
    assert contexts["on_this_day"].photos == ()
    assert len(on_the_day["on_this_day"].photos) == 8
    assert on_the_day["recap"].photos == ()


def test_a_photo_whose_time_is_only_guessed_is_not_told_of(filled: TestLibrary) -> None:
    today = filled.query("SELECT CAST(taken_local AS date) AS day FROM facts WHERE taken_confidence = 'low'")
    (row,) = today
    with filled.connect() as connection:
        found = memory_context.photos(connection, filled.library.library_id, [(row.day, row.day, 9)])
    assert found == []


def test_the_outline_has_the_days_and_what_was_told(filled: TestLibrary) -> None:
    with filled.connect() as connection:
        whole = outline(connection, filled.library, date(2023, 6, 12))
    assert whole.days[date(2019, 6, 12)] == 4
    assert len(whole.days) == 8
    assert whole.photos == ()
    assert whole.told == ()


def test_of_a_day_with_too_many_photos_every_hour_keeps_its_best(filled: TestLibrary) -> None:
    filled.execute("UPDATE quality SET score = 0.9")
    filled.execute("UPDATE facts SET taken_local = '2019-06-12 10:00' WHERE taken_local = '2019-06-12 11:30'")
    day = date(2019, 6, 12)
    with filled.connect() as connection:
        highlights.choose(connection, filled.library.library_id, [day])
        found = memory_context.photos(connection, filled.library.library_id, [(day, day, 2)])
    assert len(found) == 2
    assert len({row["taken_local"].hour for row in found}) == 2


def test_a_person_brings_their_best_photos_of_each_year_and_a_trip_its_places(
    filled: TestLibrary, monkeypatch: Any
) -> None:
    monkeypatch.setattr(memory_context, "OF_A_YEAR", 2)
    library_id = filled.library.library_id
    filled.execute(
        "INSERT INTO people (library_id, person_id, name, faces, birth_date) "
        "VALUES (:library_id, 'ann', 'Ann', 20, '2018-09-01')",
        library_id=library_id,
    )
    filled.execute(
        "INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, "
        "model_id, vector) SELECT library_id, item_id, 0, .4, .4, .2, .2, .9, '{}', 1, 'm', :vector FROM facts",
        vector=str([0.0] * 128),
    )
    filled.execute(
        "INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height) "
        "SELECT library_id, item_id, 0, 'ann', 1, .4, .4, .2, .2 FROM facts"
    )
    filled.execute(
        "INSERT INTO places (library_id, place_id, city, country, country_code, lat, lon) "
        "VALUES (:library_id, 'p1', 'Arezzo', 'Italy', 'IT', 43.4, 11.9)",
        library_id=library_id,
    )
    filled.execute(
        "INSERT INTO trips (library_id, trip_id, starts_at, ends_at, first_day, last_day, days, photos, farthest_km, "
        "place_ids) "
        "VALUES (:library_id, 't1', '2023-05-10', '2023-05-15', '2023-05-10', '2023-05-15', 6, 6, 300, '{p1}')",
        library_id=library_id,
    )
    kinds = memory_kinds(MemorySettings())
    with filled.connect() as connection:
        highlights.choose(connection, library_id, list(outline(connection, filled.library, date(2024, 9, 1)).days))
        contexts = gather(connection, filled.library, date(2024, 9, 1), kinds.values(), MemorySettings())
    assert [person.name for person in contexts["trip"].people] == ["Ann"]
    assert [trip.places for trip in contexts["trip"].trips] == [(("Arezzo", "Italy"),)]
    theirs = contexts["birthday"].photos
    years = [photo.taken_local.year for photo in theirs]
    assert (years.count(2019), years.count(2021)) == (2, 2)
    assert all(photo.people == {"ann"} for photo in theirs)
    assert {photo.taken_local.month for photo in contexts["trip"].photos} == {5}


def test_screenshots_documents_and_unsafe_pictures_are_never_read(filled: TestLibrary) -> None:
    of_day = "SELECT item_id FROM facts WHERE taken_local = :at"
    for at, kind in (("2019-06-12 10:30", "screenshot"), ("2019-06-12 11:30", "receipt"), ("2021-06-12 10:30", "scan")):
        filled.execute(
            f"INSERT INTO picture_kinds (library_id, item_id, kind, score) SELECT 1, item_id, :kind, 1 FROM ({of_day}) "
            "AS f ON CONFLICT (library_id, item_id) DO UPDATE SET kind = excluded.kind",
            at=at, kind=kind,
        )  # fmt: skip
    filled.execute(
        f"INSERT INTO safety (library_id, item_id, score, model_id) SELECT 1, item_id, 0.9, 'm' FROM ({of_day}) AS f "
        "ON CONFLICT (library_id, item_id) DO UPDATE SET score = excluded.score",
        at="2021-06-12 11:30",
    )
    with filled.connect() as connection:
        context = gather(
            connection, filled.library, date(2023, 6, 12), memory_kinds(MemorySettings()).values(), MemorySettings()
        )["on_this_day"]
    hours = sorted((photo.taken_local.year, photo.taken_local.hour) for photo in context.photos)
    assert hours == [(2019, 12), (2019, 13), (2021, 10), (2021, 12), (2021, 13)]
