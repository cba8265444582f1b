"""The words of a story: days, times, years and counts in English, dates in the order the locale writes them.

The tables are ours and not the C library's, whose month names depend on the process's environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from albumen.memories.context import Photo

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Territories that write the month first and those that tell the time with a.m. and p.m. (CLDR, English locales).
MONTH_FIRST = frozenset({"US", "PH", "CA"})
TWELVE_HOURS = frozenset({"US", "PH", "CA", "AU", "NZ", "IN"})

# Beyond so many years a list of them is no longer read.
LISTED_YEARS = 6


def _territory(locale: str) -> str:
    language, _, rest = locale.replace("-", "_").partition("_")
    return rest.partition(".")[0].rpartition("_")[2].upper() if language.lower() == "en" else ""


def day_month(day: date, locale: str) -> str:
    """`12 June`, or `June 12` where the locale puts the month first."""
    month = MONTHS[day.month - 1]
    return f"{month} {day.day}" if _territory(locale) in MONTH_FIRST else f"{day.day} {month}"


def weekday_day(day: date, locale: str) -> str:
    """`Thursday 12 June`, or `Thursday, June 12`."""
    comma = "," if _territory(locale) in MONTH_FIRST else ""
    return f"{WEEKDAYS[day.weekday()]}{comma} {day_month(day, locale)}"


def full_day(day: date, locale: str) -> str:
    """`12 June 2025`, or `June 12, 2025`."""
    comma = "," if _territory(locale) in MONTH_FIRST else ""
    return f"{day_month(day, locale)}{comma} {day.year}"


def clock(moment: datetime, locale: str) -> str:
    """`16:28`, or `4:28 pm` where the locale counts twelve hours."""
    if _territory(locale) in TWELVE_HOURS:
        return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'am' if moment.hour < 12 else 'pm'}"
    return f"{moment.hour:02d}:{moment.minute:02d}"


def counted(number: int, noun: str) -> str:
    """`1 photo`, `2 photos`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def counted_pictures(pictures: Sequence[Photo]) -> str:
    """`3 photos`, `1 video`, `2 photos and 1 video`."""
    videos = sum(picture.is_video for picture in pictures)
    kinds = ((len(pictures) - videos, "photo"), (videos, "video"))
    return " and ".join(counted(number, noun) for number, noun in kinds if number)


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def years_listed(years: Sequence[int]) -> str:
    """The years, ascending, in words: each one, or their number and span where there are many."""
    if len(years) <= LISTED_YEARS:
        return listed([str(year) for year in years])
    return f"{len(years)} years from {years[0]} to {years[-1]}"


def years_ago(years: int) -> str:
    """`a year ago`, `18 years ago`."""
    return "a year ago" if years == 1 else f"{years} years ago"


def time_between(seconds: float) -> str:
    """A stretch of time, roughly: `seconds`, `4 minutes`, `3 hours`, `2 days`."""
    if seconds < 60:
        return "seconds"
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if minutes < 60:
        return counted(minutes, "minute")
    if hours < 24:
        return counted(hours, "hour")
    return counted(round(seconds / 86400), "day")
