"""Where on a map do photos lie, seen from near and from far? Visits counted by cells of thirteen sizes.

A cell of level n is 2ⁿ degrees wide and high. What a map shows is looked up there: it grows with the cells
in sight, neither with the photos of a library nor with the days of a life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import floor, log2

from sqlalchemy import Connection, text

FINEST, COARSEST = -7, 5
"""A visit is a cell of 0.01 degrees already: finer ones would tell nothing."""
MOST_CELLS = 65_536
"""Cells looked at for one answer: the whole world at 1 degree. Whoever asks for more gets wider ones."""

COUNT = text("""
    INSERT INTO map_cells AS m (library_id, level, cell_row, cell_col, photos, days, lat_sum, lon_sum)
    SELECT library_id, level, floor(lat / 2.0::float8 ^ level), floor(lon / 2.0::float8 ^ level), :sign * sum(photos),
        :sign * count(DISTINCT day), :sign * sum(lat * photos), :sign * sum(lon * photos)
    FROM visits CROSS JOIN generate_series(CAST(:finest AS integer), CAST(:coarsest AS integer)) AS level
    WHERE library_id = :library_id AND day = ANY(:days)
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (library_id, level, cell_row, cell_col) DO UPDATE
    SET photos = m.photos + excluded.photos, days = m.days + excluded.days, lat_sum = m.lat_sum + excluded.lat_sum,
        lon_sum = m.lon_sum + excluded.lon_sum
""")

DROP_EMPTY = text("DELETE FROM map_cells WHERE library_id = :library_id AND days = 0")

CLUSTERS = text("""
    SELECT c.lat_sum / c.photos AS lat, c.lon_sum / c.photos AS lon, c.photos, c.days
    FROM generate_series(CAST(:south AS integer), CAST(:north AS integer)) AS sought(cell_row)
    CROSS JOIN LATERAL (
        SELECT * FROM map_cells m
        WHERE m.library_id = :library_id AND m.level = :level AND m.cell_row = sought.cell_row
          AND m.cell_col BETWEEN :west AND :east
        OFFSET 0
    ) AS c
    ORDER BY c.photos DESC, c.cell_row, c.cell_col LIMIT :most
""")
"""Row by row, so that a narrow area is not looked for all around the world."""

DAYS_AT = text("""
    SELECT day, CAST(sum(photos) AS bigint) AS photos FROM visits
    WHERE library_id = :library_id
      AND lat_cell BETWEEN floor(:row * :size * 100) AND ceil((:row + 1) * :size * 100)
      AND lon_cell BETWEEN floor(:col * :size * 100) AND ceil((:col + 1) * :size * 100)
      AND floor(lat / :size) = :row AND floor(lon / :size) = :col
    GROUP BY day ORDER BY day DESC LIMIT :most
""")
"""A rare cell is looked up among the visits by cell, a common one among the latest days: as the planner finds best."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cell of a map with photos: their middle, how many, and on how many days."""

    lat: float
    lon: float
    photos: int
    days: int


def uncount(connection: Connection, library_id: int, days: Sequence[date]) -> None:
    """Take the visits of these days off the map, before they are forgotten."""
    _count(connection, library_id, days, -1)


def count(connection: Connection, library_id: int, days: Sequence[date]) -> None:
    """Put the visits of these days onto the map; cells without any are gone after it."""
    _count(connection, library_id, days, 1)
    connection.execute(DROP_EMPTY, {"library_id": library_id})


def clusters(
    connection: Connection,
    library_id: int,
    *,
    south: float,
    west: float,
    north: float,
    east: float,
    size: float,
    most: int,
) -> list[Cluster]:
    """Where photos that tell their position were taken, by cells of about `size` degrees; the fullest first.

    Cells that the area touches are given whole.
    """
    level = _level(size)
    while _cells(south, north, level) * _cells(west, east, level) > MOST_CELLS:
        level += 1
    parameters = {
        "library_id": library_id,
        "level": level,
        "south": _cell(south, level),
        "north": _cell(north, level),
        "west": _cell(west, level),
        "east": _cell(east, level),
        "most": most,
    }
    return [Cluster(row.lat, row.lon, row.photos, row.days) for row in connection.execute(CLUSTERS, parameters)]


def days_at(
    connection: Connection, library_id: int, lat: float, lon: float, *, size: float, most: int
) -> list[tuple[date, int]]:
    """Days that someone was in the cell of a point, the latest first, with their photos there."""
    level = _level(size)
    cell = {"row": _cell(lat, level), "col": _cell(lon, level), "size": 2.0**level}
    rows = connection.execute(DAYS_AT, {"library_id": library_id, "most": most, **cell})
    return [(row.day, row.photos) for row in rows]


def _count(connection: Connection, library_id: int, days: Sequence[date], sign: int) -> None:
    bounds = {"finest": FINEST, "coarsest": COARSEST}
    connection.execute(COUNT, {"library_id": library_id, "days": list(days), "sign": sign, **bounds})


def _level(size: float) -> int:
    return min(COARSEST, max(FINEST, round(log2(size))))


def _cell(degrees: float, level: int) -> int:
    return floor(degrees / 2.0**level)


def _cells(low: float, high: float, level: int) -> int:
    return max(0, _cell(high, level) - _cell(low, level)) + 1
