"""Changed days, gathered into spans that are looked at together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta


def spans(changed: Sequence[date], *, apart: timedelta) -> list[tuple[date, date]]:
    """First and last day of each run of days that lie at most `apart` from the next.

    Parameters
    ----------
    changed : sequence of date
        In any order.
    """
    found: list[tuple[date, date]] = []
    for day in sorted(set(changed)):
        if found and day - found[-1][1] <= apart:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
