"""A library organised end to end: real files, real catalog; what changes is found out anew and nothing else."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from albumen.catalog import changes, days, places, trips, visits
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

DONOSTIA, VENICE, OCEAN = (43.32, -1.98), (45.4375, 12.3358), (0.0, -140.0)


def photograph(number: int, taken: datetime, point: tuple[float, float] | None = None) -> bytes:
    """A small JPEG with a date, and with a position if one is given."""
    picture = Image.new("RGB", (96, 64), (number * 37 % 256, number * 91 % 256, number % 256))
    exif = Image.Exif()
    exif[0x010E] = f"photo {number}"
    exif.get_ifd(0x8769)[0x9003] = taken.strftime("%Y:%m:%d %H:%M:%S")
    if point:
        north, east = (abs(point[0]), 0.0, 0.0), (abs(point[1]), 0.0, 0.0)
        exif.get_ifd(0x8825).update(
            {1: "N" if point[0] >= 0 else "S", 2: north, 3: "E" if point[1] >= 0 else "W", 4: east}
        )
    stream = io.BytesIO()
    picture.save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def work(library: TestLibrary) -> None:
    library.discover()
    library.work()


@pytest.fixture
def travelled(library: TestLibrary, sandbox: Any) -> TestLibrary:
    """A dozen weeks at home, five days in Venice in the middle of them, one photo of those without a position."""
    number = 0
    for week in range(12):
        number += 1
        library.put(
            f"home/{week:02}.jpg", photograph(number, datetime(2020, 3, 2, 18) + timedelta(weeks=week), DONOSTIA)
        )
    for day in range(5):
        for hour in (10, 11, 19):
            number += 1
            taken = datetime(2020, 4, 15 + day, hour)
            library.put(f"venice/{day}-{hour}.jpg", photograph(number, taken, None if hour == 11 else VENICE))
    work(library)
    return library


def test_a_trip_is_found_with_its_places_days_and_items(travelled: TestLibrary) -> None:
    records = travelled.records()
    away = {key for key, record in records.items() if record["trip"]}
    assert away == {key for key in records if key.startswith("venice/")}
    with travelled.connect() as connection:
        (trip,) = trips.everyone(connection, travelled.library.library_id)
        named = places.everyone(connection, travelled.library.library_id)
        (home,) = visits.homes(connection, travelled.library.library_id)
    assert (trip.first_day, trip.last_day, trip.days, trip.photos) == (date(2020, 4, 15), date(2020, 4, 19), 5, 15)
    assert [named[place].city for place in trip.place_ids] == ["Venice"]
    assert 1100 < trip.farthest_km < 1200
    assert home.point == pytest.approx(DONOSTIA)


def test_places_are_named_and_guesses_are_marked(travelled: TestLibrary) -> None:
    records = travelled.records()
    assert records["home/00.jpg"]["place"] == {
        "city": "Donostia / San Sebastián", "region": "Basque Country", "country": "Spain", "inferred": False,
    }  # fmt: skip
    assert records["venice/2-11.jpg"]["gps"] is None
    assert records["venice/2-11.jpg"]["place"] == {
        "city": "Venice", "region": "Veneto", "country": "Italy", "inferred": True,
    }  # fmt: skip


def test_events_are_occasions_of_a_day(travelled: TestLibrary) -> None:
    records = travelled.records()
    morning, evening = records["venice/1-10.jpg"]["event"], records["venice/1-19.jpg"]["event"]
    assert records["venice/1-11.jpg"]["event"] == morning
    assert None not in {morning, evening}
    assert morning != evening


def test_organising_again_changes_nothing(travelled: TestLibrary) -> None:
    before = travelled.dump()
    with travelled.connect() as connection:
        travelled.execute("INSERT INTO dirty_days SELECT library_id, day FROM days ON CONFLICT DO NOTHING")
        travelled.execute("INSERT INTO dirty_items SELECT library_id, item_id FROM items ON CONFLICT DO NOTHING")
        assert changes.waiting(connection)[0].items == 27
    travelled.organise()
    assert travelled.dump() == before


def test_a_late_photo_joins_its_trip_and_event_under_the_ids_they_had(travelled: TestLibrary) -> None:
    before = travelled.records()
    travelled.put("late.jpg", photograph(99, datetime(2020, 4, 16, 10, 20), VENICE))
    work(travelled)
    after = travelled.records()
    assert after["late.jpg"]["trip"] == before["venice/1-10.jpg"]["trip"]
    assert after["late.jpg"]["event"] == before["venice/1-10.jpg"]["event"]
    assert {key: (r["event"], r["trip"]) for key, r in after.items() if key in before} == {
        key: (r["event"], r["trip"]) for key, r in before.items()
    }


def test_a_trip_whose_photos_vanish_is_gone(travelled: TestLibrary) -> None:
    for key in travelled.records():
        if key.startswith("venice/"):
            travelled.delete(key)
    travelled.discover()
    travelled.discover()
    travelled.work()
    with travelled.connect() as connection:
        assert trips.everyone(connection, travelled.library.library_id) == []
        assert date(2020, 4, 16) not in days.counts(connection, travelled.library.library_id)
    assert travelled.query("SELECT FROM events WHERE starts BETWEEN '2020-04-15' AND '2020-04-20 12:00'") == []


def test_the_order_of_uploads_makes_no_difference_to_trips(library: TestLibrary, sandbox: Any) -> None:
    """Away first and at home later: the trip is found once home is known."""
    for day in range(5):
        for hour in (10, 19):
            library.put(f"v{day}-{hour}.jpg", photograph(10 * day + hour, datetime(2020, 4, 15 + day, hour), VENICE))
    work(library)
    assert {record["trip"] for record in library.records().values()} == {None}
    for week in range(12):
        taken = datetime(2020, 3, 2, 18) + timedelta(weeks=week)
        library.put(f"h{week:02}.jpg", photograph(100 + week, taken, DONOSTIA))
    work(library)
    assert {bool(record["trip"]) for key, record in library.records().items() if key.startswith("v")} == {True}


def test_a_photo_at_sea_has_a_position_and_no_place(library: TestLibrary, sandbox: Any) -> None:
    library.put("sea.jpg", photograph(1, datetime(2020, 4, 15, 12), OCEAN))
    work(library)
    record = library.records()["sea.jpg"]
    assert record["gps"]["lon"] == -140.0
    assert record["place"] is None


@pytest.mark.parametrize("hour", [10, 11, 19])
@pytest.mark.parametrize("days_later", [-30, -1, 2, 60])
def test_a_photo_that_moves_to_another_day_leaves_its_event_to_the_others(
    travelled: TestLibrary, hour: int, days_later: int
) -> None:
    """As a sidecar that comes late moves it: both days are organised anew, in whichever order."""
    before = travelled.records()
    travelled.put(f"venice/0-{hour}.jpg.xmp", sidecar_dated(datetime(2020, 4, 15, hour) + timedelta(days=days_later)))
    for _ in range(2):
        work(travelled)
    after = travelled.records()
    assert after[f"venice/0-{hour}.jpg"]["taken"]["local"].startswith(
        (datetime(2020, 4, 15, hour) + timedelta(days=days_later)).strftime("%Y-%m-%dT%H")
    )
    left = [f"venice/0-{other}.jpg" for other in (10, 11, 19) if other != hour]
    assert {after[key]["event"] for key in left} & {before[key]["event"] for key in left}
    assert after[f"venice/0-{hour}.jpg"]["event"] is not None


def sidecar_dated(taken: datetime) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" '
        f'exif:DateTimeOriginal="{taken.isoformat()}"/></rdf:RDF></x:xmpmeta>'
    ).encode()
