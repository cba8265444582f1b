"""Reads dates, sub-seconds and offsets as cameras and programs write them, and refuses impossible ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIRST_YEAR = 1826
"""The year of the oldest photograph that survives: nothing can have been taken before."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""As English dates spell them, lower case."""
_MOMENT = re.compile(
    r"""\s*(?P<year>\d{4})[:/.\- ](?P<month>\d{1,2})[:/.\- ](?P<day>\d{1,2})
        (?:(?:[T\s]+|:)(?P<hour>\d{1,2})[:.](?P<minute>\d{1,2})(?:[:.](?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,12}))?)?
        (?:\s*(?P<half>[AaPp])\.?[Mm]\b)?)?
        \s*(?P<offset>Z|[+\-]\d{1,2}(?::?\d{2})?)?""",
    re.VERBOSE | re.ASCII,
)
_NAMED_MONTH = re.compile(
    # RFC 1123, as PNG asks for: Thu, 01 Jul 2010 12:00:00 +0200; the C library: Thu Jul  1 12:00:00 2010
    r"""\s*(?:[A-Za-z]{3,9},?\s+)?
        (?:(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3})[a-z]*\s+(?P<year>\d{4})\s+(?P<time>\d{1,2}:\d{2}(?::\d{2})?)
        |(?P<month2>[A-Za-z]{3})[a-z]*\s+(?P<day2>\d{1,2})\s+(?P<time2>\d{1,2}:\d{2}:\d{2})\s+(?P<year2>\d{4}))
        \s*(?P<offset>Z|GMT|UTC|[+\-]\d{2}:?\d{2})?""",
    re.VERBOSE | re.ASCII,
)
_COMPACT = re.compile(r"\s*(\d{4})(\d{2})(\d{2})(?:[T\s]?(\d{2})(\d{2})(\d{2})(Z|[+\-]\d{2}:?\d{2})?)?\s*$", re.ASCII)
_OFFSET = re.compile(
    r"\s*(?:UTC|GMT)?\s*(?P<sign>[+\-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2})(?::?00)?)?\s*$", re.ASCII
)
_EMPTY = re.compile(r"[\s:0/.\-]*$", re.ASCII)
_LEAST_OFFSET, _LARGEST_OFFSET = -12 * 60, 14 * 60
_QUARTER = 15
_WIDEST_ZONE = timedelta(minutes=_LARGEST_OFFSET)
_DAY = timedelta(days=1)
_RESET_DAYS = frozenset({(1970, 1, 1), (1980, 1, 1), (1999, 1, 1), (2000, 1, 1), (2001, 1, 1)})


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as it was written.

    Attributes
    ----------
    local : datetime
        Wall-clock time, naive, with sub-seconds where they were written.
    offset_minutes : int or None
        Minutes east of UTC, where they were written beside it.
    has_time : bool
        False for a bare date, whose time is then noon: the day stays right in every zone.
    """

    local: datetime
    offset_minutes: int | None = None
    has_time: bool = True


class ImpossibleDate(ValueError):
    """The text is a date that cannot be."""


def parse_moment(text: str) -> Moment | None:
    """Read a date in EXIF, ISO 8601, compact or RFC 1123 form, or as the C library writes it.

    Parameters
    ----------
    text : str
        `2010:07:01 12:00:00`, `2010-07-01T12:00:00.12+02:00`, `20100701`, `Thu, 01 Jul 2010 12:00:00 GMT`, …

    Returns
    -------
    Moment or None
        None when the text holds no date at all (blank, or free words).

    Raises
    ------
    ImpossibleDate
        For zero dates, for dates that no calendar has, and for numbers of which nobody can say what they mean, such as
        `05.10.2009`.
    """
    if not text.strip(" :\0"):
        return None
    if _EMPTY.match(text):
        raise ImpossibleDate(f"zero date {text.strip()}")
    match = _MOMENT.match(text)
    if match:
        parts = [match[name] for name in ("year", "month", "day", "hour", "minute", "second")]
        fraction, offset = match["fraction"], match["offset"]
        if match["half"] and 1 <= int(parts[3]) <= 12:
            parts[3] = str(int(parts[3]) % 12 + 12 * (match["half"] in "Pp"))
    elif compact := _COMPACT.match(text):
        parts, fraction, offset = list(compact.groups()[:6]), None, compact[7]
    elif (named := _NAMED_MONTH.match(text)) and (spelled := _spelled(named)):
        parts, fraction, offset = spelled, None, named["offset"]
    elif any(letter.isdigit() for letter in text):
        raise ImpossibleDate(f"written in no way we know: {text.strip()[:40]}")
    else:
        return None
    return _moment(text, parts, fraction, offset)


def _spelled(named: re.Match[str]) -> list[str] | None:
    month = (named["month"] or named["month2"]).lower()
    if month not in MONTHS:
        return None
    clock = (named["time"] or named["time2"]).split(":")
    day = [named["year"] or named["year2"], str(MONTHS.index(month) + 1), named["day"] or named["day2"]]
    return [*day, *clock, "0"][:6]


def _moment(text: str, parts: Sequence[str | None], fraction: str | None, offset: str | None) -> Moment:
    has_time = parts[3] is not None
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    try:
        # Some clocks write 24:00:00 and 12:00:60 for the moment after.
        local = datetime(year, month, day) + timedelta(hours=hour, minutes=minute, seconds=second)
        if not has_time:
            local = local.replace(hour=12)
        elif hour > 24 or minute > 60 or second > 60:
            raise ValueError
    except (ValueError, OverflowError):
        raise ImpossibleDate(f"no such date {text.strip()[:40]}") from None
    return Moment(with_fraction(local, fraction), parse_offset(offset) if offset and has_time else None, has_time)


def with_fraction(local: datetime, digits: str | None) -> datetime:
    """`local` with the fraction of a second that `digits` are, as in the SubSecTime tags; junk changes nothing."""
    written = re.match(r"\s*(\d{1,12})", digits or "", re.ASCII)
    return local.replace(microsecond=int(written[1][:6].ljust(6, "0"))) if written else local


def parse_offset(text: str) -> int | None:
    """Read an offset from UTC.

    Parameters
    ----------
    text : str
        `+02:00`, `-0530`, `+9`, `+05:30:00`, `Z`, …

    Returns
    -------
    int or None
        Minutes east of UTC; None where it is none that is or was in use (beyond -12:00 or +14:00,
        or not a multiple of a quarter of an hour).
    """
    text = text.replace("\u2212", "-")
    if text.strip().upper() in ("Z", "UTC", "GMT"):
        return 0
    match = _OFFSET.match(text)
    if not match:
        return None
    minutes = int(match["hours"]) * 60 + int(match["minutes"] or 0)
    if match["sign"] == "-":
        minutes = -minutes
    fits = _LEAST_OFFSET <= minutes <= _LARGEST_OFFSET and minutes % _QUARTER == 0 and int(match["minutes"] or 0) < 60
    return minutes if fits else None


def refusal(moment: Moment, now: datetime) -> str | None:
    """Why a date cannot be when a picture was taken, or None.

    Parameters
    ----------
    moment : Moment
        The date.
    now : datetime
        The present, with its zone.

    Returns
    -------
    str or None
        The reason in words.
    """
    if moment.local.year < FIRST_YEAR:
        return f"{moment.local.isoformat()} is before {FIRST_YEAR}"
    ahead = _WIDEST_ZONE if moment.offset_minutes is None else timedelta(minutes=moment.offset_minutes)
    if moment.local > now.astimezone(UTC).replace(tzinfo=None) + _DAY + ahead:
        return f"{moment.local.isoformat()} is in the future"
    return None


def is_clock_reset(local: datetime) -> bool:
    """Whether the time is the first midnight of a camera whose clock was never set."""
    return (local.year, local.month, local.day) in _RESET_DAYS and (local.hour, local.minute, local.second) == (0, 0, 0)


def iso_local(local: datetime) -> str:
    """A naive time as ISO 8601, with milli- or microseconds only where there are any."""
    if not local.microsecond:
        return local.isoformat()
    return local.isoformat(timespec="milliseconds" if local.microsecond % 1000 == 0 else "microseconds")


def iso_utc(local: datetime, offset_minutes: int) -> str:
    """The instant of a local time, ISO 8601 with `Z`."""
    return iso_local(local - timedelta(minutes=offset_minutes)) + "Z"
