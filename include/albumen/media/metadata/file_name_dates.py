"""Reads the date that a phone or a program wrote into a file's name; patterns as data, first match wins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from albumen.media.metadata.dates import Moment, with_fraction

_DATE = r"(?P<year>(?:19|20)\d\d){0}(?P<month>0[1-9]|1[0-2]){0}(?P<day>0[1-9]|[12]\d|3[01])"
_TIME = r"(?P<hour>[01]\d|2[0-3]){0}(?P<minute>[0-5]\d){0}(?P<second>[0-5]\d)(?:[._\-]?(?P<fraction>\d{{3}}))?"
_PLAIN_DATE, _DASHED_DATE = _DATE.format(""), _DATE.format("[-_.:]")
_PLAIN_TIME, _DASHED_TIME = _TIME.format(""), _TIME.format("[-_.:h]")
_GAP = r"(?:[ T_\-.]{1,3}|\s+at\s+|, )"
_START, _END = r"(?<!\d)", r"(?!\d)"


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A way of writing a date into a name; `utc` where the writer uses UTC and not local time."""

    pattern: re.Pattern[str]
    utc: bool = False


def _pattern(*parts: str, utc: bool = False) -> NamePattern:
    return NamePattern(re.compile("".join(parts), re.ASCII | re.IGNORECASE), utc)


PATTERNS = (
    _pattern(r"^PXL_", _PLAIN_DATE, "_", _PLAIN_TIME, utc=True),
    _pattern(_START, _PLAIN_DATE, _GAP, _PLAIN_TIME, _END),
    _pattern(_START, _DASHED_DATE, _GAP, _DASHED_TIME, _END),
    _pattern(_START, _DASHED_DATE, _GAP, _PLAIN_TIME, _END),
    _pattern(_START, _PLAIN_DATE, _PLAIN_TIME, _END),
    _pattern(r"(?:FB_IMG|FB_VID|mmexport|wx_camera|IMG|image|Screenshot)[-_]?(?P<epoch_ms>1\d{12})", _END, utc=True),
    _pattern(_START, _DASHED_DATE, _END),
    _pattern(_START, _PLAIN_DATE, _END),
)


@dataclass(frozen=True, slots=True)
class NamedMoment:
    """The date in a name: local wall time, or UTC where `utc` is set."""

    moment: Moment
    utc: bool


def read_file_name(name: str) -> NamedMoment | None:
    """The date a file's name holds.

    Parameters
    ----------
    name : str
        Name or path; only its last part counts.

    Returns
    -------
    NamedMoment or None
        None where no part of the name is surely a date.
    """
    base = name.replace("\\", "/").rpartition("/")[2][:255]
    for known in PATTERNS:
        for match in known.pattern.finditer(base):
            moment = _moment(match.groupdict())
            if moment:
                return NamedMoment(moment, known.utc)
    return None


def _moment(parts: dict[str, str | None]) -> Moment | None:
    if epoch_ms := parts.get("epoch_ms"):
        taken = datetime.fromtimestamp(int(epoch_ms) // 1000, UTC) + timedelta(milliseconds=int(epoch_ms) % 1000)
        return Moment(taken.replace(tzinfo=None), 0)
    has_time = parts.get("hour") is not None
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    year, month, day = (int(parts[name] or 0) for name in ("year", "month", "day"))
    try:
        local = datetime(year, month, day, hour if has_time else 12, minute, second)
    except ValueError:
        return None
    return Moment(with_fraction(local, parts.get("fraction")), None, has_time)
