"""Fixtures over the real PostgreSQL and the real S3 server, started once per test session."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress

import pytest

from albumen.local.home import Home
from albumen.local.postgres import catalog_url
from albumen.local.seaweed import storage_options
from albumen.local.stack import Stack
from albumen.storage.object_store import ObjectStore, StoreOptions
from albumen.testing.catalogs import Catalogs
from albumen.testing.library import TestLibrary
from albumen.testing.store_proxy import StoreProxy


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """PostgreSQL and SeaweedFS of a home of their own."""
    stack = Stack(Home(tmp_path_factory.mktemp("albumen") / "home"))
    try:
        stack.servers_up()
        yield stack.home
    finally:
        stack.delete()


@pytest.fixture(scope="session")
def catalogs(servers: Home) -> Iterator[Catalogs]:
    """Where the tests' catalogs come from."""
    found = Catalogs(catalog_url(servers))
    yield found
    found.close()


@pytest.fixture
def catalog(catalogs: Catalogs) -> Iterator[str]:
    """URL of a migrated catalog, empty and counting from 1."""
    yield catalogs.migrated()
    catalogs.clean()


@pytest.fixture
def bare_catalog(catalogs: Catalogs) -> Iterator[str]:
    """URL of a database without any schema, for tests of the migration."""
    url = catalogs.create()
    yield url
    catalogs.drop(url)


@pytest.fixture
def object_store(servers: Home) -> ObjectStore:
    """The real S3 server."""
    return ObjectStore(_store_options(servers, storage_options(servers)["endpoint_url"]))


@pytest.fixture
def store_proxy(servers: Home) -> Iterator[StoreProxy]:
    """A proxy in front of the S3 server: counts requests, fails the chosen ones."""
    with StoreProxy(storage_options(servers)["endpoint_url"]) as proxy:
        yield proxy


@pytest.fixture
def proxied_store(servers: Home, store_proxy: StoreProxy) -> ObjectStore:
    """The real S3 server, through `store_proxy`."""
    return ObjectStore(_store_options(servers, store_proxy.endpoint))


@pytest.fixture
def bucket(object_store: ObjectStore) -> Iterator[str]:
    """An empty bucket that goes with the test."""
    name = f"test-{secrets.token_hex(6)}"
    object_store.ensure_bucket(name)
    yield name
    for listed in object_store.list_all(name, ""):
        with suppress(object_store.client.exceptions.ClientError):
            object_store.client.delete_object(Bucket=name, Key=listed.key)
    with suppress(object_store.client.exceptions.ClientError):
        object_store.client.delete_bucket(Bucket=name)


@pytest.fixture
def library(catalog: str, object_store: ObjectStore, bucket: str) -> TestLibrary:
    """A library over an empty bucket, worked on without Airflow."""
    return TestLibrary.create(catalog, object_store, bucket)


@pytest.fixture
def proxied_library(catalog: str, proxied_store: ObjectStore, bucket: str) -> TestLibrary:
    """The same through `store_proxy`."""
    return TestLibrary.create(catalog, proxied_store, bucket)


def _store_options(servers: Home, endpoint: str) -> StoreOptions:
    options = storage_options(servers)
    return StoreOptions(
        endpoint=endpoint,
        access_key=options["aws_access_key_id"],
        secret_key=options["aws_secret_access_key"],
        region=options["region_name"],
    )
