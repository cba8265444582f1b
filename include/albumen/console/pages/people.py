"""People: who is in a library; names, merging and hiding."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from albumen.catalog import audit, people, person_decisions, renditions
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.media import MediaLinks
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary

router = APIRouter()
ACTS_DAG = "organise_libraries"
SHOWN = 50


class Change(BaseModel):
    """What is said of a person: a name, that they are somebody else known, or whether they are hidden."""

    model_config = ConfigDict(extra="forbid")
    person: str = Field(max_length=100)
    what: Literal["name", "merge", "hide", "show", "ignore"]
    value: str = Field("", max_length=200)


@router.get("/people")
def show(
    request: Request,
    scope: InLibrary,
    connection: Catalog,
    user: User,
    links: MediaLinks,
    everyone: bool = False,
    skip: Annotated[int, Query(ge=0, le=10**6)] = 0,
) -> Response:
    """Who was seen, most often first; hidden and ignored people only if asked for."""
    library_id = scope.library.library_id
    found = people.everyone(connection, library_id, all_of_them=everyone, most=SHOWN, skip=skip)
    covers = [person.cover_item_id for person in found if person.cover_item_id]
    values = {
        "people": found,
        "everyone": everyone,
        "skipped": skip,
        "next": skip + SHOWN if len(found) == SHOWN else None,
        "thumbs": renditions.keys(connection, library_id, covers, name="thumb"),
        "consents": "faces" in scope.library.consents,
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "people.html", values, scope=scope)


@router.post("/change-person", dependencies=acts(ACTS_DAG))
def change(wanted: Change, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Name, merge, hide or show a person; it survives when faces are grouped anew."""
    library_id = scope.library.library_id
    try:
        person = people.named(connection, library_id, wanted.person)
        if wanted.what == "merge":
            other = people.named(connection, library_id, wanted.value.strip())
            person_decisions.merge(connection, library_id, person.person_id, other.person_id)
        elif wanted.what == "name":
            person_decisions.change(connection, library_id, person.person_id, {"name": wanted.value.strip() or None})
        else:
            field, value = ("ignored", True) if wanted.what == "ignore" else ("hidden", wanted.what == "hide")
            changed = {field: value} | ({"ignored": False} if wanted.what == "show" else {})
            person_decisions.change(connection, library_id, person.person_id, changed)
    except people.PersonError as error:
        raise HTTPException(409, str(error)) from error
    details = {"person": person.person_id, "what": wanted.what}
    audit.record(connection, by=user, action="change person", library=scope.library.name, details=details)
    connection.commit()
    return {"changed": 1, "told": f"{person.person_id}: {wanted.what}"}
