"""When was the owner away? Days far from every home, from leaving to coming back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from albumen.catalog.visits import Home, Visit
from albumen.organise.geo import Point, distance_km
from albumen.organise.homes import of_day

AWAY_KM = 25.0
"""Nearer than this to a home is at home."""
OUTING_KM = 50.0
"""A trip of one day goes at least so far."""
OUTING_PHOTOS = 5
TRIP_PHOTOS = 8
SILENCE = timedelta(days=5)
"""Without any photo for so long, coming home in between goes without saying."""
LONG_SILENCE = timedelta(days=15)
SAME_REGION_KM = 300.0


@dataclass(frozen=True, slots=True)
class Trip:
    """One time away.

    Attributes
    ----------
    starts, ends : datetime
        First and last instant away, UTC.
    first, last : date
        The local days of these.
    photos : int
        Photos with a position of their own, away.
    farthest_km : float
        Greatest distance from the nearest home.
    points : tuple of Point
        Where it led, by time; a cell is named once a day.
    """

    starts: datetime
    ends: datetime
    first: date
    last: date
    photos: int
    farthest_km: float
    points: tuple[Point, ...]

    @property
    def days(self) -> int:
        """How many local days it took."""
        return abs((self.last - self.first).days) + 1


def km_from_home(homes: Sequence[Home], day: date, point: Point) -> float | None:
    """How far from the nearest home of the day; None where no home is known."""
    return min((distance_km(home.point, point) for home in of_day(homes, day)), default=None)


def find(visits: Sequence[Visit], homes: Sequence[Home]) -> list[Trip]:
    """The trips among these visits, oldest first; none where no home is known.

    A trip lasts from the first visit far from home to the last one before a visit at home, or before five days
    without photos (fifteen, if it goes on within 300 km). One of several days has eight photos at least, one of
    a single day five photos at 50 km or more.
    """
    away: list[tuple[Visit, float]] = []
    home_at: list[datetime] = []
    for visit in sorted(visits, key=lambda visit: (visit.first_at, visit.last_at)):
        km = km_from_home(homes, visit.day, visit.point)
        if km is None:
            continue
        if km > AWAY_KM:
            away.append((visit, km))
        else:
            home_at += [visit.first_at, visit.last_at]
    home_at.sort()
    runs: list[list[tuple[Visit, float]]] = []
    for visit, km in away:
        if runs and _goes_on([one for one, _ in runs[-1]], visit, home_at):
            runs[-1].append((visit, km))
        else:
            runs.append([(visit, km)])
    trips = [_trip(run) for run in runs]
    return [trip for trip in trips if _counts(trip)]


def _goes_on(run: Sequence[Visit], visit: Visit, home_at: Sequence[datetime]) -> bool:
    left = max(one.last_at for one in run)
    silence = visit.first_at - left
    if silence > LONG_SILENCE:
        return False
    if silence > SILENCE and distance_km(run[-1].point, visit.point) > SAME_REGION_KM:
        return False
    return not any(left < at < visit.first_at for at in home_at)


def _trip(run: Sequence[tuple[Visit, float]]) -> Trip:
    visits = [visit for visit, _ in run]
    first, last = min(visits, key=lambda one: one.first_at), max(visits, key=lambda one: one.last_at)
    return Trip(
        starts=first.first_at,
        ends=last.last_at,
        first=first.day,
        last=last.day,
        photos=sum(visit.photos for visit in visits),
        farthest_km=max(km for _, km in run),
        points=tuple(visit.point for visit in visits),
    )


def _counts(trip: Trip) -> bool:
    if trip.days == 1:
        return trip.photos >= OUTING_PHOTOS and trip.farthest_km >= OUTING_KM
    return trip.photos >= TRIP_PHOTOS
