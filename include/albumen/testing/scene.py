"""A library in a running stack: upload, wait, look."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from albumen.catalog import changes, export, libraries, status
from albumen.cli.session import Session
from albumen.local.seaweed import SOURCE_BUCKET

WAIT_SECONDS = 300.0
Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found], what: str, seconds: float = WAIT_SECONDS) -> Found:
    """Wait until a condition holds and return what it gave.

    Raises
    ------
    TimeoutError
        Naming what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.5)
    return found


class Scene:
    """A library of its own below a prefix of the stack's source bucket."""

    def __init__(self, session: Session, name: str, *, consents: tuple[str, ...] = ()) -> None:
        self.session = session
        self.name = name
        with session.connect() as connection:
            self.library = libraries.create(
                connection,
                name=name,
                bucket=SOURCE_BUCKET,
                prefix=f"{name}/",
                home_zone="Europe/Madrid",
                consents=consents,
            )
            connection.commit()

    def upload(self, key: str, data: bytes) -> None:
        """Put an original; the running stack notices."""
        self.session.store.put(SOURCE_BUCKET, self.library.prefix + key, data, mime="application/octet-stream")

    def records(self) -> dict[str, dict[str, Any]]:
        """The export, by key."""
        with self.session.connect() as connection:
            return {record["key"]: record for record in export.records(connection, self.library)}

    def settled(self, originals: int) -> bool:
        """Whether so many originals are known and nothing of the library is due."""
        with self.session.connect() as connection:
            now = status.of_library(connection, self.library.library_id, self.name)
            return now.originals >= originals and status.is_settled(connection, self.library.library_id)

    def organised(self) -> bool:
        """Whether nothing that changed waits to be organised."""
        with self.session.connect() as connection:
            return all(one.library_id != self.library.library_id for one in changes.waiting(connection))

    def wait_settled(self, originals: int) -> None:
        """Wait until so many originals have ended."""
        wait_for(lambda: self.settled(originals), f"{originals} originals of {self.name} to end")
