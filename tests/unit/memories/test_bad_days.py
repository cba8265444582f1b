"""Every kind, given the days that nobody thinks of."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from albumen.memories import selection
from albumen.memories.context import Context, FaceBox, Person, Photo, Trip
from albumen.memories.contract import Candidate
from albumen.memories.gathering import inside
from albumen.memories.hiding import Hidden
from albumen.memories.registry import memory_kinds
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable

SETTINGS = MemorySettings()
DAY = date(2026, 6, 12)


def told(photos: Sequence[Photo], day: date = DAY, **facts: object) -> list[Candidate]:
    """The stories of a day, as `generating.stories` chooses them, with their titles asked for."""
    whole = a_context(photos, **facts)
    outline = Context(**{name: getattr(whole, name) for name in whole.__dataclass_fields__ if name != "photos"})
    kinds, found = memory_kinds(SETTINGS), []
    for kind in kinds.values():
        context = a_context(inside(list(photos), kind.window(outline, day)), **{**facts, "days": whole.days})
        found += kind.candidates(context, day, 1)
    stories = selection.select(found, whole, day, SETTINGS)
    for story in stories:
        assert kinds[story.kind].title(story, "en_GB")
        assert story.reason
        assert story.cover in [item.photo for item in story.items]
        assert [item.photo.taken_local for item in story.items] == sorted(
            item.photo.taken_local for item in story.items
        )
        assert SETTINGS.on_this_day_min_photos <= len(story.items) <= SETTINGS.max_photos
    return stories


def hours(start: datetime, count: int, *, first: int = 1, minutes: float = 60) -> list[Photo]:
    """Photos of different looks at regular times."""
    dice = random.Random(f"{start} {count} {first}")
    return [
        a_memorable(first + n, start + timedelta(minutes=minutes * n), phash=dice.getrandbits(64) - 2**63)
        for n in range(count)
    ]


def anniversaries(years: Sequence[int], each: int = 4, month: int = 6, day: int = 12) -> list[Photo]:
    """Some photos of one calendar day in some years."""
    return [photo for year in years for photo in hours(datetime(year, month, day, 9), each, first=100 * (year - 1800))]


@pytest.mark.parametrize("count", [0, 1, 4])
def test_hardly_any_photos_are_no_story(count: int) -> None:
    assert told(anniversaries(range(2026 - count, 2026), each=1)) == []


def test_a_library_of_one_day_waits_and_is_then_told_as_that_day() -> None:
    photos = hours(datetime(2026, 4, 1, 8), 40, minutes=15)
    assert told(photos, date(2026, 4, 2)) == []
    stories = [story for offset in range(28, 60) for story in told(photos, date(2026, 4, 1) + timedelta(days=offset))]
    assert {story.kind for story in stories} == {"event"}, "one day is no month to look back on"


def test_photos_whose_date_is_a_guess_are_in_no_anniversary() -> None:
    assert told([a_memorable(n, datetime(2015 + n, 6, 12, 12), taken_confidence="low") for n in range(9)]) == []


def test_without_positions_no_place_is_named() -> None:
    (story,) = told(anniversaries((2020, 2022, 2024)))
    assert story.kind == "on_this_day"
    assert " in " not in story.reason.replace(" in 2020, 2022 and 2024", "")


@pytest.mark.parametrize("year", [1919, 2099, 9998])
def test_very_old_and_far_away_days_are_told_like_others(year: int) -> None:
    (story,) = told(anniversaries((year - 2, year - 1)), date(year, 6, 12))
    assert story.years == (year - 2, year - 1)


def test_scans_of_1919_beside_todays_photos() -> None:
    (story,) = told(anniversaries((1919, 2020, 2024)))
    assert story.years == (1919, 2020, 2024)


def test_photos_of_the_future_are_not_remembered() -> None:
    assert told(anniversaries((2027, 2030, 2099))) == []


def test_a_move_of_home_makes_no_trip_and_splits_no_story() -> None:
    """Trips are what `organise` says they are; without any, places that change with the home are no journey."""
    old = [a_memorable(n, datetime(2020, 6, 12, 8 + n), gps=(45.8, 16.0), place="Zagreb") for n in range(5)]
    new = [a_memorable(50 + n, datetime(2024, 6, 12, 8 + n), gps=(43.5, 16.4), place="Split") for n in range(5)]
    (story,) = told([*old, *new])
    assert story.kind == "on_this_day"
    assert "Zagreb" not in story.reason
    assert len(story.items) == 10


def test_across_the_date_line_each_photo_stays_on_its_own_local_day() -> None:
    """From Kiritimati at noon of the 12th to Honolulu, on the 11th: local days go back, the story does not."""
    photos = anniversaries((2022,), each=3)
    photos += [a_memorable(1, datetime(2024, 6, 12, 9)), a_memorable(2, datetime(2024, 6, 12, 12))]
    photos += [a_memorable(3, datetime(2024, 6, 11, 14)), a_memorable(4, datetime(2024, 6, 11, 20))]
    (story,) = told(photos)
    shown = {item.photo.item_id for item in story.items}
    assert {1, 2} <= shown
    assert shown.isdisjoint({3, 4}), "the day itself has enough"


def test_an_hour_that_comes_twice_keeps_its_order_and_is_told_once() -> None:
    """The night the clocks go back has 02:30 twice in local time; both are told as what the clock said."""
    photos = anniversaries((2021, 2022), each=3, month=10, day=25)
    photos += [a_memorable(n, datetime(2020, 10, 25, 2, 30), phash=(1 << 40 + n) - 1 << n) for n in (1, 2)]
    (story,) = told(photos, date(2026, 10, 25))
    assert len([item for item in story.items if item.photo.item_id in (1, 2)]) == 1


def test_fifty_thousand_photos_of_a_day_are_told_in_twenty() -> None:
    dice = random.Random(5)
    photos = [
        a_memorable(n, datetime(2024, 6, 12) + timedelta(seconds=1.7 * n), phash=dice.getrandbits(64) - 2**63)
        for n in range(50_000)
    ]
    stories = told([*photos, *anniversaries((2020, 2022))])
    assert stories[0].kind == "on_this_day"
    assert set(stories[0].years) == {2020, 2022, 2024}
    assert len(stories[0].items) == SETTINGS.max_photos


def test_a_hidden_person_in_half_of_the_pictures_leaves_the_other_half() -> None:
    face = FaceBox(0.4, 0.3, 0.2, 0.2, 0.9, "ann")
    photos = anniversaries((2020, 2022, 2024))
    marked = [photo if at % 2 else a_memorable(photo.item_id, photo.taken_local, faces=(face,), phash=photo.phash)
              for at, photo in enumerate(photos)]  # fmt: skip
    hidden = Hidden(people=frozenset(["ann"]))
    shown = [photo for photo in marked if not hidden.hides(photo)]
    assert len(shown) == len(photos) // 2
    (story,) = told(shown)
    assert len(story.items) == 6
    assert all(not item.photo.people for item in story.items)


def test_two_who_share_a_birthday_and_one_who_is_not_born_yet() -> None:
    people = (
        Person("ann", "Ann", date(2020, 6, 12), 30),
        Person("bob", "Bob", date(1990, 6, 12), 30),
        Person("eve", "Eve", date(2027, 6, 12), 30),
    )
    photos = []
    for number, person in enumerate(people):
        face = (FaceBox(0.4, 0.3, 0.2, 0.2, 0.9, person.person_id),)
        photos += [a_memorable(1000 * number + n, datetime(2021 + n % 4, 3, 1 + n, 10 + number), faces=face)
                   for n in range(12)]  # fmt: skip
    stories = told(photos, people=people)
    assert sorted(story.about for story in stories if story.kind == "birthday") == ["Ann 6", "Bob 36"]


def test_a_trip_over_new_year_is_one_story_of_both_years() -> None:
    photos = hours(datetime(2024, 12, 29, 9), 8) + hours(datetime(2025, 1, 2, 9), 8, first=50)
    away = [a_memorable(p.item_id, p.taken_local, trip_id="t", place="Rovinj", phash=p.phash) for p in photos]
    trip = Trip("t", date(2024, 12, 29), date(2025, 1, 2), 250.0, (("Rovinj", "Croatia"),))
    stories = told(away, date(2025, 1, 5), trips=(trip,))
    assert [story.years for story in stories if story.kind == "trip"] == [(2024, 2025)]
