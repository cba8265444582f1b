"""When a picture was taken: the date of the best source, and its offset, zone and confidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from albumen.media.metadata.dates import ImpossibleDate, is_clock_reset, iso_local, iso_utc, refusal
from albumen.media.metadata.places import Place, gps_moment
from albumen.media.metadata.rules import DATE_RULES, Confidence, Dated
from albumen.media.metadata.sources import Sources
from albumen.media.metadata.zones import offset_of_instant, offset_of_local, zone_at

_LOWER: dict[Confidence, Confidence] = {"high": "medium", "medium": "low", "low": "low"}


@dataclass(frozen=True, slots=True)
class Taken:
    """The date a picture was taken, with the origin of each part; see `Metadata`."""

    local: str | None = None
    offset_minutes: int | None = None
    utc: str | None = None
    zone: str | None = None
    source: str | None = None
    zone_source: str | None = None
    confidence: str | None = None
    refused: str | None = None


def read_taken(sources: Sources, place: Place | None, home_zone: str, now: datetime) -> Taken:
    """Weigh the dates of one file by `DATE_RULES`.

    Parameters
    ----------
    sources : Sources
        What was read.
    place : Place or None
        Where it was taken; its zone wins over the home zone.
    home_zone : str
        The library's IANA zone.
    now : datetime
        The present, with its zone.

    Returns
    -------
    Taken
        The first date that can be; `refused` names the impossible ones passed over.

    Raises
    ------
    ZoneInfoNotFoundError
        If `home_zone` is no zone.
    """
    refused: list[str] = []
    for rule in DATE_RULES:
        try:
            dated = rule.read(sources)
        except ImpossibleDate as impossible:
            refused.append(f"{rule.source}: {impossible}")
            continue
        why = refusal(dated.moment, now) if dated else None
        if why:
            refused.append(f"{rule.source}: {why}")
        elif dated:
            return _zoned(dated, rule.confidence, sources, place, home_zone, "; ".join(refused) or None)
    return Taken(refused="; ".join(refused) or None)


def _zoned(
    dated: Dated, confidence: Confidence, sources: Sources, place: Place | None, home_zone: str, refused: str | None
) -> Taken:
    local, written = dated.moment.local, dated.moment.offset_minutes
    place_zone = zone_at(place.lat, place.lon) if place else None
    zone: str | None = place_zone or home_zone
    zone_source = "gps" if place_zone else "home"
    if dated.utc:
        offset = offset_of_instant(local.replace(tzinfo=UTC), place_zone or home_zone)
        local += timedelta(minutes=offset)
    elif written is not None:
        offset, zone, zone_source = written, place_zone, "tag"
        # The camera's clock was set to another zone than the one it was in.
        if place_zone and offset_of_local(local, place_zone).minutes != offset:
            confidence = _LOWER[confidence]
    else:
        zoned = offset_of_local(local, place_zone or home_zone, _fix(sources))
        offset = zoned.minutes
        if not zoned.certain:
            confidence = _LOWER[confidence]
    if zone_source == "home":
        confidence = _LOWER[confidence]
    if not dated.moment.has_time or is_clock_reset(local):
        confidence = "low"
    return Taken(iso_local(local), offset, iso_utc(local, offset), zone, dated.source, zone_source, confidence, refused)


def _fix(sources: Sources) -> datetime | None:
    try:
        return gps_moment(sources.exif.gps)
    except ImpossibleDate:
        return None
