"""Databases for tests: one migrated catalog is emptied after every test, which is much quicker than a new one."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from albumen.catalog import engine, migrate
from albumen.catalog.models import Base

DISCONNECT = text("""
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = :database AND usename = current_user AND pid <> pg_backend_pid()
""")
"""Not `DROP DATABASE … WITH (FORCE)`, which fails while a superuser's autovacuum is at work there."""

RESTART = text("SELECT setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences")

TABLES = text("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace")


class Catalogs:
    """Creates databases on a server, and keeps one migrated catalog to be used again.

    Parameters
    ----------
    maintenance : str
        URL of any database of the server, of a user that may create others.
    """

    def __init__(self, maintenance: str) -> None:
        self._maintenance = maintenance
        self._url = ""
        self._tables = 0

    def migrated(self) -> str:
        """URL of an empty, migrated catalog."""
        if not self._url:
            self._url = self.create()
            migrate.upgrade(self._url)
            with engine.connect(self._url) as connection:
                self._tables = connection.execute(TABLES).scalar_one()
        return self._url

    def clean(self) -> None:
        """Empty the catalog; one whose tables a test changed is given up."""
        self._disconnect(self._url)
        with engine.connect(self._url) as connection:
            is_altered = connection.execute(TABLES).scalar_one() != self._tables
            if not is_altered:
                _empty(connection)
        if is_altered:
            self.close()

    def create(self) -> str:
        """URL of a new database without a schema."""
        name = f"test_{secrets.token_hex(6)}"
        self._execute(f"CREATE DATABASE {name}")
        return make_url(self._maintenance).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database made here."""
        self._disconnect(url)
        self._execute(f"DROP DATABASE {make_url(url).database}")

    def close(self) -> None:
        """Drop the migrated catalog."""
        if self._url:
            self.drop(self._url)
            self._url = ""

    def _disconnect(self, url: str) -> None:
        engine.engine(url).dispose()
        engine.engine.cache_clear()
        with engine.connect(self._maintenance) as connection:
            connection.execute(DISCONNECT, {"database": make_url(url).database})

    def _execute(self, statement: str) -> None:
        with engine.engine(self._maintenance).connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))
        engine.engine(self._maintenance).dispose()


def _empty(connection: Connection) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(table.delete())
    connection.execute(RESTART)
    connection.commit()
