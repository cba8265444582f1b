"""Audit: who did what in the console."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from albumen.catalog import audit
from albumen.console.rendering import page
from albumen.console.scope import Catalog

router = APIRouter()
SHOWN = 100


@router.get("/audit")
def show(
    request: Request, connection: Catalog, before: Annotated[int | None, Query(ge=1, lt=2**63)] = None
) -> Response:
    """The latest actions, and a way to older ones."""
    entries = audit.recent(connection, most=SHOWN, before=before)
    older = entries[-1].audit_id if len(entries) == SHOWN else None
    return page(request, "audit.html", {"entries": entries, "older": older})
