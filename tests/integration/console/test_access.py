"""Who is refused: every route, for each role, and every action that does not come from our own page."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from albumen.console.app import create_app

ROUTES: list[APIRoute] = [route for route in create_app().routes if isinstance(route, APIRoute)]
EVERY = [(method, route) for route in ROUTES for method in sorted(route.methods)]
ACTIONS = [route for method, route in EVERY if method == "POST"]
FOREIGN = (
    {"Origin": "http://elsewhere.test"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "javascript://127.0.0.1"},
    {"X-Albumen-Action": ""},
)


def address(route: APIRoute) -> str:
    return f"/albumen{route.path.format(**dict.fromkeys(route.param_convertors, 'x'))}"


def named(value: Any) -> str:
    return value.path if isinstance(value, APIRoute) else str(value)


def test_there_are_no_routes_beside_those_that_are_tested() -> None:
    everything: list[BaseRoute] = list(create_app().routes)
    assert everything == list(ROUTES)
    assert {method for method, _ in EVERY} == {"GET", "POST"}
    assert ACTIONS


@pytest.mark.parametrize(("method", "route"), EVERY, ids=named)
def test_nobody_reaches_a_route_without_logging_in(method: str, route: APIRoute, anonymous: Any) -> None:
    answer = anonymous.request(method, address(route), headers={"Accept": "text/html"})
    assert answer.status_code == 401
    anonymous.cookies.set("_token", "not a token")
    assert anonymous.request(method, address(route)).status_code in {401, 403}


@pytest.mark.parametrize("route", ACTIONS, ids=named)
def test_a_viewer_may_not_act(route: APIRoute, viewer: Any) -> None:
    answer = viewer.act(address(route).removeprefix("/albumen/"), {})
    assert answer.status_code == 403


@pytest.mark.parametrize("route", ACTIONS, ids=named)
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_an_action_from_elsewhere_is_refused(route: APIRoute, headers: dict[str, str], operator: Any) -> None:
    answer = operator.act(address(route).removeprefix("/albumen/"), {}, **headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("route", ACTIONS, ids=named)
def test_an_action_is_no_link_and_no_form(route: APIRoute, operator: Any) -> None:
    assert operator.get(address(route)).status_code == 405
    answer = operator.post(address(route), data={"step": "quality"}, headers={"Origin": str(operator.base_url)})
    assert answer.status_code == 403


def test_an_action_of_nothing_or_of_nonsense_is_told_in_words(operator: Any, library: Any) -> None:
    for route in ACTIONS:
        for body in ({"surprise": 1}, [], "text", None, {"pairs": [[10**30, "renditions"]]}):
            answer = operator.act(address(route).removeprefix("/albumen/"), body)
            assert answer.status_code == 422, (route.path, body)
            assert answer.json()["detail"]


def test_every_answer_forbids_foreign_scripts_and_frames(viewer: Any, anonymous: Any, library: Any) -> None:
    for answer in (viewer.get("/albumen/overview"), viewer.get("/albumen/nothing"), anonymous.get("/albumen/overview")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_readers_permission_is_on_the_application() -> None:
    for route in ROUTES:
        assert any("requires_access_dag" in one.call.__qualname__ for one in route.dependant.dependencies), route.path
        assert not inspect.iscoroutinefunction(route.endpoint), f"{route.path} would block all of Airflow"
