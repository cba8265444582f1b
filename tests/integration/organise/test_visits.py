"""What is kept of visits day by day is what all days at once would give: homes and trips, and the cells of the map."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from albumen.catalog import map_cells, shots, trips, visits
from albumen.organise import homes
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

DONOSTIA, BERLIN, VENICE = (43.32, -1.98), (52.52, 13.40), (45.44, 12.33)
START = date(2020, 1, 6)
ON_THE_MAP = text("""
    SELECT level, cell_row, cell_col, photos, days, round(lat_sum::numeric, 6), round(lon_sum::numeric, 6)
    FROM map_cells WHERE library_id = 1 ORDER BY 1, 2, 3
""")
WORLD = {"south": -90, "west": -180, "north": 90, "east": 180}


def days_of_a_life() -> list[tuple[date, tuple[float, float]]]:
    """A year in Donostia with a week in Venice, then a move to Berlin and a visit to the old home."""
    found = []
    for week in range(50):
        where = VENICE if week == 30 else DONOSTIA
        found += [(START + timedelta(weeks=week, days=day), where) for day in (0, 2, 4)]
    for week in range(50, 80):
        where = DONOSTIA if week == 76 else BERLIN
        found += [(START + timedelta(weeks=week, days=day), where) for day in (1, 3, 5)]
    return found


def put(
    library: TestLibrary, first: int, lived: list[tuple[date, tuple[float, float]]], hours: range = range(10, 13)
) -> None:
    """A photo each of these hours of a day, without files; `first` is the first item's id."""
    owner = library.library.library_id
    rows: list[dict[str, Any]] = []
    for number, (day, (lat, lon)) in enumerate(lived):
        for hour in hours:
            item = first + len(hours) * number + hour - hours[0]
            at = datetime(day.year, day.month, day.day, hour)
            rows.append({"l": owner, "i": item, "s": item.to_bytes(4), "at": at, "lat": lat, "lon": lon})
    with library.connect() as connection:
        for statement in (
            "INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime) "
            "VALUES (%(l)s, %(i)s, %(s)s, 1, 'photo', 'm')",
            "INSERT INTO facts (library_id, item_id, original_id, taken_local, taken_utc, taken_confidence, gps_lat, "
            "gps_lon) VALUES (%(l)s, %(i)s, %(i)s, %(at)s, %(at)s, 'high', %(lat)s, %(lon)s)",
            "INSERT INTO dirty_days SELECT %(l)s, CAST(%(at)s AS date) ON CONFLICT DO NOTHING",
        ):
            connection.exec_driver_sql(statement, rows)
        connection.commit()


def found(library: TestLibrary) -> list[tuple[date, date]]:
    with library.connect() as connection:
        return [(trip.first_day, trip.last_day) for trip in trips.everyone(connection, library.library.library_id)]


def test_homes_and_trips_are_the_same_however_the_days_came(
    catalog: str, object_store: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = TestLibrary.create(catalog, object_store, bucket, name="one")
    two = TestLibrary.create(catalog, object_store, bucket, name="two")
    lived = days_of_a_life()
    put(two, 100_000, lived)
    two.organise()
    learned = []
    whole = homes.learn
    monkeypatch.setattr(homes, "learn", lambda seen: learned.append(1) or whole(seen))
    for start in range(0, len(lived), 6):
        put(one, 1000 + 3 * start, lived[start : start + 6])
        one.organise()
    assert len(learned) < len(lived) / 6, "all visits were read each time"
    assert found(one) == found(two)
    assert (date(2020, 8, 3), date(2020, 8, 7)) in found(two)
    with one.connect() as connection:
        ends = [[home.last for home in visits.homes(connection, each)] for each in (1, 2)]
    assert ends[0] == ends[1]


def test_the_map_counts_what_is_there_however_days_came_and_went(catalog: str, object_store: Any, bucket: str) -> None:
    library = TestLibrary.create(catalog, object_store, bucket, name="one")
    lived = days_of_a_life()
    put(library, 1000, lived)
    library.organise()
    library.execute("UPDATE facts SET gps_lat = 48.8, gps_lon = 2.3 WHERE item_id % 9 = 0")
    library.execute("UPDATE items SET retired_at = now() WHERE item_id % 5 = 0 OR item_id BETWEEN 1090 AND 1100")
    library.execute("INSERT INTO dirty_days SELECT DISTINCT 1, CAST(taken_local AS date) FROM facts")
    library.organise()
    with library.connect() as connection:
        kept = connection.execute(ON_THE_MAP).all()
        connection.execute(text("DELETE FROM map_cells"))
        map_cells.count(connection, 1, [day for day, _ in lived])
        assert kept == connection.execute(ON_THE_MAP).all()
        far = map_cells.clusters(connection, 1, **WORLD, size=32, most=9)
        near = map_cells.clusters(connection, 1, **WORLD, size=1, most=9)
        venice = map_cells.clusters(connection, 1, south=45, west=12, north=46, east=13, size=0.0005, most=9)
        assert [(round(one.lat, 3), round(one.lon, 3)) for one in venice] == [VENICE]
        assert sum(one.photos for one in far) == sum(one.photos for one in near)
        assert len(near) == 4
        assert len(map_cells.clusters(connection, 1, **WORLD, size=1, most=2)) == 2
        assert map_cells.days_at(connection, 1, *VENICE, size=1, most=2) == [
            (date(2020, 8, 7), 2),
            (date(2020, 8, 5), 2),
        ]
        library.execute("UPDATE items SET retired_at = now()")
        library.execute("INSERT INTO dirty_days SELECT DISTINCT 1, CAST(taken_local AS date) FROM facts")
        connection.commit()
        library.organise()
        assert not connection.execute(ON_THE_MAP).all(), "where somebody was is told after the photos are gone"


def test_one_more_photo_among_those_of_a_camera_that_never_rests_reads_two_weeks_at_most(
    catalog: str, object_store: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = TestLibrary.create(catalog, object_store, bucket, name="one")
    put(library, 1000, [(START + timedelta(days=day), DONOSTIA) for day in range(40)], hours=range(24))
    library.organise()
    looked: list[timedelta] = []
    between = shots.between

    def watched(connection: Any, library_id: int, first: datetime, last: datetime) -> Any:
        looked.append(last - first)
        return between(connection, library_id, first, last)

    monkeypatch.setattr(shots, "between", watched)
    put(library, 90_000, [(START + timedelta(days=20), DONOSTIA)], hours=range(12, 13))
    library.organise()
    assert looked
    assert max(looked) <= timedelta(days=14)
