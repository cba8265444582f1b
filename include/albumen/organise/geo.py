"""Distances on the globe; right at the date line and at the poles."""

from __future__ import annotations

import math
from collections.abc import Iterable

EARTH_KM = 6371.0088

Point = tuple[float, float]
"""Latitude and longitude, degrees."""


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance of two points.

    References
    ----------
    .. [1] R. W. Sinnott, "Virtues of the Haversine", 1984.
    """
    lat_a, lat_b = math.radians(a[0]), math.radians(b[0])
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b[1] - a[1]) / 2
    inner = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(inner)))


def vector(point: Point) -> tuple[float, float, float]:
    """The point on the unit sphere."""
    lat, lon = math.radians(point[0]), math.radians(point[1])
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def centre(points: Iterable[tuple[Point, float]]) -> Point:
    """Weighted centre of points near one another, on whichever side of the date line.

    Raises
    ------
    ValueError
        Of no points, or of points that cancel out.
    """
    x = y = z = 0.0
    for point, weight in points:
        px, py, pz = vector(point)
        x, y, z = x + weight * px, y + weight * py, z + weight * pz
    if math.hypot(x, y, z) < 1e-9:
        raise ValueError("these points have no centre")
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))
