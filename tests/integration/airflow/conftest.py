"""Operators, hooks and triggers against the real servers; of Airflow only what a task sees of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from albumen.local.home import Home
from albumen.local.seaweed import storage_connection
from albumen.testing.library import TestLibrary

CATALOG = "AIRFLOW_CONN_ALBUMEN_CATALOG"
STORE = "AIRFLOW_CONN_ALBUMEN_S3"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "integration/airflow/" in item.path.as_posix():
            item.add_marker(pytest.mark.stack)


@dataclass
class Ran:
    """What became of one try of a task."""

    result: Any
    emitted: list[tuple[str, dict[str, Any]]]
    label: str


@dataclass
class TaskInstance:
    """The task instance as our operators use it: who it is, and what earlier tasks returned."""

    task_id: str
    map_index: int
    try_number: int
    run_id: str
    dag_id: str = "a_dag"
    returned: Mapping[str, Any] = field(default_factory=dict)

    def xcom_pull(self, *, task_ids: str) -> Any:
        return self.returned.get(task_ids, [])

    def xcom_push(self, *, key: str, value: Any) -> None:
        """What a task keeps beside its value; nobody asks for it here."""


def event(payload: Any) -> Any:
    """An asset event as a watcher makes it."""
    return SimpleNamespace(extra={"from_trigger": True, "payload": payload})


@pytest.fixture
def watcher_event() -> Callable[[Any], Any]:
    return event


@pytest.fixture
def run_task() -> Callable[..., Ran]:
    """Runs one try of an operator: templates rendered, then executed; tells what it returned and emitted."""
    from airflow.sdk.execution_time.context import OutletEventAccessors

    def run(
        task: Any,
        *,
        params: Mapping[str, Any] | None = None,
        returned: Mapping[str, Any] | None = None,
        events: Iterable[Any] = (),
        map_index: int = -1,
        run_id: str = "run-1",
        try_number: int = 1,
    ) -> Ran:
        outlet_events, events = OutletEventAccessors(), list(events)
        context: dict[str, Any] = {
            "ti": TaskInstance(task.task_id, map_index, try_number, run_id, returned=returned or {}),
            "task": task,
            "map_index_template": task.map_index_template,
            "params": dict(params or {}),
            "outlet_events": outlet_events,
            "triggering_asset_events": {"an asset": events} if events else {},
        }
        task.render_template_fields(context)
        result = json.loads(json.dumps(task.execute(context)))
        emitted = [
            (found.dest_asset_key.name, dict(found.extra))
            for outlet in task.outlets
            for found in outlet_events[outlet].asset_alias_events
        ]
        label = context["map_index_template"]
        return Ran(result, emitted, task.render_template(label, context) if label else "")

    return run


@pytest.fixture
def connections(servers: Home, catalog: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Airflow connections of the real servers, as an installation states them."""
    url = make_url(catalog)
    stated = {
        "conn_type": "postgres",
        "host": url.host,
        "port": url.port,
        "login": url.username,
        "password": url.password,
        "schema": url.database,
    }
    monkeypatch.setenv(CATALOG, json.dumps(stated))
    monkeypatch.setenv(STORE, storage_connection(servers))


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the `catalog` or the `store` unreachable: nothing listens where its connection points."""

    def strike(what: str) -> None:
        if what == "catalog":
            nowhere: dict[str, Any] = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "schema": "albumen"}
            monkeypatch.setenv(CATALOG, json.dumps(nowhere))
        else:
            extra = {"endpoint_url": "http://127.0.0.1:1", "region_name": "us-east-1"}
            nowhere = {"conn_type": "aws", "login": "nobody", "password": "nothing", "extra": extra}
            monkeypatch.setenv(STORE, json.dumps(nowhere))

    return strike


@pytest.fixture
def place(library: TestLibrary, connections: None, monkeypatch: pytest.MonkeyPatch) -> TestLibrary:
    """A library that operators reach over their connections, with its bucket as the library bucket too."""
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", library.bucket)
    return library


@pytest.fixture
def second_library(place: TestLibrary) -> TestLibrary:
    """Another library in the same catalog and bucket, below another prefix."""
    return TestLibrary.create(place.url, place.store, place.bucket, name="other")
