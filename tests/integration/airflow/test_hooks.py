"""Hooks: what an Airflow connection says becomes a catalog and an object store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.airflow.hooks.library import LibraryHook, library_store, source_store
from albumen.settings import Settings
from albumen.storage.object_store import StorageError
from albumen.testing.library import TestLibrary

STORE = "AIRFLOW_CONN_ALBUMEN_S3"


def aws(**extra: object) -> str:
    return json.dumps({"conn_type": "aws", "login": "the-key", "password": "the-secret", "extra": extra})


@pytest.fixture
def bare_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without credentials or a region of its own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def test_the_catalog_is_reached_over_its_connection(place: TestLibrary) -> None:
    with CatalogHook().connect() as connection:
        assert connection.execute(text("SELECT name FROM libraries")).scalars().all() == ["test"]


def test_what_is_not_committed_is_rolled_back(place: TestLibrary) -> None:
    with CatalogHook().connect() as connection:
        connection.execute(text("DELETE FROM libraries"))
    with CatalogHook().connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM libraries")).scalar_one() == 1


def test_a_connection_of_its_own_name_is_used_when_asked(place: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ELSEWHERE", "postgres://anna:geheim%2F@db.example:5433/photos")
    url = make_url(CatalogHook(catalog_conn_id="elsewhere").url)
    assert (url.drivername, url.host, url.port, url.database) == ("postgresql+psycopg", "db.example", 5433, "photos")
    assert (url.username, url.password) == ("anna", "geheim/")


def test_the_settings_name_the_default_connection(place: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALBUMEN_CATALOG_CONN_ID", "elsewhere")
    assert CatalogHook().catalog_conn_id == "elsewhere"


def test_a_triggerer_resolves_it_without_blocking_its_loop(place: TestLibrary) -> None:
    async def look() -> str:
        return (await CatalogHook().resolve()).url

    assert asyncio.run(look()) == CatalogHook().url


def test_a_catalog_that_is_away_is_an_operational_error(place: TestLibrary, outage: Callable[[str], None]) -> None:
    outage("catalog")
    with pytest.raises(OperationalError), CatalogHook().connect():
        pass


def test_the_store_is_reached_over_its_connection(place: TestLibrary) -> None:
    place.put("one.jpg", b"bytes")
    assert LibraryHook().store().get(place.bucket, "test/one.jpg") == b"bytes"


def test_originals_and_renditions_share_a_store_unless_told_otherwise(
    place: TestLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings()
    assert library_store(settings).options == source_store(settings).options
    monkeypatch.setenv("AIRFLOW_CONN_ELSEWHERE", aws(endpoint_url="http://127.0.0.1:9", region_name="eu-west-1"))
    apart = Settings(library_conn_id="elsewhere")
    assert source_store(apart).options == source_store(settings).options
    assert library_store(apart).options.endpoint == "http://127.0.0.1:9"


def test_without_an_endpoint_it_is_aws(bare_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE, aws(region_name="eu-west-1", aws_session_token="the-token"))
    options = LibraryHook().store().options
    assert (options.endpoint, options.region) == ("", "eu-west-1")
    assert (options.access_key, options.secret_key, options.session_token) == ("the-key", "the-secret", "the-token")


def test_without_keys_the_credentials_are_those_of_the_machine(bare_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE, json.dumps({"conn_type": "aws", "extra": {"region_name": "eu-west-1"}}))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-machine's")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert LibraryHook().store().options.access_key == "the-machine's"


def test_without_any_credentials_it_says_so(bare_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE, json.dumps({"conn_type": "aws", "extra": {"region_name": "eu-west-1"}}))
    with pytest.raises(StorageError, match=r"albumen_s3.*no credentials"):
        LibraryHook().store()
