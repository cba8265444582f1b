"""Clocks: cameras whose clocks seem to be off. What was found is offered; a date moves only when somebody says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from albumen.catalog import audit, clocks, renditions
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.media import MediaLinks
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary

router = APIRouter()
ACTS_DAG = "organise_libraries"


class Answer(BaseModel):
    """What is said to a clock: its dates are set right, it was right, or what was said is taken back."""

    model_config = ConfigDict(extra="forbid")
    clock: int = Field(ge=1, lt=2**63)
    answer: Literal["apply", "dismiss", "undo"]


@router.get("/clocks")
def show(
    request: Request,
    scope: InLibrary,
    connection: Catalog,
    user: User,
    links: MediaLinks,
    everything: Annotated[bool, Query(description="Also those that were decided.")] = False,
) -> Response:
    """Clocks with a few of the photos they would move, and where to."""
    library_id = scope.library.library_id
    found = clocks.listed(connection, library_id, everything=everything)
    taken = {one.clock_id: clocks.examples(connection, library_id, one) for one in found if not one.decision}
    items = [photo.item_id for photos in taken.values() for photo in photos]
    values = {
        "clocks": [(one, timedelta(minutes=one.ahead), taken.get(one.clock_id, [])) for one in found],
        "everything": everything,
        "thumbs": renditions.keys(connection, library_id, items, name="thumb"),
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "clocks.html", values, scope=scope)


@router.post("/answer-clock", dependencies=acts(ACTS_DAG))
def answer(wanted: Answer, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Apply, dismiss, or take back; the files stay as they are."""
    library_id = scope.library.library_id
    try:
        if wanted.answer == "dismiss":
            clocks.dismiss(connection, library_id, wanted.clock, by=user)
            moved = 0
        else:
            change = clocks.apply if wanted.answer == "apply" else clocks.undo
            moved = change(connection, library_id, wanted.clock, by=user)
    except clocks.ClockError as error:
        raise HTTPException(409, str(error)) from error
    details = {**wanted.model_dump(), "photos": moved}
    audit.record(connection, by=user, action="answer clock", library=scope.library.name, details=details)
    connection.commit()
    return {"changed": moved, "told": f"{moved} photos have other dates" if moved else f"clock: {wanted.answer}"}
