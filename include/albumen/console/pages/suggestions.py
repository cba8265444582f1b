"""Suggestions: two who may be the same person, with how sure that is; somebody says yes or no."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from albumen.catalog import audit, people, person_decisions, person_suggestions, renditions
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.media import MediaLinks
from albumen.console.rendering import page
from albumen.console.scope import Catalog, InLibrary
from albumen.organise.people import SUGGEST, confidence

router = APIRouter()
ACTS_DAG = "organise_libraries"
SHOWN = 50


class Answer(BaseModel):
    """Whether two are the same."""

    model_config = ConfigDict(extra="forbid")
    one: str = Field(min_length=1, max_length=100)
    into: str = Field(min_length=1, max_length=100)
    answer: Literal["same", "different"]


@router.get("/suggestions")
def show(request: Request, scope: InLibrary, connection: Catalog, user: User, links: MediaLinks) -> Response:
    """Pairs of people, the surest first."""
    library_id = scope.library.library_id
    found = person_suggestions.same(connection, library_id, least=SUGGEST, most=SHOWN)
    covers = [side.cover_item_id for pair in found for side in (pair.one, pair.into) if side.cover_item_id]
    values = {
        "pairs": [(pair, confidence(pair.cosine)) for pair in found],
        "thumbs": renditions.keys(connection, library_id, covers, name="thumb"),
        "links": links,
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "suggestions.html", values, scope=scope)


@router.post("/answer-suggestion", dependencies=acts(ACTS_DAG))
def answer(wanted: Answer, scope: InLibrary, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Join two, or keep them apart for good."""
    library_id = scope.library.library_id
    try:
        one, into = (people.named(connection, library_id, who).person_id for who in (wanted.one, wanted.into))
        if wanted.answer == "same":
            person_decisions.merge(connection, library_id, one, into)
        else:
            person_suggestions.tell_apart(connection, library_id, one, into, by=user)
    except people.PersonError as error:
        raise HTTPException(409, str(error)) from error
    audit.record(
        connection, by=user, action="answer suggestion", library=scope.library.name, details=wanted.model_dump()
    )
    connection.commit()
    return {"changed": 1, "told": f"{wanted.one} and {wanted.into}: {wanted.answer}"}
