"""Backfill: do a step, or do it again, for a selection; its size and cost come before its start."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from albumen.catalog import audit, backfills, progress
from albumen.catalog.libraries import Library
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.rendering import page, span
from albumen.console.scope import Catalog, InLibrary, SettingsInForce
from albumen.pipeline import backfill_request, registry
from albumen.pipeline.backfill_request import BackfillRequest
from albumen.settings import Settings

router = APIRouter()
ACTS_DAG = "backfill_step"
SHOWN = 30


class Wanted(BaseModel):
    """The form."""

    model_config = ConfigDict(extra="forbid")
    step: str = Field(max_length=100)
    keys: list[Annotated[str, Field(min_length=1, max_length=1024)]] = Field(default=[], max_length=1000)
    prefix: str = Field("", max_length=1024)
    reason: str = Field("", max_length=100)
    taken_from: str = Field("", max_length=10)
    taken_to: str = Field("", max_length=10)
    stale_only: bool = False

    def asked(self) -> BackfillRequest:
        """As the pipeline understands it."""
        return BackfillRequest(**self.model_dump())


@router.get("/backfill")
def show(request: Request, scope: InLibrary, connection: Catalog, user: User) -> Response:
    """The form, and the backfills of this library, the latest first."""
    library_id = scope.library.library_id
    started = backfills.latest(connection, library_id, most=SHOWN)
    values = {
        "steps": backfill_request.step_choices(),
        "reasons": backfill_request.REASONS,
        "started": started,
        "left": progress.left_by_step(connection, library_id, sorted({one.step for one in started})),
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "backfill.html", values, scope=scope)


@router.post("/measure-backfill", dependencies=acts(ACTS_DAG))
def measure(wanted: Wanted, scope: InLibrary, connection: Catalog, settings: SettingsInForce) -> dict[str, Any]:
    """How many items, and what they cost; changes nothing. It reads the selection, so that it is an action."""
    estimate = _estimate(connection, scope.library, wanted, settings)
    return {"items": estimate["items"], "told": estimate["told"]}


@router.post("/start-backfill", dependencies=acts(ACTS_DAG))
def start(
    wanted: Wanted, scope: InLibrary, connection: Catalog, settings: SettingsInForce, user: Actor
) -> dict[str, Any]:
    """Make it due, behind fresh uploads; named files go before other backfills."""
    estimate = _estimate(connection, scope.library, wanted, settings)
    if not estimate["items"]:
        raise HTTPException(409, f"{estimate['told']}: there is nothing to do")
    backfill_id = backfill_request.start(connection, scope.library, wanted.asked(), settings)
    details = {**wanted.model_dump(exclude_defaults=True, exclude={"keys"}), "backfill": backfill_id, **estimate}
    audit.record(connection, by=user, action="start backfill", library=scope.library.name, details=details)
    connection.commit()
    return {"backfill": backfill_id, "told": f"started: {estimate['told']}"}


def _estimate(connection: Connection, library: Library, wanted: Wanted, settings: Settings) -> dict[str, Any]:
    try:
        found = backfill_request.measure(connection, library, wanted.asked(), settings)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    seconds = found.items * found.seconds_per_item
    money = seconds / 3600 * settings.prices.core_hour
    step = registry.steps()[wanted.step].name
    told = f"{step} of {found.items:,} items, about {span(seconds)} of one core, {money:.2f} {settings.prices.currency}"
    return {"items": found.items, "told": told}
