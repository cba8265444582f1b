"""Duplicates: what shows the same, side by side, and settling it. Nothing is ever deleted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from albumen.catalog import audit, duplicates, moving, renditions
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.media import MediaLinks
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary

router = APIRouter()
ACTS_DAG = "organise_libraries"
SHOWN = 30


class Settlement(BaseModel):
    """What is decided of a group; `keeper` is an item."""

    model_config = ConfigDict(extra="forbid")
    group: str = Field(max_length=100)
    decision: Literal["keep", "keep all", "different"]
    keeper: int | None = Field(None, ge=1, lt=2**63)


@router.get("/duplicates")
def show(
    request: Request,
    scope: InLibrary,
    connection: Catalog,
    user: User,
    links: MediaLinks,
    kind: Literal["near", "stack", "similar"] = "near",
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Groups that are not settled, the one to keep first."""
    library_id = scope.library.library_id
    groups = duplicates.listed(connection, library_id, kind=kind, after=after, most=SHOWN)
    items = [member.item_id for group in groups for member in group.members]
    values = {
        "groups": groups,
        "kind": kind,
        "thumbs": renditions.keys(connection, library_id, items, name="thumb"),
        "moving": moving.of_items(connection, library_id, items),
        "after": groups[-1].group_id if len(groups) == SHOWN else "",
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "duplicates.html", values, scope=scope)


@router.post("/settle-duplicates", dependencies=acts(ACTS_DAG))
def settle(wanted: Settlement, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Settle a group; it stays settled when the library is organised again."""
    library_id = scope.library.library_id
    try:
        duplicates.resolve(connection, library_id, wanted.group, wanted.decision, by=user, keeper=wanted.keeper)
    except duplicates.DuplicateError as error:
        raise HTTPException(404, str(error)) from error
    details = wanted.model_dump(exclude_none=True)
    audit.record(connection, by=user, action="settle duplicates", library=scope.library.name, details=details)
    connection.commit()
    return {"changed": 1, "told": f"settled: {wanted.decision}"}
