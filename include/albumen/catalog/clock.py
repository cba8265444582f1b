"""What time is it? The catalog's, for all workers alike, whatever their own clocks do."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

NOW = text("SELECT clock_timestamp()")


class CatalogClock:
    """The catalog's time, read once and counted on by a clock that never jumps.

    A worker whose clock is wrong would take photos for photos from the future, and have retries wait.
    """

    def __init__(self, connection: Connection) -> None:
        self._read_at = time.monotonic()
        self._then: datetime = connection.execute(NOW).scalar_one().astimezone(UTC)

    def __call__(self) -> datetime:
        """Now, in UTC."""
        return self._then + timedelta(seconds=time.monotonic() - self._read_at)
