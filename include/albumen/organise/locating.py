"""Giving items the places they were taken at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from albumen.catalog import places, shots
from albumen.catalog.places import Located
from albumen.organise.gazetteer import gazetteer
from albumen.organise.geo import Point
from albumen.organise.positions import InferredPosition


def locate_items(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Name the places of the items that carry a position."""
    own = shots.own_positions(connection, library_id, items)
    found = _named(connection, library_id, ((item, point, None) for item, point in own.items()))
    places.locate(connection, library_id, items, found, inferred=False)


def locate_guesses(
    connection: Connection, library_id: int, items: Sequence[int], guesses: Mapping[int, InferredPosition]
) -> list[Located]:
    """Replace the guessed positions of `items`; the guesses with their places."""
    found = _named(connection, library_id, ((item, one.point, one.within_km) for item, one in guesses.items()))
    places.locate(connection, library_id, items, found, inferred=True)
    return found


def _named(connection: Connection, library_id: int, points: Iterable[tuple[int, Point, float | None]]) -> list[Located]:
    found, named = [], []
    for item, point, within_km in points:
        place = gazetteer().place(point)
        found.append(Located(item, point, place.place_id if place else None, within_km))
        named += [place] if place else []
    places.name(connection, library_id, named)
    return found
