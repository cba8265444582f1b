"""Where was it? Positions and named places of items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

FORGET = text("""
    DELETE FROM item_places WHERE library_id = :library_id AND item_id = ANY(:items) AND inferred = :inferred
""")

NAME = text("""
    INSERT INTO places (library_id, place_id, city, region, country, country_code, lat, lon)
    VALUES (:library_id, :place_id, :city, :region, :country, :country_code, :lat, :lon)
    ON CONFLICT (library_id, place_id) DO NOTHING
""")

LOCATE = text("""
    INSERT INTO item_places (library_id, item_id, lat, lon, place_id, inferred, within_km)
    SELECT :library_id, p.item_id, p.lat, p.lon, p.place_id, :inferred, p.within_km
    FROM unnest(CAST(:items AS bigint[]), CAST(:lats AS float8[]), CAST(:lons AS float8[]), CAST(:places AS text[]),
        CAST(:within AS real[])) AS p(item_id, lat, lon, place_id, within_km)
    ORDER BY 2
    ON CONFLICT (library_id, item_id) DO UPDATE SET lat = excluded.lat, lon = excluded.lon,
        place_id = excluded.place_id, inferred = excluded.inferred, within_km = excluded.within_km
    WHERE NOT excluded.inferred OR item_places.inferred
""")
"""What a photo says itself is never replaced by a guess."""

ALL = text("""
    SELECT place_id, city, region, country, country_code, lat, lon FROM places
    WHERE library_id = :library_id ORDER BY place_id
""")
"""One row a place, not a photo."""


OF_ITEMS = text("""
    SELECT item_id, place_id FROM item_places
    WHERE library_id = :library_id AND item_id = ANY(:items) AND place_id IS NOT NULL
""")


PRUNE = text("""
    DELETE FROM places p WHERE p.library_id = :library_id AND NOT EXISTS (
        SELECT FROM item_places i WHERE i.library_id = :library_id AND i.place_id = p.place_id)
""")
"""Grows with the places of a library."""


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A named place; city and region may be unknown."""

    place_id: str
    city: str | None
    region: str | None
    country: str
    country_code: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Located:
    """Where an item was taken, and the place this is in; an inferred position says how far off it may be."""

    item_id: int
    point: tuple[float, float]
    place_id: str | None
    within_km: float | None = None


def name(connection: Connection, library_id: int, named: Iterable[NamedPlace]) -> None:
    """Remember named places."""
    rows = {
        one.place_id: {
            "library_id": library_id,
            **{field: getattr(one, field) for field in ("place_id", "city", "region", "country", "country_code")},
            "lat": one.lat,
            "lon": one.lon,
        }
        for one in named
    }
    if rows:
        connection.execute(NAME, [rows[place_id] for place_id in sorted(rows)])


def locate(
    connection: Connection, library_id: int, items: Sequence[int], located: Sequence[Located], *, inferred: bool
) -> None:
    """Replace the positions of `items`, of this kind alone, by `located`; a guess never replaces a true one."""
    connection.execute(FORGET, {"library_id": library_id, "items": list(items), "inferred": inferred})
    if located:
        parameters = {
            "library_id": library_id,
            "inferred": inferred,
            "items": [one.item_id for one in located],
            "lats": [one.point[0] for one in located],
            "lons": [one.point[1] for one in located],
            "places": [one.place_id for one in located],
            "within": [one.within_km for one in located],
        }
        connection.execute(LOCATE, parameters)


def prune(connection: Connection, library_id: int) -> None:
    """Forget the names of places that no item was taken at any more."""
    connection.execute(PRUNE, {"library_id": library_id})


def everyone(connection: Connection, library_id: int) -> dict[str, NamedPlace]:
    """The named places of a library by id."""
    rows = connection.execute(ALL, {"library_id": library_id}).mappings()
    return {row["place_id"]: NamedPlace(**row) for row in rows}


def of_items(connection: Connection, library_id: int, items: Sequence[int]) -> dict[int, str]:
    """The named places of these items."""
    rows = connection.execute(OF_ITEMS, {"library_id": library_id, "items": list(items)})
    return {row.item_id: row.place_id for row in rows}
