"""Memories: what a library tells, what waits for a person, and taking both back or letting them out."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from albumen.airflow.hooks.library import library_store
from albumen.catalog import audit, memories, suppressions
from albumen.catalog.suppressions import Suppression
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.media import MediaLinks
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary, SettingsInForce
from albumen.memories import feedback, reviewing, withdrawing
from albumen.storage.object_store import StorageError

router = APIRouter()
ACTS_DAG = "review_memory"
SHOWN = 30
STATES = ("review", "published", "declined")


class Answer(BaseModel):
    """What is said of a memory that waits, or was left out."""

    model_config = ConfigDict(extra="forbid")
    memory: str = Field(pattern=r"^[0-9a-f]{16}$")
    approved: bool


class Hiding(BaseModel):
    """What is to be in no story: `item` and `like` are an item's id, the others a name or an id."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["memory", "kind", "item", "like"]
    value: str = Field(min_length=1, max_length=100)


class Rating(BaseModel):
    """What the owner thinks of a story, or of one picture of it."""

    model_config = ConfigDict(extra="forbid")
    memory: str = Field(pattern=r"^[0-9a-f]{16}$")
    signal: Literal["opened", "finished", "favourite", "shared", "skipped", "less"]
    item: int | None = Field(None, ge=1, lt=2**63)


class Showing(BaseModel):
    """What is hidden no more."""

    model_config = ConfigDict(extra="forbid")
    suppression: int = Field(ge=1, lt=2**63)


@router.get("/memories")
def show(
    request: Request,
    scope: InLibrary,
    connection: Catalog,
    user: User,
    links: MediaLinks,
    state: Literal["", "review", "published", "declined"] = "",
    before: Annotated[date | None, Query()] = None,
) -> Response:
    """The stories, latest first; what waits for a person is shown by itself."""
    library_id = scope.library.library_id
    found = memories.stored(connection, library_id, state=state or None, before=before, most=SHOWN)
    days = sorted({story.told_on for story in found})
    is_cut = len(found) == SHOWN and len(days) > 1
    # A day is never torn: its rest comes on the next page, with all of it.
    shown = [story for story in found if not is_cut or story.told_on > days[0]]
    values = {
        "stories": shown,
        "state": state,
        "states": STATES,
        "before": shown[-1].told_on if is_cut else None,
        "asks": scope.library.review == "ask",
        "hidden": suppressions.of_library(connection, library_id),
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "memories.html", values, scope=scope)


@router.post("/answer-memory", dependencies=acts(ACTS_DAG))
def answer(
    wanted: Answer, scope: InLibrary, connection: Catalog, settings: SettingsInForce, user: Actor
) -> dict[str, Any]:
    """Publish a memory, or leave it out; the question in Airflow is answered by it."""
    said = "published" if wanted.approved else "left out"
    try:
        is_new = reviewing.answer(
            lambda: nullcontext(connection),
            library_store(settings),
            scope.library,
            wanted.memory,
            settings,
            approved=wanted.approved,
            by=user,
        )
    except StorageError:
        return {"changed": 1, "told": f"{said}; the feed follows when storage answers again"}
    if not is_new:
        raise HTTPException(409, "there is nothing to answer: it is gone, or was answered")
    return {"changed": 1, "told": said}


@router.post("/hide-in-memories", dependencies=acts(ACTS_DAG))
def hide(
    wanted: Hiding, scope: InLibrary, connection: Catalog, settings: SettingsInForce, user: Actor
) -> dict[str, Any]:
    """Hide something, and withdraw every story that shows it, at once."""
    item = _item(wanted.value) if wanted.kind in ("item", "like") else None
    details = {"kind": wanted.kind, "value": wanted.value}
    audit.record(connection, by=user, action="hide in memories", library=scope.library.name, details=details)
    try:
        taken = withdrawing.hide(
            lambda: nullcontext(connection),
            library_store(settings),
            scope.library,
            Suppression(wanted.kind, wanted.value, item_id=item),
            settings,
        )
    except StorageError:
        return {"changed": 1, "told": "hidden; feeds and files follow when storage answers again"}
    count = len(taken.memories)
    return {"changed": count, "told": f"hidden; {count} {'story is' if count == 1 else 'stories are'} withdrawn"}


@router.post("/rate-memory", dependencies=acts(ACTS_DAG))
def rate(wanted: Rating, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Keep what the owner thinks: it decides which stories are told from the next day on."""
    try:
        feedback.told(connection, scope.library, wanted.memory, wanted.signal, item_id=wanted.item)
    except feedback.FeedbackError as error:
        raise HTTPException(404, str(error)) from error
    details = wanted.model_dump(exclude_none=True)
    audit.record(connection, by=user, action="rate memory", library=scope.library.name, details=details)
    connection.commit()
    return {"changed": 1, "told": f"{wanted.signal}: stories of the next days follow it"}


@router.post("/show-in-memories", dependencies=acts(ACTS_DAG))
def allow(wanted: Showing, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Take back what was hidden; stories come again with their day."""
    if not suppressions.lift(connection, scope.library.library_id, wanted.suppression):
        raise HTTPException(404, "nothing is hidden under that number")
    details = {"suppression": wanted.suppression}
    audit.record(connection, by=user, action="show in memories", library=scope.library.name, details=details)
    connection.commit()
    return {"changed": 1, "told": "hidden no more: stories come again with their day"}


def _item(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 2**63):
        raise HTTPException(422, f"{value!r} is no id of an item")
    return int(value)
