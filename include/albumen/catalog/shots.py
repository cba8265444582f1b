"""When and where were items taken? Bounded by the span of time asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

_SHOTS = """
    SELECT f.item_id, COALESCE(f.taken_utc, f.taken_local AT TIME ZONE l.home_zone) AS at, f.taken_local AS local,
        f.gps_lat, f.gps_lon, NULLIF(concat_ws(' ', f.make, f.model), '') AS camera
    FROM facts f
    JOIN libraries l ON l.library_id = f.library_id
    JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
    WHERE f.library_id = :library_id AND f.taken_confidence IN ('high', 'medium')
"""

BETWEEN = text(_SHOTS + " AND f.taken_local >= :first AND f.taken_local < :last ORDER BY at, f.item_id")

POSITIONS = text("""
    SELECT f.item_id, f.gps_lat AS lat, f.gps_lon AS lon FROM facts f
    JOIN items i ON i.library_id = f.library_id AND i.item_id = f.item_id AND i.retired_at IS NULL
    WHERE f.library_id = :library_id AND f.item_id = ANY(:items) AND f.gps_lat IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class Shot:
    """When and where one item was taken.

    Attributes
    ----------
    at : datetime
        The instant, UTC.
    local : datetime
        The wall clock of the place, without a zone.
    point : tuple of float or None
        Latitude and longitude, degrees.
    camera : str
        Make and model; empty where unknown.
    """

    item_id: int
    at: datetime
    local: datetime
    point: tuple[float, float] | None
    camera: str = ""


def between(connection: Connection, library_id: int, first: datetime, last: datetime) -> list[Shot]:
    """What was taken from `first` to before `last`, by the wall clock, in order of UTC; guessed dates are left out."""
    parameters = {"library_id": library_id, "first": first, "last": last}
    return [
        Shot(
            item_id=row.item_id,
            at=row.at,
            local=row.local,
            point=None if row.gps_lat is None else (row.gps_lat, row.gps_lon),
            camera=row.camera or "",
        )
        for row in connection.execute(BETWEEN, parameters)
    ]


def own_positions(connection: Connection, library_id: int, items: Sequence[int]) -> dict[int, tuple[float, float]]:
    """The positions that these items carry themselves."""
    rows = connection.execute(POSITIONS, {"library_id": library_id, "items": list(items)})
    return {row.item_id: (row.lat, row.lon) for row in rows}
