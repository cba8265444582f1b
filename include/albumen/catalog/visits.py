"""Where was the owner on which day, and where did they live? A row per day and cell, not per photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import floor
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from albumen.catalog import map_cells

FORGET = text(
    "DELETE FROM visits WHERE library_id = :library_id AND day = ANY(:days) RETURNING day, lat_cell, lon_cell"
)

COUNT = text("""
    INSERT INTO visits (library_id, day, lat_cell, lon_cell, lat, lon, photos, first_at, last_at)
    SELECT :library_id, d.day, floor(f.gps_lat * 100), floor(f.gps_lon * 100), avg(f.gps_lat), avg(f.gps_lon), count(*),
        min(COALESCE(f.taken_utc, f.taken_local AT TIME ZONE l.home_zone)),
        max(COALESCE(f.taken_utc, f.taken_local AT TIME ZONE l.home_zone))
    FROM unnest(CAST(:days AS date[])) AS d(day)
    JOIN libraries l ON l.library_id = :library_id
    CROSS JOIN LATERAL (
        SELECT item_id, gps_lat, gps_lon, taken_utc, taken_local FROM facts
        WHERE library_id = :library_id AND taken_local >= d.day AND taken_local < d.day + 1
            AND gps_lat IS NOT NULL AND taken_confidence IN ('high', 'medium') OFFSET 0
    ) AS f
    CROSS JOIN LATERAL (
        SELECT FROM items WHERE library_id = :library_id AND item_id = f.item_id AND retired_at IS NULL LIMIT 1
    ) AS living
    GROUP BY 2, 3, 4
    RETURNING day, lat_cell, lon_cell, lat, lon, photos, first_at, last_at
""")

_VISITS = "SELECT day, lat, lon, photos, first_at, last_at FROM visits WHERE library_id = :library_id"

BETWEEN = text(_VISITS + " AND day BETWEEN :first AND :last ORDER BY first_at, last_at, lat, lon")

ALL = text(_VISITS + " ORDER BY day, lat_cell, lon_cell")
"""Grows with the days of a life, not with its photos."""

NEAR = text(
    _VISITS
    + """ AND lat_cell BETWEEN :south AND :north AND lon_cell BETWEEN :west AND :east
    ORDER BY day, lat_cell, lon_cell"""
)

LEARNED = text("SELECT visits, changed FROM home_lessons WHERE library_id = :library_id")

LEARN = text("""
    INSERT INTO home_lessons (library_id, visits, changed) VALUES (:library_id, :visits, :changed)
    ON CONFLICT (library_id) DO UPDATE SET visits = excluded.visits, changed = excluded.changed
""")

HOMES = text("""
    SELECT lat, lon, first_day, last_day, days FROM homes WHERE library_id = :library_id ORDER BY home_no
""")

FORGET_HOMES = text("DELETE FROM homes WHERE library_id = :library_id")

MOVE = text("""
    INSERT INTO homes (library_id, home_no, lat, lon, first_day, last_day, days)
    VALUES (:library_id, :home_no, :lat, :lon, :first_day, :last_day, :days)
""")


@dataclass(frozen=True, slots=True)
class Visit:
    """A local day at a cell of 0.01 degrees: the middle of its photos, their number, the first and last instant."""

    day: date
    point: tuple[float, float]
    photos: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Home:
    """A place lived at, and on how many days photos show it."""

    point: tuple[float, float]
    first: date
    last: date
    days: int


def recount(connection: Connection, library_id: int, changed: Sequence[date]) -> tuple[list[Visit], int]:
    """Find out anew where these days were spent: the visits that nobody knew, and how many known ones are none."""
    parameters = {"library_id": library_id, "days": list(changed)}
    map_cells.uncount(connection, library_id, changed)
    before = {tuple(row) for row in connection.execute(FORGET, parameters)}
    now = {(row.day, row.lat_cell, row.lon_cell): _visit(row) for row in connection.execute(COUNT, parameters)}
    map_cells.count(connection, library_id, changed)
    return [visit for cell, visit in now.items() if cell not in before], len(before - set(now))


def between(connection: Connection, library_id: int, first: date, last: date) -> list[Visit]:
    """The visits of these days, both included, by time."""
    return _visits(connection, BETWEEN, {"library_id": library_id, "first": first, "last": last})


def everyone(connection: Connection, library_id: int) -> list[Visit]:
    """All visits of a library, by day."""
    return _visits(connection, ALL, {"library_id": library_id})


def near(connection: Connection, library_id: int, point: tuple[float, float], *, lat: float, lon: float) -> list[Visit]:
    """The visits at most so many degrees from a point, by day; grows with the days spent there."""
    parameters = {
        "library_id": library_id,
        "south": floor((point[0] - lat) * 100),
        "north": floor((point[0] + lat) * 100),
        "west": floor((point[1] - lon) * 100),
        "east": floor((point[1] + lon) * 100),
    }
    return _visits(connection, NEAR, parameters)


def lesson(connection: Connection, library_id: int) -> tuple[int, int]:
    """Of how many visits homes were last learned, and how many have changed since."""
    row = connection.execute(LEARNED, {"library_id": library_id}).one_or_none()
    return (row.visits, row.changed) if row else (0, 0)


def note_lesson(connection: Connection, library_id: int, *, visits: int, changed: int) -> None:
    """Remember of how many visits homes were learned, and how many have changed since."""
    connection.execute(LEARN, {"library_id": library_id, "visits": visits, "changed": changed})


def homes(connection: Connection, library_id: int) -> list[Home]:
    """Where the owner lived, oldest first."""
    rows = connection.execute(HOMES, {"library_id": library_id})
    return [Home((row.lat, row.lon), row.first_day, row.last_day, row.days) for row in rows]


def move(connection: Connection, library_id: int, found: Sequence[Home]) -> None:
    """Replace the homes of a library."""
    connection.execute(FORGET_HOMES, {"library_id": library_id})
    rows = [
        {
            "library_id": library_id,
            "home_no": number,
            "lat": home.point[0],
            "lon": home.point[1],
            "first_day": home.first,
            "last_day": home.last,
            "days": home.days,
        }
        for number, home in enumerate(found)
    ]
    if rows:
        connection.execute(MOVE, rows)


def _visits(connection: Connection, question: TextClause, parameters: dict[str, Any]) -> list[Visit]:
    return [_visit(row) for row in connection.execute(question, parameters)]


def _visit(row: Row[Any]) -> Visit:
    return Visit(row.day, (row.lat, row.lon), row.photos, row.first_at, row.last_at)
