"""Item: everything known of one file, and where each fact came from."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from albumen.catalog import export, item_story, ledger, step_pauses
from albumen.catalog.due import Lane
from albumen.console.access import User, may_act
from albumen.console.media import MediaLinks
from albumen.console.pages.quarantine import ACTS_DAG
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary

router = APIRouter()
PLAYED = ("proxy", "hover", "motion")
"""Renditions that move, the best to look at first."""


@router.get("/item")
def show(
    request: Request,
    scope: InLibrary,
    connection: Catalog,
    links: MediaLinks,
    user: User,
    key: Annotated[str, Query(max_length=1100)] = "",
    subject: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """By the key that people see, or by the id of an item or original; without either, a form to look one up."""
    library = scope.library
    whole = item_story.key_of(connection, library.library_id, subject) if subject else library.prefix + key
    if not (key or subject):
        return page(request, "item.html", {"key": "", "story": None}, scope=scope)
    story = item_story.of_key(connection, library, whole) if whole is not None else None
    told = ledger.of_key(connection, library, whole) if whole is not None else None
    if story is None or told is None or whole is None:
        raise HTTPException(404, f"library {library.name} knows no file {key or subject}")
    discovered, entries, pending = told
    record = next(export.records(connection, library, key=whole), None)
    by_name = _renditions(record)
    half = (
        next(export.records(connection, library, key=library.prefix + record["live_photo"]), None)
        if (record and record["live_photo"])
        else None
    )
    moving = record if record and record["kind"] == "video" else half if half and half["kind"] == "video" else None
    clips = {**by_name, **(_renditions(moving) if moving else {})}
    values = {
        "key": whole.removeprefix(library.prefix),
        "story": story,
        "record": record,
        "shown": by_name.get("preview") or by_name.get("thumb"),
        "played": next((clips[name] for name in PLAYED if name in clips), None),
        "moving": moving,
        "discovered": discovered,
        "entries": entries,
        "pending": pending,
        "lanes": {lane.value: lane.name.lower() for lane in Lane},
        "stopped": step_pauses.everyone(connection),
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "item.html", values, scope=scope)


def _renditions(record: dict[str, Any] | None) -> dict[str, Any]:
    return {one["name"]: one for one in (record or {}).get("renditions", [])}
