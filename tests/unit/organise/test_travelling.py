"""Homes, trips, events and inferred positions, of plain values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from albumen.catalog.shots import Shot
from albumen.catalog.visits import Visit
from albumen.organise import homes, positions, trips
from albumen.organise.events import segment, sessions
from albumen.organise.geo import Point, centre, distance_km
from albumen.organise.identity import keep_ids

DONOSTIA, BILBAO, BERLIN, TOKYO = (43.32, -1.98), (43.26, -2.93), (52.52, 13.40), (35.68, 139.69)
FIJI, SAMOA = (-17.78, 177.95), (-13.83, -171.76)
START = date(2020, 1, 1)


def visit(day: date, point: Point, photos: int = 4, hour: int = 12) -> Visit:
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Visit(day, point, photos, at, at + timedelta(hours=1))


def life(point: Point, first: date, weeks: int) -> list[Visit]:
    return [visit(first + timedelta(weeks=week, days=2 * (week % 3)), point) for week in range(weeks)]


def days_of(found: list[trips.Trip]) -> list[tuple[date, date]]:
    return [(trip.first, trip.last) for trip in found]


def test_home_is_where_photos_were_taken_week_after_week() -> None:
    seen = life(DONOSTIA, START, 40) + [visit(date(2020, 8, day), BERLIN) for day in range(1, 15)]
    found = homes.learn(seen)
    assert len(found) == 1
    assert distance_km(found[0].point, DONOSTIA) < 1


def test_who_moves_has_one_home_after_the_other_and_a_visit_to_the_old_one_is_a_trip() -> None:
    seen = life(DONOSTIA, START, 50) + life(BERLIN, date(2021, 2, 1), 80)
    back = [visit(date(2022, 3, day), DONOSTIA) for day in (10, 11, 12)]
    lived = homes.learn(seen + back)
    assert [round(home.point[0]) for home in lived] == [43, 53]
    assert days_of(trips.find(seen + back, lived)) == [(date(2022, 3, 10), date(2022, 3, 12))]


def test_a_yearly_holiday_in_one_place_makes_it_no_home() -> None:
    holidays = [visit(date(2015 + year, 7, day), BERLIN) for year in range(6) for day in range(1, 15)]
    seen = life(DONOSTIA, date(2015, 1, 1), 300) + holidays
    lived = homes.learn(seen)
    assert len(lived) == 1
    found = trips.find(sorted(seen, key=lambda one: one.first_at), lived)
    assert [trip.first.year for trip in found] == list(range(2015, 2021))


def test_no_home_no_trip() -> None:
    assert trips.find([visit(date(2020, 5, day), BERLIN) for day in range(1, 9)], []) == []


@pytest.mark.parametrize(("photos", "is_trip"), [(5, True), (4, False)])
def test_a_day_far_from_home_is_a_trip_if_it_has_five_photos(photos: int, is_trip: bool) -> None:
    seen = [*life(DONOSTIA, START, 20), visit(date(2020, 6, 1), BILBAO, photos)]
    assert bool(trips.find(seen, homes.learn(seen))) is is_trip


def test_coming_home_at_night_ends_a_trip() -> None:
    weekend = [
        visit(date(2020, 6, 6), BILBAO, 6), visit(date(2020, 6, 6), DONOSTIA, 2, hour=20),
        visit(date(2020, 6, 7), BILBAO, 6), visit(date(2020, 6, 7), DONOSTIA, 2, hour=20),
    ]  # fmt: skip
    seen = life(DONOSTIA, START, 20) + weekend
    assert days_of(trips.find(seen, homes.learn(seen))) == [(date(2020, 6, d), date(2020, 6, d)) for d in (6, 7)]


def test_days_without_photos_do_not_end_a_trip_that_goes_on_nearby() -> None:
    away = [visit(date(2020, 6, day), BERLIN) for day in (1, 2, 9, 10)]
    seen = life(DONOSTIA, START, 60) + away
    lived = homes.learn(seen)
    quiet = [one for one in seen if not date(2020, 5, 30) <= one.day <= date(2020, 6, 12)] + away
    assert days_of(trips.find(quiet, lived)) == [(date(2020, 6, 1), date(2020, 6, 10))]


def test_a_trip_across_the_date_line_is_one_trip() -> None:
    away = [visit(date(2020, 6, 5), FIJI, 10, hour=2), visit(date(2020, 6, 4), SAMOA, 10, hour=23)]
    early = datetime(2020, 6, 4, 23, tzinfo=UTC)
    away[0] = Visit(date(2020, 6, 5), FIJI, 10, early - timedelta(hours=10), early - timedelta(hours=8))
    seen = life(TOKYO, START, 20) + away
    found = trips.find(seen, homes.learn(seen))
    assert [(trip.first, trip.last, trip.days) for trip in found] == [(date(2020, 6, 5), date(2020, 6, 4), 2)]


def test_the_middle_of_points_on_both_sides_of_the_date_line_is_there() -> None:
    lat, lon = centre([((-17.0, 179.9), 1.0), ((-17.0, -179.9), 1.0)])
    assert (round(lat), abs(round(lon))) == (-17, 180)


def test_homes_differ_only_in_the_months_they_changed() -> None:
    before = homes.learn(life(DONOSTIA, START, 50))
    after = homes.learn(life(DONOSTIA, START, 50) + life(BERLIN, date(2021, 2, 1), 40))
    assert homes.differences(before, before, moved_km=5) == []
    spans = homes.differences(before, after, moved_km=5)
    assert spans[0][0] > date(2020, 10, 1)
    assert spans[-1][1] == date.max


def shot(number: int, minutes: float, point: Point | None = None) -> Shot:
    local = datetime(2020, 5, 1, 8) + timedelta(minutes=minutes)
    return Shot(number, local.replace(tzinfo=UTC), local, point)


def cuts(*minutes: float) -> list[int]:
    return [len(group) for group in segment([shot(number, at) for number, at in enumerate(minutes)])]


def test_events_are_cut_by_the_rhythm_of_the_photos_around() -> None:
    busy = [float(minute) for minute in range(10)]
    assert cuts(*busy, *(60 + minute for minute in busy)) == [10, 10]
    assert cuts(*(50.0 * hour for hour in range(8))) == [8]


def test_a_night_and_a_far_jump_cut_events() -> None:
    assert [len(one) for one in sessions([shot(1, 0), shot(2, 300), shot(3, 700)])] == [2, 1]
    jumped = segment([shot(1, 0, DONOSTIA), shot(2, 5, DONOSTIA), shot(3, 25, BILBAO)])
    assert [len(one) for one in jumped] == [2, 1]


def test_a_camera_that_never_rests_has_nights_too_wherever_one_looks() -> None:
    shots = [shot(number, 30.0 * number) for number in range(48 * 20)]
    whole = sessions(shots)
    assert max(len(one) for one in whole) <= 48 * 4
    assert [one[0].local.hour for one in whole[1:]] == [4] * (len(whole) - 1)
    # A week around a day tells what all twenty do.
    day = [one for one in whole if one[0].local.day == 11]
    seen = [one for one in shots if abs((one.local - datetime(2020, 5, 11, 12)).days) <= 5]
    assert [one for one in sessions(seen) if one[0].local.day == 11] == day
    assert len(sessions(shots[: 48 * 5])) == 1


def test_positions_are_taken_from_neighbours_in_time_and_from_nobody_else() -> None:
    near = (43.33, -1.97)
    shots = [shot(1, 0, DONOSTIA), shot(2, 60), shot(3, 120, near), shot(4, 150), shot(5, 400), shot(6, 2000, BERLIN)]
    found = positions.infer(shots)
    assert set(found) == {2, 4}
    assert distance_km(found[2].point, DONOSTIA) < distance_km(near, DONOSTIA)
    assert found[4].point == near
    assert found[4].within_km == pytest.approx(2.5)


def test_between_two_far_places_nothing_is_guessed() -> None:
    assert positions.infer([shot(1, 0, DONOSTIA), shot(2, 300), shot(3, 600, BERLIN)]) == {}


def test_ids_stay_with_most_of_what_they_named() -> None:
    before = {1: "a", 2: "a", 3: "a", 4: "b"}
    assert keep_ids(before, [[1], [2, 3], [4, 5], [6]], ["w", "x", "y", "z"]) == ["w", "a", "b", "z"]
    assert keep_ids(before, [[1, 2, 3, 4]], ["new"]) == ["a"]
    assert len(set(keep_ids({1: "n"}, [[1], [2]], ["k", "n"]))) == 2


def test_homes_that_follow_day_by_day_are_those_learned_from_all_days() -> None:
    seen = life(DONOSTIA, START, 50)
    lived = homes.learn(seen)
    later = [visit(START + timedelta(weeks=50 + week), DONOSTIA) for week in range(10)]
    assert all(homes.may_be_of(lived, one) for one in later)
    followed, learned = homes.grown(lived, later), homes.learn(seen + later)
    assert [(home.first, home.last, home.days) for home in followed] == [
        (home.first, home.last, home.days) for home in learned
    ]


def test_a_visit_elsewhere_or_long_after_is_to_no_home() -> None:
    lived = homes.learn(life(DONOSTIA, START, 50))
    assert not homes.may_be_of(lived, visit(START + timedelta(weeks=10), BERLIN))
    assert not homes.may_be_of(lived, visit(START + timedelta(weeks=200), DONOSTIA))
    assert not homes.is_lived_at([visit(date(2021, 7, day), BERLIN) for day in range(1, 15)])
    assert homes.is_lived_at(life(BERLIN, START, 30))


def test_a_position_between_two_sides_of_the_date_line_is_there_and_not_in_africa() -> None:
    east, west = (-16.80, 179.95), (-16.80, -179.95)
    found = positions.infer([shot(1, 0, east), shot(2, 30), shot(3, 60, west)])
    assert abs(found[2].point[1]) > 179.9
    assert distance_km(found[2].point, east) < 11
    assert found[2].within_km < 12
