"""Finding homes and trips anew where visits changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import cos, radians

from sqlalchemy import Connection

from albumen.catalog import changes, trips, visits
from albumen.catalog.trips import StoredTrip
from albumen.catalog.visits import Home, Visit
from albumen.organise import homes
from albumen.organise.geo import Point
from albumen.organise.identity import keep_ids, stable_id
from albumen.organise.trips import AWAY_KM, LONG_SILENCE, Trip, find, km_from_home
from albumen.organise.windows import spans

MOVED_KM = 5.0
"""A home whose middle shifts by less is where it was."""
RELEARNED = 20
"""Homes are learned anew from all visits when one in so many has changed."""
KM_A_DEGREE = 111.2


def organise(connection: Connection, library_id: int, changed: Sequence[date]) -> None:
    """Find the trips of these local days anew, and first the homes if someone was elsewhere than thought."""
    lived = visits.homes(connection, library_id)
    came, gone = visits.recount(connection, library_id, changed)
    if came or gone:
        lived = _settle(connection, library_id, lived, came, gone)
    for first, last in spans(changed, apart=2 * LONG_SILENCE):
        _organise_span(connection, library_id, lived, first, last)


def _settle(
    connection: Connection, library_id: int, before: Sequence[Home], came: Sequence[Visit], gone: int
) -> list[Home]:
    """The homes after these visits.

    All visits are looked at when a twentieth of them has changed, or when somebody begins to live elsewhere; else a
    visit to a home only makes that last longer. So the cost of a visit does not grow with the days of a life.
    """
    learned_of, unlearned = visits.lesson(connection, library_id)
    unlearned += len(came) + gone
    strange = {_cell(visit.point): visit for visit in came if not homes.may_be_of(before, visit)}
    if unlearned * RELEARNED >= learned_of or any(
        _is_new_home(connection, library_id, before, visit) for visit in strange.values()
    ):
        return _learn(connection, library_id, before)
    found = homes.grown(before, came)
    if found != before:
        visits.move(connection, library_id, found)
    visits.note_lesson(connection, library_id, visits=learned_of, changed=unlearned)
    return found


def _is_new_home(connection: Connection, library_id: int, lived: Sequence[Home], visit: Visit) -> bool:
    """Whether somebody lives around a visit that is to no home known."""
    lat = homes.RADIUS_KM / KM_A_DEGREE
    lon = lat / max(0.05, cos(radians(visit.point[0])))
    around = visits.near(connection, library_id, visit.point, lat=lat, lon=lon)
    return homes.is_lived_at(one for one in around if not homes.may_be_of(lived, one))


def _cell(point: Point) -> Point:
    return round(point[0], 1), round(point[1], 1)


def _learn(connection: Connection, library_id: int, before: Sequence[Home]) -> list[Home]:
    """Learn homes from all visits; days on which that changes who was at home are organised anew."""
    seen = visits.everyone(connection, library_id)
    found = homes.learn(seen)
    visits.move(connection, library_id, found)
    visits.note_lesson(connection, library_id, visits=len(seen), changed=0)
    for first, last in homes.differences(before, found, moved_km=MOVED_KM):
        changes.mark_days(connection, library_id, first, last)
    return found


def _organise_span(connection: Connection, library_id: int, lived: Sequence[Home], first: date, last: date) -> None:
    seen = _window(connection, library_id, lived, first, last) if lived else []
    found = find(seen, lived)
    known = trips.of_days(connection, library_id, first, last)
    if seen:
        ends = max(visit.last_at for visit in seen)
        known += trips.between(connection, library_id, seen[0].first_at, ends)
    gone = sorted({trip.trip_id for trip in known})
    before = trips.members(connection, library_id, gone)
    rows = [_stored(connection, library_id, trip, lived) for trip in found]
    fresh = [trip.trip_id for trip, _ in rows]
    ids = keep_ids(
        before, [items for _, items in rows], fresh, trips.existing(connection, library_id, fresh) - set(gone)
    )
    named = [(replace(trip, trip_id=name), items) for (trip, items), name in zip(rows, ids, strict=True)]
    trips.replace(connection, library_id, gone, named)


def _window(connection: Connection, library_id: int, lived: Sequence[Home], first: date, last: date) -> list[Visit]:
    """Visits around these days: to both sides until someone was at home, or was silent for long."""
    lo, hi = first, last
    while True:
        lo, hi = lo - LONG_SILENCE, hi + LONG_SILENCE
        seen = visits.between(connection, library_id, lo, hi)
        at_home = [visit for visit in seen if _is_at_home(lived, visit)]
        ahead = [visit for visit in seen if visit.day < first]
        behind = [visit for visit in seen if visit.day > last]
        left = max((v.last_at for v in at_home if v.day < first), default=None)
        back = min((v.first_at for v in at_home if v.day > last), default=None)
        is_open = (left is None and _reaches(ahead, lo)) or (back is None and _reaches(behind, hi))
        if not is_open:
            return [v for v in seen if (left is None or v.last_at >= left) and (back is None or v.first_at <= back)]


def _reaches(seen: Sequence[Visit], edge: date) -> bool:
    return any(abs(visit.day - edge) < LONG_SILENCE for visit in seen)


def _is_at_home(lived: Sequence[Home], visit: Visit) -> bool:
    km = km_from_home(lived, visit.day, visit.point)
    return km is not None and km <= AWAY_KM


def _stored(connection: Connection, library_id: int, trip: Trip, lived: Sequence[Home]) -> tuple[StoredTrip, list[int]]:
    taken = trips.taken_between(connection, library_id, trip.starts, trip.ends)
    away = [
        one for one in taken if one.point is None or (km_from_home(lived, trip.first, one.point) or AWAY_KM) >= AWAY_KM
    ]
    items = [one.item_id for one in away]
    stored = StoredTrip(
        trip_id=stable_id("trip", library_id, items[0], trip.starts.isoformat()),
        starts_at=trip.starts,
        ends_at=trip.ends,
        first_day=trip.first,
        last_day=trip.last,
        days=trip.days,
        photos=len(items),
        farthest_km=trip.farthest_km,
        place_ids=list(dict.fromkeys(one.place_id for one in away if one.place_id)),
    )
    return stored, items
