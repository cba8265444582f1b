"""Library: all pictures by date, however many; what is not on the screen is not in the page."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from albumen.catalog import shelf
from albumen.console.media import LINK_SECONDS, MediaLinks
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary

router = APIRouter()
MOST_AT_ONCE = 200
MARGIN_SECONDS = 60


@router.get("/library")
def show(
    request: Request,
    scope: InLibrary,
    connection: Catalog,
    day: Annotated[date | None, Query(description="The day to begin at.")] = None,
) -> Response:
    """The months and how many items each has; the script asks for those that come into sight."""
    found = shelf.months(connection, scope.library.library_id)
    values = {
        "months": [{"month": f"{one.first:%Y-%m}" if one.first else "", "items": one.items} for one in found],
        "items": sum(one.items for one in found),
        "day": day.isoformat() if day else "",
        "link_seconds": LINK_SECONDS - MARGIN_SECONDS,
    }
    return page(request, "library.html", values, scope=scope)


@router.get("/library-items")
def items(
    scope: InLibrary,
    connection: Catalog,
    links: MediaLinks,
    month: Annotated[str, Query(pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$", description="As 2019-07; empty: no date.")] = "",
    first: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    most: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = MOST_AT_ONCE,
) -> list[dict[str, Any]]:
    """A stretch of a month, the newest first."""
    begins = date(max(1, int(month[:4])), int(month[5:]), 1) if month else None
    return [
        {
            "id": one.item_id,
            "taken": one.taken_local.isoformat(" ", "minutes") if one.taken_local else "",
            "kind": one.kind,
            "colour": one.dominant or "",
            "thumb": links.to(one.thumb) if one.thumb else "",
        }
        for one in shelf.stretch(connection, scope.library.library_id, begins, first=first, most=most)
    ]
