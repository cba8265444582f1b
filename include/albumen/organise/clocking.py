"""Looking for clocks that are off around days that changed, and keeping right what somebody set right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from albumen.catalog import clocks
from albumen.organise.clocks import find
from albumen.organise.windows import spans

AROUND = timedelta(days=7)


def organise(connection: Connection, library_id: int, changed: Sequence[date]) -> None:
    """Offer what clocks seem to be off within a week of these local days."""
    for first, last in spans(changed, apart=AROUND):
        start, end = datetime.combine(first - AROUND, time()), datetime.combine(last + AROUND, time()) + timedelta(1)
        found = find(clocks.ticks(connection, library_id, start, end))
        clocks.offer(connection, library_id, found, start, end)
