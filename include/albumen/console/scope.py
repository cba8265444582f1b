"""What every page needs: the catalog, the libraries, which library is meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy import Connection

from albumen.airflow.hooks.catalog import CatalogHook
from albumen.catalog import engine, libraries
from albumen.catalog.libraries import Library
from albumen.settings import Settings

STATEMENT_SECONDS = 10.0
"""A page that waits longer is of no use, and must not hold a connection."""
CONNECTIONS = 5
"""Of one process of the API server; what comes more waits."""


class NoLibrary(LookupError):
    """There is no library yet, or none of that name."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The library a page is about, and all there are."""

    library: Library
    everyone: list[Library]


def _settings() -> Settings:
    return Settings()


def _catalog() -> Iterator[Connection]:
    pool = engine.engine(CatalogHook().url, statement_timeout_s=STATEMENT_SECONDS, pool_size=CONNECTIONS)
    with pool.connect() as connection:
        yield connection


Catalog = Annotated[Connection, Depends(_catalog)]
"""A connection for one request; what is not committed is rolled back."""
SettingsInForce = Annotated[Settings, Depends(_settings)]


def _scope(
    connection: Catalog, library: Annotated[str, Query(max_length=200, description="Name of the library.")] = ""
) -> Scope:
    everyone = libraries.everyone(connection)
    for one in everyone:
        if one.name == library or not library:
            return Scope(one, everyone)
    raise NoLibrary(library)


InLibrary = Annotated[Scope, Depends(_scope)]
"""The library named in the address, by default the first."""
