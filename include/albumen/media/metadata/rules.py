"""Which source wins, as data: per field an ordered list of rules, the first that gives a value counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from albumen.media.metadata import exif as tags
from albumen.media.metadata.dates import Moment, parse_moment, parse_offset, with_fraction
from albumen.media.metadata.exif import Exif, wide_text
from albumen.media.metadata.file_name_dates import read_file_name
from albumen.media.metadata.places import Place, exif_place, gps_moment, xmp_place

Confidence = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Sources:
    """All that is known of one file, read and not yet weighed.

    Attributes
    ----------
    exif : Exif
        EXIF directories.
    xmp : mapping of str to list of str
        XMP properties by prefixed name.
    iptc : mapping
        IPTC fields by name.
    png : mapping of str to str
        PNG text entries by keyword.
    png_modified : str or None
        PNG's time of last change.
    file_name : str
        The file's name.
    last_modified : datetime
        The object's last change, with its zone.
    """

    exif: Exif
    xmp: Mapping[str, list[str]]
    iptc: Mapping[str, str | list[str]]
    png: Mapping[str, str]
    png_modified: str | None
    file_name: str
    last_modified: datetime


class Dated(NamedTuple):
    """A date and the name of its source; with `utc`, the moment is UTC and its local time is unknown."""

    source: str
    moment: Moment
    utc: bool = False


class DateRule(NamedTuple):
    """How one source gives a date, and how much it is worth; reading may raise `ImpossibleDate`."""

    source: str
    read: Callable[[Sources], Dated | None]
    confidence: Confidence


def _exif_date(name: str, date_tag: int, fraction_tag: int, *offset_tags: int) -> Callable[[Sources], Dated | None]:
    def read(sources: Sources) -> Dated | None:
        text = sources.exif.text(date_tag)
        moment = parse_moment(text) if text else None
        if moment is None:
            return None
        fraction = sources.exif.text(fraction_tag) if moment.has_time else None
        local = with_fraction(moment.local, fraction)
        written = (parse_offset(text) for tag in offset_tags if (text := sources.exif.text(tag)))
        offset = next((offset for offset in written if offset is not None), moment.offset_minutes)
        with_subsec = fraction is not None and fraction[:1].isdigit()
        return Dated(f"exif:{'SubSec' * with_subsec}{name}", Moment(local, offset, moment.has_time))

    return read


def _xmp_date(name: str) -> Callable[[Sources], Dated | None]:
    def read(sources: Sources) -> Dated | None:
        text = next(iter(sources.xmp.get(name, ())), "")
        moment = parse_moment(text)
        return Dated(f"xmp:{name}", moment, utc=text.endswith("Z")) if moment else None

    return read


def _iptc_date(sources: Sources) -> Dated | None:
    moment = parse_moment(f"{sources.iptc.get('date', '')}{sources.iptc.get('time', '')}")
    return Dated("iptc:DateTimeCreated", moment) if moment else None


def _gps_date(sources: Sources) -> Dated | None:
    instant = gps_moment(sources.exif.gps)
    return Dated("gps", Moment(instant.replace(tzinfo=None), 0), utc=True) if instant else None


def _png_date(sources: Sources) -> Dated | None:
    moment = parse_moment(sources.png.get("Creation Time", ""))
    return Dated("png:CreationTime", moment) if moment else None


def _png_modified(sources: Sources) -> Dated | None:
    moment = parse_moment(sources.png_modified or "")
    return Dated("png:ModifyDate", moment, utc=True) if moment else None


def _name_date(sources: Sources) -> Dated | None:
    named = read_file_name(sources.file_name)
    return Dated("file_name", named.moment, utc=named.utc) if named else None


def _last_modified(sources: Sources) -> Dated | None:
    return Dated("last_modified", Moment(sources.last_modified.astimezone(UTC).replace(tzinfo=None), 0), utc=True)


DATE_RULES: tuple[DateRule, ...] = (
    DateRule(
        "exif:DateTimeOriginal",
        _exif_date(
            "DateTimeOriginal",
            tags.DATE_TIME_ORIGINAL,
            tags.SUBSEC_TIME_ORIGINAL,
            tags.OFFSET_TIME_ORIGINAL,
            tags.OFFSET_TIME_DIGITIZED,
            tags.OFFSET_TIME,
        ),
        "high",
    ),
    DateRule(
        "exif:CreateDate",
        _exif_date(
            "CreateDate",
            tags.DATE_TIME_DIGITIZED,
            tags.SUBSEC_TIME_DIGITIZED,
            tags.OFFSET_TIME_DIGITIZED,
            tags.OFFSET_TIME_ORIGINAL,
            tags.OFFSET_TIME,
        ),
        "high",
    ),
    DateRule("xmp:exif:DateTimeOriginal", _xmp_date("exif:DateTimeOriginal"), "high"),
    DateRule("xmp:photoshop:DateCreated", _xmp_date("photoshop:DateCreated"), "medium"),
    DateRule("iptc:DateTimeCreated", _iptc_date, "medium"),
    DateRule("xmp:xmp:CreateDate", _xmp_date("xmp:CreateDate"), "medium"),
    DateRule("gps", _gps_date, "medium"),
    DateRule("png:CreationTime", _png_date, "medium"),
    DateRule("file_name", _name_date, "medium"),
    DateRule("exif:ModifyDate", _exif_date("ModifyDate", tags.MODIFY_DATE, tags.SUBSEC_TIME, tags.OFFSET_TIME), "low"),
    DateRule("png:ModifyDate", _png_modified, "low"),
    DateRule("last_modified", _last_modified, "low"),
)

PLACE_RULES: tuple[Callable[[Sources], Place | None], ...] = (
    lambda sources: exif_place(sources.exif.gps),
    lambda sources: xmp_place(sources.xmp),
)


def _exif_text(tag: int) -> Callable[[Sources], str | None]:
    return lambda sources: sources.exif.image.text(tag) or sources.exif.photo.text(tag)


def _wide_text(tag: int) -> Callable[[Sources], str | None]:
    return lambda sources: wide_text(sources.exif.image, tag)


def _xmp_text(name: str) -> Callable[[Sources], str | None]:
    return lambda sources: next(iter(sources.xmp.get(name, ())), None)


def _iptc_text(name: str) -> Callable[[Sources], str | None]:
    def read(sources: Sources) -> str | None:
        value = sources.iptc.get(name)
        return value if isinstance(value, str) else None

    return read


def _png_text(keyword: str) -> Callable[[Sources], str | None]:
    return lambda sources: sources.png.get(keyword) or None


TEXT_RULES: dict[str, tuple[Callable[[Sources], str | None], ...]] = {
    "make": (_exif_text(tags.MAKE), _xmp_text("tiff:Make")),
    "model": (_exif_text(tags.MODEL), _xmp_text("tiff:Model")),
    "lens": (_exif_text(tags.LENS_MODEL), _xmp_text("exifEX:LensModel"), _xmp_text("aux:Lens")),
    "title": (_xmp_text("dc:title"), _iptc_text("title"), _wide_text(tags.XP_TITLE), _png_text("Title")),
    "description": (
        _xmp_text("dc:description"),
        _exif_text(tags.IMAGE_DESCRIPTION),
        _iptc_text("description"),
        _wide_text(tags.XP_COMMENT),
        _png_text("Description"),
    ),
}


def _exif_number(tag: int) -> Callable[[Sources], float | None]:
    return lambda sources: sources.exif.number(tag)


def _xmp_number(name: str) -> Callable[[Sources], float | None]:
    def read(sources: Sources) -> float | None:
        text = next(iter(sources.xmp.get(name, ())), "")
        numerator, _, denominator = text.partition("/")
        try:
            number = float(numerator) / float(denominator or 1)
        except (ValueError, ZeroDivisionError):
            return None
        return number if math.isfinite(number) else None

    return read


class NumberRule(NamedTuple):
    """Where a number is read, and the range it must lie in."""

    readers: tuple[Callable[[Sources], float | None], ...]
    least: float
    largest: float


NUMBER_RULES: dict[str, NumberRule] = {
    # XMP's copy is left out: no viewer obeys it, and the renditions do not either.
    "orientation": NumberRule((_exif_number(tags.ORIENTATION),), 1, 8),
    "exposure_s": NumberRule((_exif_number(tags.EXPOSURE_TIME), _xmp_number("exif:ExposureTime")), 1e-7, 1e6),
    "f_number": NumberRule((_exif_number(tags.F_NUMBER), _xmp_number("exif:FNumber")), 0.1, 1000),
    "iso": NumberRule((_exif_number(tags.ISO), _xmp_number("exif:ISOSpeedRatings")), 1, 1e8),
    "focal_mm": NumberRule((_exif_number(tags.FOCAL_LENGTH), _xmp_number("exif:FocalLength")), 0.1, 1e5),
    "focal_35mm": NumberRule((_exif_number(tags.FOCAL_LENGTH_35MM),), 1, 1e5),
    "rating": NumberRule((_xmp_number("xmp:Rating"), _exif_number(tags.RATING)), -1, 5),
}


def _iptc_keywords(sources: Sources) -> list[str]:
    keywords = sources.iptc.get("keywords")
    return keywords if isinstance(keywords, list) else []


def _wide_keywords(sources: Sources) -> list[str]:
    text = wide_text(sources.exif.image, tags.XP_KEYWORDS) or ""
    return [word.strip() for word in text.split(";") if word.strip()]


KEYWORD_RULES: tuple[Callable[[Sources], list[str]], ...] = (
    lambda sources: sources.xmp.get("dc:subject", []),
    _iptc_keywords,
    _wide_keywords,
)
