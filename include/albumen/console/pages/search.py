"""Search: photos and clips in plain words, each with why it is a hit."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from albumen.catalog import renditions
from albumen.console.media import MediaLinks
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary, SettingsInForce
from albumen.organise import searching
from albumen.organise.searching import Only
from albumen.vision import asking

router = APIRouter()
SHOWN = 60


@router.get("/search")
def show(
    request: Request,
    scope: InLibrary,
    connection: Catalog,
    links: MediaLinks,
    settings: SettingsInForce,
    asked: Annotated[str, Query(max_length=500)] = "",
    kind: Literal["", "photo", "video", "screenshot", "document", "receipt", "graphic", "scan"] = "",
    since: Annotated[date | Literal[""] | None, Query()] = None,
    until: Annotated[date | Literal[""] | None, Query()] = None,
) -> Response:
    """A form and, if something was asked, the hits."""
    only = Only(since=since or None, until=until or None, kind=kind)
    found = None
    if asked.strip():
        found = searching.run(
            connection,
            scope.library.library_id,
            asked,
            today=date.today(),
            labels=asking.vocabulary(settings.models),
            encode=partial(asking.point_of, models=settings.models),
            most=SHOWN,
            only=only,
        )
    items = [hit.item_id for hit in found.hits] if found else []
    values = {
        "asked": asked,
        "only": only,
        "found": found,
        "kinds": ("photo", "video", "screenshot", "document", "receipt", "graphic", "scan"),
        "thumbs": renditions.keys(connection, scope.library.library_id, items, name="thumb"),
        "links": links,
    }
    return page(request, "search.html", values, scope=scope)
