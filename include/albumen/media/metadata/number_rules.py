"""Which number wins, as data: per field an ordered list of readers, the first that gives one counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

from albumen.media.metadata import exif as tags
from albumen.media.metadata.sources import Sources

_ISO_OVERFLOW = 65535
_MOST_STEPS = 64

NumberReader = Callable[[Sources], float | None]


def _exif_number(tag: int) -> NumberReader:
    return lambda sources: sources.exif.number(tag)


def _apex(tag: int, convert: Callable[[float], float]) -> NumberReader:
    """An exposure in APEX steps, as the standard has it beside the plain value and some writers have it alone."""

    def read(sources: Sources) -> float | None:
        steps = sources.exif.number(tag)
        return convert(steps) if steps is not None and abs(steps) < _MOST_STEPS else None

    return read


def _speed(sources: Sources) -> float | None:
    """The ISO speed; 65535 means that it is too large for its tag, and stands in one of the later ones."""
    speed = sources.exif.number(tags.ISO)
    if speed != _ISO_OVERFLOW:
        return speed
    later = (sources.exif.number(tag) for tag in (tags.EXPOSURE_INDEX, tags.ISO_SPEED, tags.STANDARD_SENSITIVITY))
    return next((number for number in later if number), speed)


def _maker_number(name: str) -> NumberReader:
    def read(sources: Sources) -> float | None:
        value = sources.maker.get(name)
        return value if isinstance(value, int | float) else None

    return read


def _xmp_number(name: str, where: Literal["xmp", "sidecar"] = "xmp") -> NumberReader:
    def read(sources: Sources) -> float | None:
        text = next(iter((sources.xmp if where == "xmp" else sources.sidecar).get(name, ())), "")
        numerator, _, denominator = text.partition("/")
        try:
            number = float(numerator) / float(denominator or 1)
        except (ValueError, ZeroDivisionError):
            return None
        return number if math.isfinite(number) else None

    return read


def _film_number(name: str) -> NumberReader:
    def read(sources: Sources) -> float | None:
        text = sources.film.tags.get(name, "")
        return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else None

    return read


def _stars(read: NumberReader) -> NumberReader:
    """Stars from a percentage as Windows writes it: 1, 25, 50, 75 and 99 for one to five."""

    def read_stars(sources: Sources) -> float | None:
        percent = read(sources)
        if percent is None or not 0 <= percent <= 100:
            return None
        return min(math.ceil((percent + 12) / 25), 5) if percent else 0

    return read_stars


class NumberRule(NamedTuple):
    """Where a number is read, and the range it must lie in."""

    readers: tuple[Callable[[Sources], float | None], ...]
    least: float
    largest: float


NUMBER_RULES: dict[str, NumberRule] = {
    # XMP's copy is left out: no viewer obeys it, and the renditions do not either.
    "orientation": NumberRule((_exif_number(tags.ORIENTATION), _maker_number("orientation")), 1, 8),
    "exposure_s": NumberRule(
        (
            _exif_number(tags.EXPOSURE_TIME),
            _maker_number("exposure_s"),
            _xmp_number("exif:ExposureTime"),
            _apex(tags.SHUTTER_SPEED, lambda steps: 2**-steps),
        ),
        1e-7,
        1e6,
    ),
    "f_number": NumberRule(
        (
            _exif_number(tags.F_NUMBER),
            _maker_number("f_number"),
            _xmp_number("exif:FNumber"),
            _apex(tags.APERTURE, lambda steps: 2 ** (steps / 2)),
        ),
        0.1,
        1000,
    ),
    "iso": NumberRule(
        (
            _speed,
            _maker_number("iso"),
            _xmp_number("exif:ISOSpeedRatings"),
            _xmp_number("exifEX:PhotographicSensitivity"),
        ),
        1,
        1e8,
    ),
    "focal_mm": NumberRule(
        (_exif_number(tags.FOCAL_LENGTH), _maker_number("focal_mm"), _xmp_number("exif:FocalLength")), 0.1, 1e5
    ),
    "focal_35mm": NumberRule(
        (_exif_number(tags.FOCAL_LENGTH_35MM), _maker_number("focal_35mm"), _xmp_number("exif:FocalLengthIn35mmFilm")),
        1,
        1e5,
    ),
    "rating": NumberRule(
        (
            _xmp_number("xmp:Rating", "sidecar"),
            _xmp_number("xmp:Rating"),
            _exif_number(tags.RATING),
            _stars(_xmp_number("MicrosoftPhoto:Rating")),
            _stars(_exif_number(tags.RATING_PERCENT)),
            _film_number("rating"),
            lambda sources: 5 if sources.takeout and sources.takeout.is_favourite else None,
        ),
        -1,
        5,
    ),
}
