"""Calendar days as people keep them: the same day in other years, and how far a date is from it.

29 February is told on 28 February in years that have none.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterable
from datetime import date


def same_days(day: date, year: int) -> list[date]:
    """The dates of `year` that are the same calendar day as `day`, ascending; 28 February for a missing 29th."""
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return [date(year, 2, 28)]
    if (day.month, day.day) == (2, 28) and not isleap(day.year) and isleap(year):
        return [date(year, 2, 28), date(year, 2, 29)]
    return [day.replace(year=year)]


def occasion(taken: date, day: date) -> int:
    """The year whose same day is nearest to `taken`."""
    years = range(max(taken.year - 1, date.min.year), min(taken.year + 1, date.max.year) + 1)
    return min(years, key=lambda year: abs((taken - same_days(day, year)[0]).days))


def days_away(taken: date, day: date) -> int:
    """How many calendar days `taken` is from the same day as `day` in the nearest year; 0 on the day itself.

    Where a year has no 29 February, the 28th and 1 March are each one day away from it.
    """
    nearest = 366
    for year in range(max(taken.year - 1, date.min.year), min(taken.year + 1, date.max.year) + 1):
        for same in same_days(day, year):
            missing = (day.month, day.day) == (2, 29) and not isleap(year) and taken <= same
            nearest = min(nearest, abs((taken - same).days) + missing)
    return nearest


def is_past(taken: date, day: date) -> bool:
    """Whether a photo is from an earlier year, by the calendar and by the occasion."""
    return taken.year < day.year and occasion(taken, day) < day.year


def occasions(days: Iterable[date], day: date) -> int:
    """How many years the days are from: early in January two calendar years can be one occasion, and both count."""
    past = set(days)
    return min(len({taken.year for taken in past}), len({occasion(taken, day) for taken in past}))
