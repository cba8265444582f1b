"""What a benchmark runs on: the servers alone, or all of Albumen, of its own or of a folder that is kept."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from albumen.catalog import engine as engines
from albumen.catalog import migrate
from albumen.cli.session import Session
from albumen.local.home import Home
from albumen.local.stack import Stack


@contextmanager
def running_servers(home: str = "") -> Iterator[Stack]:
    """PostgreSQL and the S3 server: those of `home`, stopped afterwards; or some of their own, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="albumen-bench-") as folder:
        stack = Stack(Home(Path(home or f"{folder}/home").absolute()))
        try:
            stack.servers_up()
            yield stack
        finally:
            if home:
                stack.down()
            else:
                stack.delete()


def catalog(maintenance: str, name: str) -> str:
    """The catalog of this name beside the one of a stack, made where it is missing; its address."""
    with engines.engine(maintenance).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT EXISTS (SELECT FROM pg_database WHERE datname = :name)"), {"name": name}):
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = make_url(maintenance).set(database=name).render_as_string(hide_password=False)
    migrate.upgrade(url)
    return url


@contextmanager
def running_stack(home: str | None = None) -> Iterator[Session]:
    """A stack that is up: that of `home`, left up; or one of its own, deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="albumen-bench-") as folder:
        stack = Stack(Home(Path(home or f"{folder}/home").absolute()))
        try:
            stack.up(lambda message: print(message, file=sys.stderr))
            yield Session(stack.home)
        finally:
            if not home:
                stack.delete()
