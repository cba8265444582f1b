"""Person: the faces taken to be one person's, the least sure first; some of them may be somebody else's."""

from __future__ import annotations

import secrets
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
SHOWN = 60
Number = Annotated[int, Field(ge=0, lt=2**63)]


class Faces(BaseModel):
    """Faces of a person, each an item and its number there, that are not theirs: another's, or who knows whose."""

    model_config = ConfigDict(extra="forbid")
    person: str = Field(min_length=1, max_length=100)
    what: Literal["split", "reject"]
    pairs: list[tuple[Number, Number]] = Field(min_length=1, max_length=SHOWN)


@router.get("/person")
def show(
    request: Request,
    scope: InLibrary,
    connection: Catalog,
    user: User,
    links: MediaLinks,
    person: Annotated[str, Query(min_length=1, max_length=100)],
    skip: Annotated[int, Query(ge=0, le=10**6)] = 0,
) -> Response:
    """A part of somebody's faces, each with the photo it is in."""
    library_id = scope.library.library_id
    found = _named(connection, library_id, person)
    faces = people.faces_of(connection, library_id, found.person_id, most=SHOWN, skip=skip)
    values = {
        "person": found,
        "faces": faces,
        "next": skip + SHOWN if len(faces) == SHOWN else None,
        "thumbs": renditions.keys(connection, library_id, [face.item_id for face in faces], name="thumb"),
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "person.html", values, scope=scope)


@router.post("/part-faces", dependencies=acts(ACTS_DAG))
def part(wanted: Faces, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Give faces to somebody new, or only take them away; both survive when faces are grouped anew."""
    library_id = scope.library.library_id
    found = _named(connection, library_id, wanted.person)
    assigned = people.assigned(connection, library_id, sorted({item for item, _ in wanted.pairs}))
    faces = [
        face
        for face in assigned
        if face.person_id == found.person_id and (face.item_id, face.face_no) in set(wanted.pairs)
    ]
    if not faces:
        raise HTTPException(409, f"none of these faces is {found.person_id}'s")
    if wanted.what == "split":
        new_id = secrets.token_hex(6)
        person_decisions.split(connection, library_id, faces, new_id, by=user)
        told = f"{len(faces)} faces are {new_id}'s from now on"
    else:
        person_decisions.reject(connection, library_id, faces, by=user)
        told = f"{len(faces)} faces are not {found.name or found.person_id}'s"
    details = {"person": found.person_id, "what": wanted.what, "faces": len(faces)}
    audit.record(connection, by=user, action="part faces", library=scope.library.name, details=details)
    connection.commit()
    return {"changed": len(faces), "told": told}


def _named(connection: Any, library_id: int, who: str) -> people.Person:
    try:
        return people.named(connection, library_id, who)
    except people.PersonError as error:
        raise HTTPException(404, str(error)) from error
