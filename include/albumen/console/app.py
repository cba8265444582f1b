"""The console's application: its pages, its rules, and what it says when something is wrong."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from albumen.console import access, assets, media, rendering
from albumen.console.navigation import PAGES
from albumen.console.scope import NoLibrary

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer; one that sets its own is stricter."""


def create_app() -> FastAPI:
    """The application that Airflow mounts; nobody reaches any of it without permission to read."""
    app = FastAPI(
        title="Albumen", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[access.READS], debug=False
    )
    app.middleware("http")(_with_headers)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(NoLibrary, _no_library)
    app.add_exception_handler(DBAPIError, _catalog_away)
    app.add_exception_handler(PoolTimeout, _catalog_away)
    app.add_api_route("/", _home)
    for router in (*(page.router for page in PAGES), media.router, assets.router):
        app.include_router(router)
    return app


def _home() -> Response:
    return RedirectResponse(PAGES[0].name)


async def _with_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _told(request: Request, status_code: int, title: str, words: str) -> Response:
    """The same in words for people and, where a program asked, as JSON."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return rendering.page(request, "trouble.html", {"title": title, "words": words}, status_code=status_code)
    return JSONResponse({"detail": words}, status_code)


def _refused(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    titles = {401: "Please log in", 403: "Not allowed", 404: "Not found"}
    words = str(getattr(error, "detail", ""))
    if code == 401:
        words = "Your session has ended, or never began: reload Airflow and log in."
    return _told(request, code, titles.get(code, "Something is wrong"), words)


def _misunderstood(request: Request, error: Exception) -> Response:
    told = [
        f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}"
        for one in (error.errors() if isinstance(error, RequestValidationError) else ())
    ]
    return _told(request, 422, "Not understood", "; ".join(told)[:1000])


def _no_library(request: Request, error: Exception) -> Response:
    name = str(error)
    words = f"No library is called {name}." if name else "There is no library yet: ./albumen library create makes one."
    return _told(request, 404, "No library", words)


def _catalog_away(request: Request, error: Exception) -> Response:
    log.warning("the catalog does not answer the console: %s", type(error).__name__)
    words = "The catalog does not answer, or took too long. Look at ./albumen doctor, then reload this page."
    return _told(request, 503, "The catalog does not answer", words)
