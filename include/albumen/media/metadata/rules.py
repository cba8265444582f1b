"""Which date and which place win, as data: ordered lists of rules, the first that gives a value counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Literal, NamedTuple

from albumen.media.metadata import exif as tags
from albumen.media.metadata.dates import Moment, parse_moment, parse_offset, with_fraction
from albumen.media.metadata.file_name_dates import read_file_name
from albumen.media.metadata.places import (
    Place,
    exif_place,
    gopro_place,
    gps_moment,
    iso_6709_place,
    takeout_place,
    xmp_place,
)
from albumen.media.metadata.sources import Sources

Confidence = Literal["low", "medium", "high"]


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


def _xmp_date(name: str, where: Literal["xmp", "sidecar"] = "xmp") -> Callable[[Sources], Dated | None]:
    def read(sources: Sources) -> Dated | None:
        text = next(iter((sources.xmp if where == "xmp" else sources.sidecar).get(name, ())), "")
        moment = parse_moment(text)
        return Dated(f"{where}:{name}", moment, utc=text.endswith("Z")) if moment else None

    return read


def _iptc_date(sources: Sources) -> Dated | None:
    moment = parse_moment(f"{sources.iptc.get('date', '')}{sources.iptc.get('time', '')}")
    return Dated("iptc:DateTimeCreated", moment) if moment else None


def _maker_date(sources: Sources) -> Dated | None:
    moment = parse_moment(str(sources.maker.get("date", "")))
    return Dated("maker:DateTimeOriginal", moment) if moment else None


def _gps_date(sources: Sources) -> Dated | None:
    instant = gps_moment(sources.exif.gps)
    return Dated("gps", Moment(instant.replace(tzinfo=None), 0), utc=True) if instant else None


def _film_date(tag: str, name: str) -> Callable[[Sources], Dated | None]:
    def read(sources: Sources) -> Dated | None:
        moment = parse_moment(sources.film.tags.get(tag, ""))
        return Dated(f"{sources.film.format}:{name}", moment) if moment and moment.has_time else None

    return read


def _film_created(sources: Sources) -> Dated | None:
    film = sources.film
    if film.created is None:
        return None
    return Dated(f"{film.format}:CreateDate", Moment(film.created, None if film.is_local else 0), utc=not film.is_local)


def _takeout_date(sources: Sources) -> Dated | None:
    taken = sources.takeout.taken if sources.takeout else None
    return Dated("takeout:photoTakenTime", Moment(taken, 0), utc=True) if taken else None


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
    DateRule("sidecar:exif:DateTimeOriginal", _xmp_date("exif:DateTimeOriginal", "sidecar"), "high"),
    DateRule("sidecar:photoshop:DateCreated", _xmp_date("photoshop:DateCreated", "sidecar"), "high"),
    DateRule("sidecar:xmp:CreateDate", _xmp_date("xmp:CreateDate", "sidecar"), "high"),
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
    DateRule("maker:DateTimeOriginal", _maker_date, "high"),
    DateRule("quicktime:CreationDate", _film_date("creation_date", "CreationDate"), "high"),
    DateRule("quicktime:ContentCreateDate", _film_date("content_date", "ContentCreateDate"), "high"),
    DateRule("quicktime:CreateDate", _film_created, "high"),
    DateRule("xmp:photoshop:DateCreated", _xmp_date("photoshop:DateCreated"), "medium"),
    DateRule("iptc:DateTimeCreated", _iptc_date, "medium"),
    DateRule("xmp:xmp:CreateDate", _xmp_date("xmp:CreateDate"), "medium"),
    DateRule("gps", _gps_date, "medium"),
    DateRule("png:CreationTime", _png_date, "medium"),
    DateRule("takeout:photoTakenTime", _takeout_date, "high"),
    DateRule("file_name", _name_date, "low"),
    DateRule("exif:ModifyDate", _exif_date("ModifyDate", tags.MODIFY_DATE, tags.SUBSEC_TIME, tags.OFFSET_TIME), "low"),
    DateRule("png:ModifyDate", _png_modified, "low"),
    DateRule("last_modified", _last_modified, "low"),
)

PLACE_RULES: tuple[Callable[[Sources], Place | None], ...] = (
    lambda sources: xmp_place(sources.sidecar, "sidecar"),
    lambda sources: exif_place(sources.exif.gps),
    lambda sources: xmp_place(sources.xmp),
    lambda sources: iso_6709_place(sources.film.tags.get("location", "")),
    lambda sources: gopro_place(sources.film.tags.get("gopro_position", "")),
    lambda sources: takeout_place(sources.takeout) if sources.takeout else None,
)
