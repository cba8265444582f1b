"""Connections to the catalog, with the timeouts that keep one slow query from stopping everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import (
    CompileError,
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    StatementError,
)

CONNECT_TIMEOUT_S = 10


@lru_cache(maxsize=8)
def engine(url: str, *, statement_timeout_s: float = 60, lock_timeout_s: float = 10, pool_size: int = 2) -> Engine:
    """One engine per URL and process.

    A process holds at most `pool_size` connections (one to work, one for the lease's heartbeat);
    the budget of an installation is `pool_size` times its task slots, plus the console's.
    """
    options = (
        f"-c statement_timeout={int(statement_timeout_s * 1000)} -c lock_timeout={int(lock_timeout_s * 1000)} "
        "-c idle_in_transaction_session_timeout=120000 -c timezone=UTC"
    )
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=30,
        connect_args={"options": options, "connect_timeout": CONNECT_TIMEOUT_S, "application_name": "albumen"},
    )


@contextmanager
def connect(url: str, *, statement_timeout_s: float = 60, lock_timeout_s: float = 10) -> Iterator[Connection]:
    """A connection that rolls back what was not committed."""
    with engine(url, statement_timeout_s=statement_timeout_s, lock_timeout_s=lock_timeout_s).connect() as connection:
        yield connection


def is_outage(error: BaseException) -> bool:
    """Whether an error means that the catalog is away, rather than that a statement was wrong."""
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated
        or (isinstance(error, OperationalError) and _sqlstate(error) in {None, "57P01", "57P02", "57P03", "53300"})
    )


def is_collision(error: BaseException) -> bool:
    """Whether two transactions stood in each other's way: the one that lost may simply be run again."""
    return isinstance(error, DBAPIError) and _sqlstate(error) in {"40001", "40P01", "55P03"}


def is_refusal(error: BaseException) -> bool:
    """Whether the values themselves were refused: text with a NUL, a number out of range, a missing column."""
    if isinstance(error, DBAPIError):
        wrong_type = isinstance(error, ProgrammingError) and _sqlstate(error) is None
        return wrong_type or isinstance(error, DataError | IntegrityError)
    return isinstance(error, ValueError | TypeError | CompileError | StatementError)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
