"""Bringing a catalog to the newest schema. `python -m albumen.catalog.migrate` does it for ALBUMEN_CATALOG_URL."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from albumen.catalog.engine import connect

MIGRATION_LOCK = 0x616C62756D656E


def configuration() -> Config:
    """Alembic's configuration, pointing at our migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def head() -> str:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


def current(connection: Connection) -> str:
    """The revision the catalog is at; empty when it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def revisions() -> list[str]:
    """Every revision this code knows, the first one first."""
    return [script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()][::-1]


def upgrade(url: str, to: str = "head") -> None:
    """Bring the catalog at `url` to the newest schema, or to another; several callers at once wait for one another."""
    with connect(url, statement_timeout_s=600, lock_timeout_s=60) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        connection.commit()


if __name__ == "__main__":
    try:
        upgrade(os.environ["ALBUMEN_CATALOG_URL"])
    except KeyError:
        sys.exit(
            "ALBUMEN_CATALOG_URL is not set: the catalog's URL, postgresql+psycopg://user:password@host:port/albumen"
        )
