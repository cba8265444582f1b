"""Which trips were there, and which items belong to them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

_TRIP = """
    SELECT trip_id, starts_at, ends_at, first_day, last_day, days, photos, farthest_km, place_ids FROM trips
    WHERE library_id = :library_id
"""

BETWEEN = text(_TRIP + " AND ends_at >= :first AND starts_at <= :last ORDER BY starts_at, trip_id")

OF_DAYS = text(_TRIP + " AND last_day >= :first AND first_day <= :last ORDER BY starts_at, trip_id")

ALL = text(_TRIP + " ORDER BY starts_at, trip_id")
"""Grows with the trips of a life."""

MEMBERS = text("SELECT item_id, trip_id FROM item_events WHERE library_id = :library_id AND trip_id = ANY(:trips)")

TAKEN = text("""
    SELECT f.item_id, p.lat, p.lon, p.place_id FROM facts f
    JOIN libraries l ON l.library_id = f.library_id
    JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
    LEFT JOIN item_places p ON p.library_id = f.library_id AND p.item_id = f.item_id
    WHERE f.library_id = :library_id AND f.taken_confidence IN ('high', 'medium')
      AND f.taken_local >= CAST(:starts_at AS timestamptz) AT TIME ZONE 'UTC' - interval '1 day'
      AND f.taken_local <= CAST(:ends_at AS timestamptz) AT TIME ZONE 'UTC' + interval '1 day'
      AND COALESCE(f.taken_utc, f.taken_local AT TIME ZONE l.home_zone) BETWEEN :starts_at AND :ends_at
    ORDER BY COALESCE(f.taken_utc, f.taken_local AT TIME ZONE l.home_zone), f.item_id
""")

LEAVE = text("UPDATE item_events SET trip_id = NULL WHERE library_id = :library_id AND trip_id = ANY(:trips)")

DROP = text("DELETE FROM trips WHERE library_id = :library_id AND trip_id = ANY(:trips)")

EXISTING = text("SELECT trip_id FROM trips WHERE library_id = :library_id AND trip_id = ANY(:trips)")

STORE = text("""
    INSERT INTO trips (library_id, trip_id, starts_at, ends_at, first_day, last_day, days, photos, farthest_km,
        place_ids)
    VALUES (:library_id, :trip_id, :starts_at, :ends_at, :first_day, :last_day, :days, :photos, :farthest_km,
        :place_ids)
""")

JOIN = text("""
    INSERT INTO item_events (library_id, item_id, trip_id)
    SELECT :library_id, p.item_id, p.trip_id
    FROM unnest(CAST(:items AS bigint[]), CAST(:trips AS text[])) AS p(item_id, trip_id) ORDER BY 2
    ON CONFLICT (library_id, item_id) DO UPDATE SET trip_id = excluded.trip_id
""")


@dataclass(frozen=True, slots=True)
class StoredTrip:
    """One time away from home; the local days it began and ended, the named places in the order visited."""

    trip_id: str
    starts_at: datetime
    ends_at: datetime
    first_day: date
    last_day: date
    days: int
    photos: int
    farthest_km: float
    place_ids: list[str]


@dataclass(frozen=True, slots=True)
class TakenThen:
    """An item that was taken during a trip, and where."""

    item_id: int
    point: tuple[float, float] | None
    place_id: str | None


def between(connection: Connection, library_id: int, first: datetime, last: datetime) -> list[StoredTrip]:
    """The trips that touch this span of time, oldest first."""
    rows = connection.execute(BETWEEN, {"library_id": library_id, "first": first, "last": last}).mappings()
    return [StoredTrip(**row) for row in rows]


def of_days(connection: Connection, library_id: int, first: date, last: date) -> list[StoredTrip]:
    """The trips that touch these local days, both included, oldest first."""
    rows = connection.execute(OF_DAYS, {"library_id": library_id, "first": first, "last": last}).mappings()
    return [StoredTrip(**row) for row in rows]


def everyone(connection: Connection, library_id: int) -> list[StoredTrip]:
    """All trips, oldest first."""
    return [StoredTrip(**row) for row in connection.execute(ALL, {"library_id": library_id}).mappings()]


def members(connection: Connection, library_id: int, trips: Sequence[str]) -> dict[int, str]:
    """The items of these trips."""
    rows = connection.execute(MEMBERS, {"library_id": library_id, "trips": list(trips)})
    return {row.item_id: row.trip_id for row in rows}


def taken_between(connection: Connection, library_id: int, starts_at: datetime, ends_at: datetime) -> list[TakenThen]:
    """What was taken in this span of time, by time."""
    rows = connection.execute(TAKEN, {"library_id": library_id, "starts_at": starts_at, "ends_at": ends_at})
    return [TakenThen(row.item_id, None if row.lat is None else (row.lat, row.lon), row.place_id) for row in rows]


def existing(connection: Connection, library_id: int, ids: Sequence[str]) -> set[str]:
    """Those of the ids that a trip has."""
    return set(connection.execute(EXISTING, {"library_id": library_id, "trips": list(ids)}).scalars())


def replace(
    connection: Connection, library_id: int, gone: Sequence[str], found: Sequence[tuple[StoredTrip, Sequence[int]]]
) -> None:
    """Put trips with their items in the place of those that are `gone`."""
    scope = {"library_id": library_id, "trips": list(gone)}
    connection.execute(LEAVE, scope)
    connection.execute(DROP, scope)
    if not found:
        return
    connection.execute(STORE, [{"library_id": library_id, **asdict(trip)} for trip, _ in found])
    pairs = [(item, trip.trip_id) for trip, items in found for item in items]
    parameters = {"items": [item for item, _ in pairs], "trips": [trip for _, trip in pairs]}
    connection.execute(JOIN, {"library_id": library_id, **parameters})
