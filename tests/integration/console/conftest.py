"""Airflow's own API server in this process, with our plugin, over the real catalog and object store."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy.engine import make_url

from albumen.local.home import Home
from albumen.local.seaweed import storage_connection
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_motion_photo, a_photo
from albumen.testing.videos import a_video

ROLES = {"viewer": "viewer", "operator": "user"}
"""Who logs in, and their role in Airflow."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "integration/console/" in item.path.as_posix():
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def airflow_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Airflow's API server answers, with a database of its own; log-in is the SimpleAuthManager's."""
    folder = tmp_path_factory.mktemp("console")
    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps({name: name for name in ROLES}), encoding="utf-8")
    with pytest.MonkeyPatch.context() as environment, socket.create_server(("127.0.0.1", 0)) as listening:
        users = ",".join(f"{name}:{role}" for name, role in ROLES.items())
        environment.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", users)
        environment.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))
        environment.setenv(
            "AIRFLOW__API_AUTH__JWT_SECRET", "a secret of the tests, as long as its digest wants it " * 2
        )
        environment.setenv("AIRFLOW__API__SECRET_KEY", "another secret of the tests, long enough")
        from airflow import models
        from airflow.api_fastapi.app import create_app, purge_cached_app
        from airflow.settings import engine

        models.import_all_models()
        models.base.Base.metadata.create_all(engine)
        purge_cached_app()
        server = uvicorn.Server(uvicorn.Config(create_app(apps="core"), log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
        purge_cached_app()


@pytest.fixture
def connections(servers: Home, catalog: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections and settings that the console finds."""
    url = make_url(catalog)
    connection = {
        "conn_type": "postgres",
        "host": url.host,
        "port": url.port,
        "login": url.username,
        "password": url.password,
        "schema": url.database,
    }
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_CATALOG", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_S3", storage_connection(servers))
    monkeypatch.setenv("ALBUMEN_LIBRARY_BUCKET", bucket)


class Person(httpx.Client):
    """Somebody in front of our pages, logged in or not."""

    def __init__(self, url: str, name: str = "") -> None:
        super().__init__(base_url=url, trust_env=False, timeout=30)
        if name:
            answer = self.post("/auth/token", json={"username": name, "password": name})
            self.cookies.set("_token", answer.json()["access_token"])

    def act(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """Send an action as our script does."""
        ours = {"Origin": str(self.base_url).rstrip("/"), "X-Albumen-Action": "1"}
        return self.post(f"/albumen/{path}", json=body, headers={**ours, **headers})


@pytest.fixture
def anonymous(airflow_url: str) -> Iterator[Person]:
    """Somebody who is not logged in."""
    with closing(Person(airflow_url)) as person:
        yield person


@pytest.fixture(scope="session")
def operator(airflow_url: str) -> Iterator[Person]:
    """May read and act."""
    with closing(Person(airflow_url, "operator")) as person:
        yield person


@pytest.fixture(scope="session")
def viewer(airflow_url: str) -> Iterator[Person]:
    """May read only."""
    with closing(Person(airflow_url, "viewer")) as person:
        yield person


@pytest.fixture
def library(library: TestLibrary, connections: None) -> TestLibrary:
    """A library that the console finds; who is refused needs none."""
    return library


@pytest.fixture
def photos(library: TestLibrary, photo: Any, sandbox: Any) -> TestLibrary:
    """A library with three photos, and two files that no decoder reads."""
    for number in (1, 2, 3):
        library.put(f"2020/{number}.jpg", photo(number, taken=f"2020:05:0{number} 10:00:00"))
    library.put("old/broken.jpg", photo(4)[:200])
    library.put("old/page.jpg", b"<html><script>alert(1)</script></html>")
    library.discover()
    library.work()
    return library


@pytest.fixture
def films(library: TestLibrary, sandbox: Any, tmp_path: Path) -> TestLibrary:
    """A library with a video, a photo with its clip beside it, and a photo alone."""
    knobs = library.settings.video.model_copy(update={"spool_directory": str(tmp_path / "spool")})
    library.settings = library.settings.model_copy(update={"video": knobs})
    clip = a_video(1, size=(160, 90))
    library.put("film.mp4", a_video(2, seconds=2))
    library.put("live.jpg", a_motion_photo(1, clip))
    library.put("live.mp4", clip)
    library.put("plain.jpg", a_photo(2))
    library.discover()
    library.work("original", "video")
    return library
