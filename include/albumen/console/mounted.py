"""What Airflow mounts: the application, made when somebody first asks for a page.

Every process of Airflow loads its plugins, tasks too; only the API server needs more than this.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send


@cache
def _application() -> ASGIApp:
    from albumen.console.app import create_app

    return create_app()


async def console(scope: Scope, receive: Receive, send: Send) -> None:
    """The console as an ASGI application."""
    application: Any = await run_in_threadpool(_application)
    await application(scope, receive, send)
