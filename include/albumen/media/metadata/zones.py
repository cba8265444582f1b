"""From a place to its time zone, and from a local time in a zone to its offset from UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import tzfpy


@dataclass(frozen=True, slots=True)
class ZonedOffset:
    """An offset, and how sure it is.

    Attributes
    ----------
    minutes : int
        Minutes east of UTC.
    certain : bool
        False where the clocks were set back over this hour, so that it came twice, or forward, so
        that it never was.
    """

    minutes: int
    certain: bool


def zone_at(lat: float, lon: float) -> str | None:
    """The IANA zone of a place (`Etc/GMT…` at sea), or None where there is none.

    Parameters
    ----------
    lat, lon : float
        Degrees north and east.
    """
    return tzfpy.get_tz(lon, lat) or None


def offset_of_local(local: datetime, zone: str, near: datetime | None = None) -> ZonedOffset:
    """The offset of a wall-clock time.

    Parameters
    ----------
    local : datetime
        Naive local time.
    zone : str
        IANA name.
    near : datetime or None
        An instant known to be close (the position fix), which decides between two that fit.

    Returns
    -------
    ZonedOffset
        Of an hour that came twice, the first unless `near` says otherwise; of one that never was,
        the offset before the change, as a clock that was not yet set shows it.
    """
    info = _zone(zone)
    first, second = (_minutes(local.replace(tzinfo=info, fold=fold)) for fold in (0, 1))
    if first == second:
        return ZonedOffset(first, certain=True)
    if near is not None and first > second:
        chosen = min((first, second), key=lambda minutes: abs(local - timedelta(minutes=minutes) - _naive_utc(near)))
        return ZonedOffset(chosen, certain=True)
    return ZonedOffset(first, certain=False)


def offset_of_instant(instant: datetime, zone: str) -> int:
    """The offset of a zone at an instant, minutes east of UTC."""
    return _minutes(instant.astimezone(_zone(zone)))


def _minutes(moment: datetime) -> int:
    # Before zones were agreed on, offsets had odd seconds; the nearest minute has to do.
    return round((moment.utcoffset() or timedelta()).total_seconds() / 60)


def _naive_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
