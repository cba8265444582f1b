"""Camera clocks in a library: offered as photos come, applied by somebody alone, kept right, taken back."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from albumen.catalog import clocks
from albumen.catalog.clocks import Clock, ClockError
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

FACTS = """
    INSERT INTO facts (library_id, item_id, original_id, taken_local, taken_utc, taken_offset_minutes, taken_source,
        zone_source, taken_confidence, make, model)
    VALUES (:l, :i, :i, :local, :utc, 120, 'exif:DateTimeOriginal', :zone, 'high', :make, 'One')
"""
CANON = "make = 'Canon'"


@pytest.fixture
def trip(library: TestLibrary) -> TestLibrary:
    """Four days with a phone and a camera whose clock is two hours ahead."""
    dice, item = random.Random(3), 0
    for day in range(4):
        for _ in range(8):
            sight = datetime(2020, 5, 1 + day, 9) + timedelta(minutes=dice.randint(0, 600))
            for make, zone, ahead in (("Apple", "tag", 0), ("Canon", "home", 120)):
                item += 1
                local = sight + timedelta(minutes=ahead)
                library.execute(
                    "INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime) "
                    "VALUES (1, :i, :s, 1, 'photo', 'image/jpeg')", i=item, s=bytes([item])
                )  # fmt: skip
                library.execute(
                    FACTS, l=1, i=item, local=local, utc=f"{local - timedelta(hours=2)}+00", zone=zone, make=make
                )
                library.execute("INSERT INTO dirty_days VALUES (1, :d) ON CONFLICT DO NOTHING", d=local.date())
    library.organise()
    return library


def offered(library: TestLibrary, **options: Any) -> list[Clock]:
    with library.connect() as connection:
        return clocks.listed(connection, 1, **options)


def say(library: TestLibrary, what: Any, clock_id: int) -> Any:
    with library.connect() as connection:
        done = what(connection, 1, clock_id, by="me")
        connection.commit()
    library.organise()
    return done


def dates(library: TestLibrary) -> list[Any]:
    return library.query("""
        SELECT item_id, taken_local, taken_utc, taken_offset_minutes, taken_zone, taken_source, zone_source,
            taken_confidence, extra FROM facts ORDER BY item_id
    """)


def test_a_clock_is_offered_and_moves_nothing_by_itself(trip: TestLibrary) -> None:
    before = dates(trip)
    (clock,) = offered(trip)
    assert (clock.camera, clock.ahead, clock.days, clock.decision) == ("Canon One", 120, 4, None)
    assert dates(trip) == before


def test_applied_it_sets_that_cameras_dates_right_and_undone_gives_them_back(trip: TestLibrary) -> None:
    before = dates(trip)
    (clock,) = offered(trip)
    assert say(trip, clocks.apply, clock.clock_id) == 32
    moved = {row.item_id: row for row in dates(trip)}
    for row in before:
        shift = timedelta(hours=2) if row.item_id % 2 == 0 else timedelta(0)
        assert row.taken_local - moved[row.item_id].taken_local == shift
        assert row.taken_utc - moved[row.item_id].taken_utc == shift
    assert moved[2].taken_source == "clock:exif:DateTimeOriginal"
    assert (moved[2].taken_zone, moved[2].zone_source) == (None, "clock")
    assert offered(trip) == []
    with pytest.raises(ClockError, match="applied already"):
        say(trip, clocks.apply, clock.clock_id)
    assert say(trip, clocks.undo, clock.clock_id) == 32
    assert dates(trip) == before
    assert [one.ahead for one in offered(trip)] == [120]


def test_facts_that_are_read_anew_are_set_right_again(trip: TestLibrary) -> None:
    (clock,) = offered(trip)
    say(trip, clocks.apply, clock.clock_id)
    right = dates(trip)
    trip.execute(
        "UPDATE facts SET taken_local = CAST(extra -> 'clock' ->> 'local' AS timestamp), "
        "taken_source = extra -> 'clock' ->> 'source', taken_confidence = 'high', "
        "taken_utc = CAST(extra -> 'clock' ->> 'utc' AS timestamptz), "
        "zone_source = extra -> 'clock' ->> 'zone_source', extra = '{}' WHERE item_id = 2"
    )
    trip.execute("INSERT INTO dirty_items VALUES (1, 2)")
    trip.organise()
    assert dates(trip) == right


def test_what_is_dismissed_is_not_offered_again(trip: TestLibrary) -> None:
    (clock,) = offered(trip)
    say(trip, clocks.dismiss, clock.clock_id)
    trip.execute("INSERT INTO dirty_days SELECT 1, day FROM days ON CONFLICT DO NOTHING")
    trip.organise()
    assert offered(trip) == []
    assert [one.decision for one in offered(trip, everything=True)] == ["dismissed"]
    with pytest.raises(ClockError, match="there is no clock"):
        say(trip, clocks.dismiss, 999)
