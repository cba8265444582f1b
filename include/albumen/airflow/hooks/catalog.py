"""The catalog, as an Airflow connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk import BaseHook
from sqlalchemy import URL, Connection

from albumen.catalog import engine
from albumen.settings import Settings


class CatalogHook(BaseHook):
    """Connects to the catalog.

    Parameters
    ----------
    catalog_conn_id : str
        A connection of type `postgres`; empty: the one of the settings.
    """

    conn_name_attr = "catalog_conn_id"
    default_conn_name = "albumen_catalog"
    hook_name = "Albumen catalog"

    def __init__(self, *, catalog_conn_id: str = "") -> None:
        super().__init__()
        self.catalog_conn_id = catalog_conn_id or Settings().catalog_conn_id
        self._url = ""

    @property
    def url(self) -> str:
        """The SQLAlchemy URL, with psycopg 3 as the driver."""
        if not self._url:
            self._url = _url(self.get_connection(self.catalog_conn_id))
        return self._url

    async def resolve(self) -> CatalogHook:
        """Look the connection up without blocking a triggerer's loop."""
        self._url = _url(await self.aget_connection(self.catalog_conn_id))
        return self

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection that rolls back what is not committed."""
        with engine.connect(self.url) as connection:
            yield connection

    def get_conn(self) -> Connection:
        """A connection the caller closes."""
        return engine.engine(self.url).connect()


def _url(connection: Any) -> str:
    url = URL.create(
        "postgresql+psycopg",
        username=connection.login,
        password=connection.password,
        host=connection.host,
        port=connection.port,
        database=connection.schema,
    )
    return url.render_as_string(hide_password=False)
