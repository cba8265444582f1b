"""Reads where a picture was taken, and refuses places that cannot be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from albumen.media.metadata.dates import ImpossibleDate, parse_moment
from albumen.media.metadata.takeout import Takeout
from albumen.media.metadata.tiff import Directory

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = 1, 2, 3, 4, 5, 6
_TIME_STAMP, _DATE_STAMP = 7, 29
_BELOW_SEA = frozenset({1, 3})
_LEAST_ALTITUDE, _LARGEST_ALTITUDE = -12_000.0, 1_000_000.0
_XMP_COORDINATE = re.compile(
    r"\s*([+\-]?\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?(?:,(\d+(?:\.\d+)?))?\s*([NSEW])?\s*$",
    re.ASCII | re.IGNORECASE,
)
_ISO_6709 = re.compile(
    r"\s*([+\-]\d{1,2}(?:\d{2}){0,2}(?:\.\d+)?)([+\-]\d{1,3}(?:\d{2}){0,2}(?:\.\d+)?)([+\-]\d+(?:\.\d+)?)?", re.ASCII
)
_WRITTEN_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_XMP_FRACTION = re.compile(r"\s*(-?\d+(?:\.\d+)?)(?:/(\d+))?\s*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """A position: degrees north and east, metres above the sea or None, and where it was read."""

    lat: float
    lon: float
    alt: float | None
    source: str


class ImpossiblePlace(ValueError):
    """A position is written that cannot be."""


def exif_place(gps: Directory) -> Place | None:
    """The position in an EXIF GPS directory.

    Parameters
    ----------
    gps : Directory
        The GPS directory.

    Returns
    -------
    Place or None
        None when no position is written.

    Raises
    ------
    ImpossiblePlace
        Saying why: null island, 0/0, text for a number, beyond 90 or 180 degrees, no hemisphere.
    """
    if _LATITUDE not in gps.values and _LONGITUDE not in gps.values:
        return None
    lat = _degrees(_numbers(gps, _LATITUDE), gps.text(_LATITUDE_REF), "NS")
    lon = _degrees(_numbers(gps, _LONGITUDE), gps.text(_LONGITUDE_REF), "EW")
    altitude = gps.number(_ALTITUDE)
    if altitude is not None and _below_sea(gps):
        altitude = -abs(altitude)
    return _checked(lat, lon, altitude, "exif")


def xmp_place(xmp: Mapping[str, Sequence[str]], source: str = "xmp") -> Place | None:
    """The position in an XMP packet; like `exif_place`."""
    lat = _xmp_degrees(next(iter(xmp.get("exif:GPSLatitude", ())), ""), "NS")
    lon = _xmp_degrees(next(iter(xmp.get("exif:GPSLongitude", ())), ""), "EW")
    if lat is None or lon is None:
        return None
    height = _XMP_FRACTION.match(next(iter(xmp.get("exif:GPSAltitude", ())), ""))
    altitude = float(height[1]) / over if height and (over := float(height[2] or 1)) else None
    if altitude is not None and next(iter(xmp.get("exif:GPSAltitudeRef", ())), "0") in ("1", "3"):
        altitude = -abs(altitude)
    return _checked(lat, lon, altitude, source)


def iso_6709_place(text: str) -> Place | None:
    """The position in a text of ISO 6709, as QuickTime has it: `+38.1893-119.9558+2004.158/`; like `exif_place`."""
    match = _ISO_6709.match(text)
    if not match:
        return None
    lat, lon = _sexagesimal(match[1], 2), _sexagesimal(match[2], 3)
    return _checked(lat, lon, float(match[3]) if match[3] else None, "quicktime")


def gopro_place(text: str) -> Place | None:
    """The position of a GoPro's metadata track, as latitude, longitude and altitude in words; like `exif_place`."""
    if not text:
        return None
    latitude, longitude, altitude = map(float, text.split())
    return _checked(latitude, longitude, altitude, "gopro")


