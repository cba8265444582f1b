"""What the verbs work with: the catalog and the object store of the running stack."""

from __future__ import annotations

import os
import sys
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import typer
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from albumen.catalog import engine, libraries
from albumen.catalog.libraries import Library
from albumen.local.airflow_api import AirflowApi
from albumen.local.home import ADMIN_USER, Home
from albumen.local.postgres import catalog_url
from albumen.local.seaweed import storage_options
from albumen.settings import Settings
from albumen.storage import connections
from albumen.storage.object_store import ObjectStore, StorageError, StoreOptions

EMBEDDED = "albumen_s3"
"""The connection that a stack makes of its own store."""
LIBRARY_OPTION = typer.Option("--library", "-l", help="Name of the library.")


@dataclass(frozen=True)
class Session:
    """The stack of one home; `ALBUMEN_CATALOG_URL` names another catalog, `AIRFLOW_CONN_…` another store."""

    home: Home

    @classmethod
    def of_environment(cls) -> Session:
        """The session of `ALBUMEN_HOME`."""
        return cls(Home.from_environment())

    @cached_property
    def settings(self) -> Settings:
        """The settings in force."""
        return Settings()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection to the catalog; a stack that is down is told in words."""
        url = os.environ.get("ALBUMEN_CATALOG_URL")
        if not url and not self.home.exists:
            fail(f"there is no stack in {self.home.root}: run `./albumen up` or `./albumen demo` first")
        try:
            with engine.connect(url or catalog_url(self.home)) as connection:
                yield connection
        except OperationalError as error:
            fail(f"the catalog does not answer ({str(error.orig).splitlines()[0]}): run `./albumen up`")

    @cached_property
    def store(self) -> ObjectStore:
        """The store of the originals."""
        return self._store_of(self.settings.storage_conn_id)

    @cached_property
    def library_store(self) -> ObjectStore:
        """The store of renditions and memories; the originals' unless another is set."""
        other = self.settings.library_conn_id
        return self._store_of(other) if other else self.store

    def api(self) -> AirflowApi:
        """Airflow's REST API, logged in as the stack's admin."""
        return AirflowApi(self.home.airflow_url, ADMIN_USER, self.home.secrets["admin_password"])

    def library(self, connection: Connection, name: str) -> Library:
        """The library of that name; an unknown one ends the command in words."""
        try:
            return libraries.named(connection, name)
        except libraries.LibraryError as error:
            fail(str(error))

    def _store_of(self, conn_id: str) -> ObjectStore:
        """As tasks reach it: by the connection's variable in the environment, else the stack's own store."""
        check_etags = self.settings.storage.check_etags
        try:
            given = connections.from_environment(conn_id, os.environ, check_etags=check_etags)
        except StorageError as error:
            fail(str(error), 2)
        if given is None and conn_id != EMBEDDED:
            fail(f"the store of connection {conn_id!r} is unknown here: set AIRFLOW_CONN_{conn_id.upper()} as JSON", 2)
        if given is None and not self.home.exists:
            fail(f"there is no stack in {self.home.root}: set AIRFLOW_CONN_{conn_id.upper()}, or run `./albumen up`")
        if given is None:
            options = storage_options(self.home)
            given = StoreOptions(
                endpoint=options["endpoint_url"],
                access_key=options["aws_access_key_id"],
                secret_key=options["aws_secret_access_key"],
                region=options["region_name"],
                check_etags=check_etags,
            )
        return ObjectStore(given)


def fail(message: str, code: int = 1) -> typing.NoReturn:
    """End the command with a message on standard error."""
    typer.echo(f"error: {message}", err=True)
    sys.exit(code)
