"""Alerts: what needs a person, what was promised, and who asked for silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from albumen.catalog import alerts, audit, libraries, slos
from albumen.console.access import Actor, User, acts, may_act
from albumen.console.rendering import page
from albumen.console.scope import Catalog, SettingsInForce
from albumen.pipeline import registry, watching

router = APIRouter()
ACTS_DAG = "watch_service"
PAST = 30


class Quiet(BaseModel):
    """Silence with a reason and an end."""

    model_config = ConfigDict(extra="forbid")
    kind: str = Field("", max_length=100)
    about: str = Field("", max_length=300)
    reason: str = Field(min_length=3, max_length=300)
    hours: float = Field(8.0, gt=0, le=24 * 30)


class Loud(BaseModel):
    """The end of a silence."""

    model_config = ConfigDict(extra="forbid")
    silence_id: int = Field(ge=1, lt=2**63)


@router.get("/alerts")
def show(request: Request, connection: Catalog, settings: SettingsInForce, user: User) -> Response:
    """What is wrong now, the promises to every library, silences, and what is over."""
    now = datetime.now(UTC)
    promised, steps = settings.slos.model_dump(), list(registry.steps())
    values = {
        "open": alerts.open_ones(connection),
        "kinds": watching.KINDS,
        "promises": [
            (one.name, slos.of_library(connection, one, steps, now, promised)) for one in libraries.everyone(connection)
        ],
        "silences": alerts.silences(connection),
        "past": alerts.past(connection, most=PAST),
        "channels": len(settings.notify.alerts),
        "may_act": may_act(user, ACTS_DAG),
    }
    return page(request, "alerts.html", values)


@router.post("/silence", dependencies=acts(ACTS_DAG))
def silence(wanted: Quiet, connection: Catalog, user: Actor) -> dict[str, Any]:
    """Tell nobody of such alerts for a while."""
    if wanted.kind and wanted.kind not in watching.KINDS:
        raise HTTPException(404, f"no alert is of the kind {wanted.kind}")
    ends_at = datetime.now(UTC) + timedelta(hours=wanted.hours)
    values = wanted.model_dump(exclude={"hours"})
    silence_id = alerts.silence(connection, **values, by=user, ends_at=ends_at)
    audit.record(connection, by=user, action="silence", details={**wanted.model_dump(), "silence": silence_id})
    connection.commit()
    return {"told": f"silent until {ends_at:%Y-%m-%d %H:%M} UTC"}


@router.post("/end-silence", dependencies=acts(ACTS_DAG))
def end_silence(wanted: Loud, connection: Catalog, user: Actor) -> dict[str, Any]:
    """What is open and was silenced is told at the next look."""
    if not alerts.end_silence(connection, wanted.silence_id):
        raise HTTPException(409, "that silence has ended")
    audit.record(connection, by=user, action="end silence", details={"silence": wanted.silence_id})
    connection.commit()
    return {"told": "the silence has ended"}