def takeout_place(takeout: Takeout) -> Place | None:
    """The position that Google Takeout gives; like `exif_place`."""
    if takeout.lat is None or takeout.lon is None:
        return None
    return _checked(takeout.lat, takeout.lon, takeout.alt, "takeout")


def _sexagesimal(text: str, digits: int) -> float:
    """Degrees of `+DD.D`, `+DDMM.M` or `+DDMMSS.S`; `digits` are those of whole degrees."""
    whole, _, fraction = text[1:].partition(".")
    parts = [whole[:digits], *(whole[at : at + 2] for at in range(digits, len(whole), 2))]
    parts[-1] += f".{fraction or 0}"
    degrees = math.fsum(float(part) / step for part, step in zip(parts, (1, 60, 3600), strict=False))
    return -degrees if text[0] == "-" else degrees


def gps_moment(gps: Directory) -> datetime | None:
    """The UTC time of the position fix (GPSDateStamp and GPSTimeStamp).

    Raises
    ------
    ImpossibleDate
        Where they are written but are no time.
    """
    day, clock = gps.text(_DATE_STAMP), _numbers(gps, _TIME_STAMP)[:3]
    if not day or len(clock) != 3:
        return None
    moment = parse_moment(day)
    if moment is None:
        return None
    if not all(math.isfinite(part) and 0 <= part <= limit for part, limit in zip(clock, (24, 60, 61), strict=True)):
        raise ImpossibleDate(f"no such GPS time {clock}")
    hours, minutes, seconds = clock
    midnight = moment.local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    try:
        return midnight + timedelta(hours=hours, minutes=minutes, milliseconds=round(seconds * 1000))
    except OverflowError:
        raise ImpossibleDate(f"no such GPS date {day}") from None


def _numbers(gps: Directory, tag: int) -> list[float]:
    """A tag's numbers, also where a writer put them as text: `52,00,50.0`."""
    numbers = gps.numbers(tag)
    return numbers or [float(part) for part in _WRITTEN_NUMBER.findall(gps.text(tag) or "")[:3]]


def _degrees(parts: Sequence[float], reference: str | None, signs: str) -> float:
    if not parts or not all(math.isfinite(part) for part in parts[:3]):
        raise ImpossiblePlace("a coordinate is 0/0, text or missing")
    hemisphere = (reference or " ")[0].upper()
    if hemisphere not in signs:
        raise ImpossiblePlace(f"no hemisphere ({signs[0]} or {signs[1]}) beside a coordinate")
    degrees = math.fsum(abs(part) / step for part, step in zip(parts, (1, 60, 3600), strict=False))
    # Some writers put the sign into the degrees, where the standard has the letter alone.
    return -degrees if hemisphere == signs[1] or parts[0] < 0 else degrees


def _xmp_degrees(text: str, signs: str) -> float | None:
    """A coordinate as XMP wants it, `45,48.5S`, or as a plain signed number."""
    match = _XMP_COORDINATE.match(text)
    if not match:
        return None
    if match[4] is None:
        return None if match[2] else float(match[1])
    return _degrees([float(part or 0) for part in match.groups()[:3]], match[4], signs)


def _below_sea(gps: Directory) -> bool:
    reference = gps.values.get(_ALTITUDE_REF)
    if reference is None:
        return False
    # Some writers put the digit as text, where the standard wants a byte.
    return (gps.text(_ALTITUDE_REF) or "")[:1] in ("1", "3") or reference.data[:1] in (b"\1", b"\3")


def _checked(lat: float, lon: float, alt: float | None, source: str) -> Place:
    if lat == 0 and lon == 0:
        raise ImpossiblePlace("null island")
    if abs(lat) > 90:
        raise ImpossiblePlace(f"latitude {lat:.6f} is beyond 90")
    if abs(lon) > 180:
        raise ImpossiblePlace(f"longitude {lon:.6f} is beyond 180")
    if alt is not None and not _LEAST_ALTITUDE <= alt <= _LARGEST_ALTITUDE:
        alt = None
    return Place(round(lat, 7), round(lon, 7), None if alt is None else round(alt, 2), source)
