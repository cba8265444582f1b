from datetime import date, datetime, timedelta

import pytest

from albumen.memories.context import FaceBox, Person, Told, Trip
from albumen.memories.kinds.then_and_now import ThenAndNow, compared
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable

ANN = Person("p-ann", "Ann", None, 60)
DAY = date(2024, 6, 12)


def of_ann(*years, each=4, start=1, **changes):
    face = FaceBox(0.4, 0.3, 0.2, 0.2, 0.9, "p-ann")
    moments = [datetime(year, 3 + n, 2, 12) for year in years for n in range(each)]
    return [a_memorable(start + n, at, faces=(face,), **changes) for n, at in enumerate(moments)]


def there(year, start):
    trip = Trip(f"t{year}", date(year, 7, 3), date(year, 7, 6), 300.0, (("Višnjan", "Croatia"),))
    photos = [
        a_memorable(start + n, datetime(year, 7, 3, 9) + timedelta(hours=5 * n), trip_id=trip.trip_id, place="Višnjan")
        for n in range(5)
    ]
    return trip, photos


def told(photos, day=DAY, **facts):
    kind = ThenAndNow(MemorySettings())
    return [(story, kind.title(story, "en_GB")) for story in kind.candidates(a_context(photos, **facts), day, 1)]


def test_somebody_years_apart_is_shown_in_the_first_and_the_last_year_only():
    ((story, title),) = told(of_ann(2009, 2015, 2023), people=(ANN,))
    assert title == "Then and now: Ann, 2009 and 2023"
    assert story.years == (2009, 2023)
    assert story.reason == "8 photos of Ann from 2009 and 2023"
    years = [item.photo.taken_local.year for item in story.items]
    assert (years.count(2009), years.count(2023), len(years)) == (4, 4, 8)
    assert story.cover.taken_local.year == 2023


def test_a_place_years_apart_and_not_what_was_taken_elsewhere_on_the_way():
    (first, then), (middle, between), (last, now) = there(2010, 1), there(2014, 20), there(2019, 40)
    elsewhere = [a_memorable(90, datetime(2019, 7, 4, 12), trip_id="t2019", place="Rovinj")]
    ((story, title),) = told(then + between + now + elsewhere, trips=(first, middle, last))
    assert title == "Then and now: Višnjan, 2010 and 2019"
    assert {item.photo.trip_id for item in story.items} == {"t2010", "t2019"}
    assert {item.photo.place for item in story.items} == {"Višnjan"}


def test_the_window_asks_for_whoever_has_a_turn_and_for_the_days_of_the_two_trips():
    (first, _), (middle, _), (last, _) = there(2010, 1), there(2014, 20), there(2019, 40)
    context = a_context([], people=(ANN,), trips=(first, middle, last))
    window = ThenAndNow(MemorySettings()).window(context, DAY)
    assert window.features == ("person:p-ann",)
    assert [(each.first.year, each.last.year) for each in window.ranges] == [(2010, 2010), (2019, 2019)]


@pytest.mark.parametrize(
    "photos",
    [of_ann(2019, 2023), of_ann(2009, 2023, each=1), of_ann(2009, 2023, quality=0.2), of_ann(2023, 2040), []],
    ids=["too near", "one each", "blurred", "the future", "none"],
)
def test_too_little_is_no_comparison(photos):
    assert told(photos, people=(ANN,)) == []


def test_a_year_of_blurred_pictures_is_not_the_first_one():
    photos = of_ann(2005, quality=0.2) + of_ann(2012, 2020, start=50)
    assert compared(photos) == (2012, 2020)


def test_somebody_seldom_seen_and_what_was_told_lately_are_left_out():
    photos = of_ann(2009, 2023)
    assert told(photos, people=(Person("p-ann", "Ann", None, 5),)) == []
    before = (Told("then_and_now", "then_and_now:p-ann", date(2024, 1, 1), frozenset()),)
    assert told(photos, people=(ANN,), told=before) == []
