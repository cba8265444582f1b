"""Map: where photos were taken, drawn without any tile server.

What is under the photos are the towns of the gazetteer that the catalog is organised with: a world of lights.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from albumen.catalog import map_cells, places
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary
from albumen.organise.towns import towns

router = APIRouter()
CLUSTERS, TOWNS, DAYS, LISTED = 250, 4000, 60, 300


class Area(BaseModel):
    """A part of the world, degrees."""

    south: float = Field(-90, ge=-90, le=90)
    west: float = Field(-180, ge=-180, le=180)
    north: float = Field(90, ge=-90, le=90)
    east: float = Field(180, ge=-180, le=180)


def _area(
    south: Annotated[float, Query(ge=-90, le=90)] = -90,
    west: Annotated[float, Query(ge=-180, le=180)] = -180,
    north: Annotated[float, Query(ge=-90, le=90)] = 90,
    east: Annotated[float, Query(ge=-180, le=180)] = 180,
) -> Area:
    return Area(south=south, west=west, north=north, east=east)


Shown = Annotated[Area, Depends(_area)]
Size = Annotated[float, Query(gt=0.0005, le=90, description="Side of a cell, degrees.")]


@router.get("/map")
def show(request: Request, scope: InLibrary, connection: Catalog) -> Response:
    """The frame of the map, and the places by name for who sees none."""
    named = places.everyone(connection, scope.library.library_id).values()
    known = sorted(named, key=lambda place: (place.country, place.region or "", place.city or ""))
    return page(request, "map.html", {"places": known[:LISTED], "more": len(known) - LISTED}, scope=scope)


@router.get("/map-clusters")
def clusters(scope: InLibrary, connection: Catalog, area: Shown, size: Size) -> list[dict[str, Any]]:
    """Where photos lie in an area, by cells."""
    found = map_cells.clusters(connection, scope.library.library_id, **area.model_dump(), size=size, most=CLUSTERS)
    return [
        {"lat": round(one.lat, 4), "lon": round(one.lon, 4), "photos": one.photos, "days": one.days} for one in found
    ]


@router.get("/map-days")
def days(
    scope: InLibrary,
    connection: Catalog,
    lat: Annotated[float, Query(ge=-90, le=90)],
    lon: Annotated[float, Query(ge=-180, le=180)],
    size: Size,
) -> list[dict[str, Any]]:
    """The days that somebody was in a cell, the latest first."""
    found = map_cells.days_at(connection, scope.library.library_id, lat, lon, size=size, most=DAYS)
    return [{"day": day.isoformat(), "photos": photos} for day, photos in found]


@router.get("/map-towns")
def background(area: Shown) -> Response:
    """The largest towns of an area: name, latitude, longitude."""
    found = towns().within(**area.model_dump(), most=TOWNS)
    return JSONResponse(found, headers={"Cache-Control": "private, max-age=86400"})
