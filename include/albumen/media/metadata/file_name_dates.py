"""Reads the date that a phone or a program wrote into a file's name; patterns as data, first match wins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from albumen.media.metadata.dates import MONTHS, Moment, with_fraction

_DATE = r"(?P<year>(?:19|20)[0-9]{{2}}){0}(?P<month>0[1-9]|1[0-2]){0}(?P<day>0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?P<hour>{1}){0}(?P<minute>[0-5][0-9]){0}(?P<second>[0-5][0-9])(?:[._\-]?(?P<fraction>[0-9]{{3}}))?"
_PLAIN_DATE, _DASHED_DATE = _DATE.format(""), _DATE.format("[-_.:]")
_PLAIN_TIME = _TIME.format("", "[01][0-9]|2[0-3]")
_DASHED_TIME = _TIME.format("[-_.:h ]", "[01]?[0-9]|2[0-3]")
_HALF = r"(?: ?(?P<half>[AP])\.?M\b)?"
_NAMED_DATE = rf"(?P<month_name>{'|'.join(MONTHS)})[a-z]* (?P<day>[0-9]{{1,2}}),? (?P<year>20[0-9]{{2}})"
# In the languages of the system that wrote it: "at", "um", "à", "a las", ...
_GAP = r"(?:[ T_\-.]{1,3}| [^\W\d_]{1,5}(?: [^\W\d_]{1,4}(?:\(s\))?)? |, )"
# macOS puts a narrow no-break space before AM and PM.
_SPACES = re.compile(r"\s")
_START, _END = r"(?<![0-9])", r"(?![0-9])"
_APPS = r"^(?:FB_IMG|FB_VID|mmexport|wx_camera|IMG|image|photo|pic|camera|line|screenshot)?[-_ ]?"


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A way of writing a date into a name; `utc` where the writer uses UTC and not local time."""

    pattern: re.Pattern[str]
    utc: bool = False


def _pattern(*parts: str, utc: bool = False) -> NamePattern:
    return NamePattern(re.compile("".join(parts), re.IGNORECASE), utc)


PATTERNS = (
    _pattern(r"^PXL_", _PLAIN_DATE, "_", _PLAIN_TIME, utc=True),
    # OneDrive's upload from an iPhone
    _pattern(r"^", _PLAIN_DATE, "_", _PLAIN_TIME, "_iOS", utc=True),
    _pattern(_START, _DASHED_DATE, "T", _DASHED_TIME, "Z", utc=True),
    _pattern(_START, _PLAIN_DATE, "T", _PLAIN_TIME, "Z", utc=True),
    _pattern(_START, _PLAIN_DATE, _GAP, _PLAIN_TIME, _END),
    _pattern(_START, _DASHED_DATE, _GAP, _DASHED_TIME, _END, _HALF),
    _pattern(_START, _DASHED_DATE, _GAP, _PLAIN_TIME, _END),
    _pattern(_START, _PLAIN_DATE, _GAP, _DASHED_TIME, _END),
    _pattern(_START, _PLAIN_DATE, _PLAIN_TIME, _END),
    _pattern(r"\b", _NAMED_DATE, ",? ", _DASHED_TIME, _END, _HALF),
    _pattern(_APPS, r"(?P<epoch_ms>1[0-9]{12})", _END, utc=True),
    _pattern(_APPS, r"(?P<epoch_s>1[0-9]{9})(?:$|[._\- (])", utc=True),
    _pattern(_START, _DASHED_DATE, _END),
    _pattern(_START, _PLAIN_DATE, _END),
)


@dataclass(frozen=True, slots=True)
class NamedMoment:
    """The date in a name: local wall time, or UTC where `utc` is set."""

    moment: Moment
    utc: bool


def base_name(name: str) -> str:
    """The last part of a name or path, its spaces plain ones, at most 255 characters."""
    return _SPACES.sub(" ", name.replace("\\", "/").rpartition("/")[2][:255])


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
    base = base_name(name)
    for known in PATTERNS:
        for match in known.pattern.finditer(base):
            moment = _moment(match.groupdict())
            if moment:
                return NamedMoment(moment, known.utc)
    return None


def _moment(parts: dict[str, str | None]) -> Moment | None:
    milliseconds = int(parts.get("epoch_ms") or 0) or 1000 * int(parts.get("epoch_s") or 0)
    if milliseconds:
        return Moment(datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds), 0)
    has_time = parts.get("hour") is not None
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if (half := parts.get("half")) and 1 <= hour <= 12:
        hour = hour % 12 + 12 * (half in "pP")
    month_name = (parts.get("month_name") or "").lower()
    month = MONTHS.index(month_name) + 1 if month_name else int(parts.get("month") or 0)
    try:
        year, day = int(parts["year"] or 0), int(parts["day"] or 0)
        local = datetime(year, month, day, hour if has_time else 12, minute, second)
    except ValueError:
        return None
    return Moment(with_fraction(local, parts.get("fraction")), None, has_time)
