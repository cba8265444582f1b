from datetime import date, datetime, timedelta

import pytest

from albumen.memories.context import FaceBox, Person, Told, Trip
from albumen.memories.kinds.birthday import Birthday
from albumen.memories.kinds.person import PersonKind
from albumen.memories.kinds.place import PlaceKind
from albumen.memories.kinds.trip import TripKind
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable

ANN = Person("p-ann", "Ann", date(2019, 5, 4), 60)
LEAP = Person("p-leo", "Leo", date(2016, 2, 29), 60)


def told(kind, context, day):
    made = kind(MemorySettings())
    return [(story, made.title(story, "en_GB")) for story in made.candidates(context, day, seed=1)]


def a_trip(first, days=4, trip_id="t1", places=(("Arezzo", "Italy"),)):
    return Trip(trip_id, first, first + timedelta(days=days - 1), 312.4, places)


def on_trip(trip, start=1, a_day=6, **changes):
    days = (trip.last - trip.first).days + 1
    facts = {"trip_id": trip.trip_id, "place": trip.places[0][0] if trip.places else None, **changes}
    first = datetime.combine(trip.first, datetime.min.time())
    return [
        a_memorable(start + day * a_day + n, first + timedelta(days=day, hours=9 + n), **facts)
        for day in range(days)
        for n in range(a_day)
    ]


def of_ann(years, each=3, person="p-ann", start=1):
    face = FaceBox(0.4, 0.3, 0.2, 0.2, 0.9, person)
    moments = [datetime(year, 3 + n, 2, 12) for year in years for n in range(each)]
    return [a_memorable(start + n, moment, faces=(face,)) for n, moment in enumerate(moments)]


TRIP = a_trip(date(2019, 7, 3))


def test_a_trip_is_told_when_its_owner_is_home_again_and_covers_its_days():
    context = a_context(on_trip(TRIP), trips=(TRIP,))
    assert told(TripKind, context, TRIP.last + timedelta(days=1)) == []
    ((story, title),) = told(TripKind, context, TRIP.last + timedelta(days=2))
    assert title == "Arezzo, July 2019"
    assert story.reason == "20 photos of 4 days in Arezzo, 312 km from home"
    days = [item.photo.taken_local.day for item in story.items]
    assert {days.count(day) for day in (3, 4, 5, 6)} == {5}
    assert story.strength == 0.9


def test_its_anniversary_is_a_stronger_occasion_than_any_day():
    context = a_context(on_trip(TRIP), trips=(TRIP,))
    ((anniversary, _),) = told(TripKind, context, date(2022, 7, 3))
    ((other, _),) = told(TripKind, context, date(2022, 9, 9))
    assert anniversary.strength > other.strength


def test_a_trip_rests_after_it_was_told():
    before = (Told("trip", "trip:t1", date(2022, 1, 1), frozenset()),)
    context = a_context(on_trip(TRIP), trips=(TRIP,), told=before)
    assert told(TripKind, context, date(2022, 7, 3)) == []
    assert len(told(TripKind, context, date(2022, 12, 3))) == 1


def test_a_trip_through_many_places_is_not_named_after_one():
    photos = [
        a_memorable(n, datetime(2019, 7, 3 + n // 6, 9 + n % 6), trip_id="t1", place=f"Town {n % 4}") for n in range(24)
    ]
    trip = a_trip(date(2019, 7, 3), places=tuple((f"Town {n}", "Italy") for n in range(4)))
    ((story, title),) = told(TripKind, a_context(photos, trips=(trip,)), date(2019, 7, 10))
    assert title == "4 days away, July 2019"
    assert "in 4 places" in story.reason


def test_photos_at_home_in_those_days_are_not_of_the_trip():
    home = [a_memorable(900 + n, datetime(2019, 7, 3, 20, n), quality=1.0) for n in range(20)]
    ((story, _),) = told(TripKind, a_context([*home, *on_trip(TRIP)], trips=(TRIP,)), date(2019, 7, 10))
    assert all(item.photo.item_id < 900 for item in story.items)


def test_a_person_is_told_over_the_years_each_once_before_any_twice():
    context = a_context(of_ann(range(2015, 2024)), people=(ANN,))
    ((story, title),) = told(PersonKind, context, date(2024, 1, 9))
    assert title == "Ann over the years"
    assert story.years == tuple(range(2015, 2024))
    assert story.reason.startswith("20 photos of Ann from 9 years from 2015 to 2023")


def test_somebody_with_few_photos_or_told_lately_has_no_turn():
    few = Person("p-ann", "Ann", None, 5)
    assert told(PersonKind, a_context(of_ann([2020, 2021]), people=(few,)), date(2024, 1, 9)) == []
    before = (Told("person", "person:p-ann", date(2023, 12, 1), frozenset()),)
    assert told(PersonKind, a_context(of_ann([2020, 2021]), people=(ANN,), told=before), date(2024, 1, 9)) == []


def test_everybody_has_a_turn_within_some_weeks():
    people = tuple(Person(f"p{n}", f"N{n}", None, 50) for n in range(6))
    context = a_context([], people=people)
    kind = PersonKind(MemorySettings())
    turns = {kind.window(context, date(2024, 1, 1) + timedelta(days=7 * week)).features for week in range(60)}
    assert len(turns) == 6
    assert kind.window(context, date(2024, 1, 2)) == kind.window(context, date(2024, 1, 3))


@pytest.mark.parametrize(
    ("person", "day", "title"),
    [
        (ANN, date(2024, 5, 4), "Ann turns 5"),
        (LEAP, date(2023, 2, 28), "Leo turns 7"),
        (LEAP, date(2024, 2, 29), "Leo turns 8"),
    ],
)
def test_a_birthday_is_told_on_the_day(person, day, title):
    context = a_context(of_ann(range(2016, 2023), person=person.person_id), people=(person,))
    ((story, said),) = told(Birthday, context, day)
    assert said == title
    assert story.strength == 1.0
    assert told(Birthday, context, day + timedelta(days=1)) == []
    assert told(Birthday, context, date(1900, 5, 4)) == []


def test_a_place_is_told_once_its_owner_was_there_three_times():
    trips = tuple(a_trip(date(year, 7, 3), trip_id=f"t{year}") for year in (2016, 2019, 2023))
    photos = [photo for n, trip in enumerate(trips) for photo in on_trip(trip, start=1000 * n + 1)]
    ((story, title),) = told(PlaceKind, a_context(photos, trips=trips), date(2024, 2, 2))
    assert title == "Back in Arezzo, 2016 to 2023"
    assert story.reason == "20 photos of 3 times in Arezzo, in 2016, 2019 and 2023"
    assert told(PlaceKind, a_context(photos, trips=trips[:2]), date(2024, 2, 2)) == []


def test_nothing_known_gives_nothing():
    for kind in (TripKind, PersonKind, Birthday, PlaceKind):
        assert told(kind, a_context([]), date(2024, 2, 29)) == []
