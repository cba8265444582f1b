"""Overview: how every library is, in one look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from albumen.catalog import alerts, audit, libraries, overview, step_pauses
from albumen.catalog.overview import LibraryOverview
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.rendering import page
from albumen.console.scope import Catalog, SettingsInForce
from albumen.pipeline import costing, registry
from albumen.settings import Settings

router = APIRouter()
PAUSES_DAG = "backfill_step"
"""Who may run it may also stop a step and let it go on: both say what work is done."""

StepName = Annotated[str, Field(max_length=100)]


class Resume(BaseModel):
    """Let a stopped step go on."""

    model_config = ConfigDict(extra="forbid")
    step: StepName


class Pause(Resume):
    """Stop a step, with a reason for those who find it stopped."""

    reason: str = Field(min_length=3, max_length=300)


@router.get("/overview")
def show(request: Request, connection: Catalog, settings: SettingsInForce, user: User) -> Response:
    """The page; `live` alone is fetched again by its script."""
    now = datetime.now(UTC)
    found = _gathered(connection, now)
    values = {
        "libraries": found,
        "stopped": step_pauses.everyone(connection),
        "now": now,
        "may_act": may_act(user, PAUSES_DAG),
        "alerts": len(alerts.open_ones(connection)),
        "cost": {one.library.name: _cost(one, settings) for one in found},
        "currency": settings.prices.currency,
    }
    return page(request, "overview.html", values)


@router.get("/overview.json")
def as_json(connection: Catalog) -> dict[str, Any]:
    """The same for programs."""
    now = datetime.now(UTC)
    return {"at": now.isoformat(), "libraries": [one.as_dict() for one in _gathered(connection, now)]}


@router.post("/resume-step", dependencies=acts(PAUSES_DAG))
def resume(wanted: Resume, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Let a stopped step go on; what its breaker held is tried again."""
    released = step_pauses.resume(connection, wanted.step)
    if released is None:
        raise HTTPException(409, f"{wanted.step} is not stopped")
    audit.record(connection, by=user, action="resume step", details={"step": wanted.step, "released": released})
    connection.commit()
    return {"told": f"{wanted.step} goes on; {released} outcomes are tried again"}


@router.post("/pause-step", dependencies=acts(PAUSES_DAG))
def pause(wanted: Pause, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Stop a step in all libraries."""
    if wanted.step not in registry.steps():
        raise HTTPException(404, f"no step is called {wanted.step}")
    if not step_pauses.pause(connection, wanted.step, reason=wanted.reason, by=user):
        raise HTTPException(409, f"{wanted.step} is stopped already")
    audit.record(connection, by=user, action="pause step", details={"step": wanted.step, "reason": wanted.reason})
    connection.commit()
    return {"told": f"{wanted.step} is stopped; its due work stays due"}


def _gathered(connection: Connection, now: datetime) -> list[LibraryOverview]:
    steps = list(registry.steps())
    return [overview.of_library(connection, library, steps, now) for library in libraries.everyone(connection)]


def _cost(one: LibraryOverview, settings: Settings) -> float:
    """What the work of today cost."""
    return sum(sum(cost.money(settings.prices).values()) for cost in costing.by_step(one.work_today))
