"""Reads the facts of one photo or video from its bytes and from what is known beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.containers import read_blocks
from albumen.media.metadata.exif import NO_EXIF, Exif, raw_tags, read_exif
from albumen.media.metadata.facts import Metadata
from albumen.media.metadata.iptc import read_iptc
from albumen.media.metadata.maker_notes import present, read_canon, read_maker_note
from albumen.media.metadata.number_rules import NUMBER_RULES
from albumen.media.metadata.places import ImpossiblePlace, Place
from albumen.media.metadata.regions import FaceRegion, read_regions
from albumen.media.metadata.rules import PLACE_RULES
from albumen.media.metadata.sources import Sources
from albumen.media.metadata.taken import read_taken
from albumen.media.metadata.takeout import read_takeout
from albumen.media.metadata.text_rules import KEYWORD_RULES, TEXT_RULES
from albumen.media.metadata.tiff import TiffBlock
from albumen.media.metadata.xmp import read_xmp
from albumen.media.video.container import Container
from albumen.settings import LimitSettings

SidecarContent = tuple[str, bytes]
_SIDEWAYS = frozenset({5, 6, 7, 8})


def read_metadata(
    data: bytes,
    mime: str,
    *,
    file_name: str,
    last_modified: datetime,
    home_zone: str,
    now: datetime,
    limits: LimitSettings,
    sidecars: Sequence[SidecarContent] = (),
) -> Metadata:
    """Read the facts of one photo; bytes that make no sense cost only the facts they hold.

    Parameters
    ----------
    data : bytes
        The whole file, or what there is of it.
    mime : str
        What `media.sniff` says it is.
    file_name : str
        Its name, which may hold a date.
    last_modified : datetime
        The object's last change, with its zone.
    home_zone : str
        The library's IANA zone, for dates without offset and place.
    now : datetime
        The present, with its zone; later dates are refused.
    limits : LimitSettings
        `metadata_bytes` and `raw_tags_bytes` apply.
    sidecars : sequence of (str, bytes)
        What lies beside it: `xmp` or `takeout`, and its content; the best first.

    Returns
    -------
    Metadata
        Absent facts are None, impossible ones are in `refused`.

    Raises
    ------
    ZoneInfoNotFoundError
        If `home_zone` is no zone.
    """
    blocks = read_blocks(data, mime, limits.metadata_bytes)
    exif = read_exif(blocks.exif, limits.metadata_bytes, blocks.photo, blocks.gps) if blocks.exif else NO_EXIF
    sources = Sources(
        exif=exif,
        maker={**blocks.facts, **_maker_facts(exif, blocks, limits.metadata_bytes)},
        xmp=_xmp(blocks),
        iptc=read_iptc(blocks.iptc) if blocks.iptc else {},
        png={keyword: text for keyword, text in blocks.texts.items() if text},
        png_modified=blocks.modified,
        file_name=file_name,
        last_modified=last_modified,
        **_sidecars(sidecars),
    )
    return weigh(sources, blocks, home_zone=home_zone, now=now, limits=limits, packet=_packet(sidecars))


def read_film(
    container: Container,
    *,
    file_name: str,
    last_modified: datetime,
    home_zone: str,
    now: datetime,
    limits: LimitSettings,
    sidecars: Sequence[SidecarContent] = (),
) -> Metadata:
    """Read the facts of one video from its headers; parameters, result and errors as of `read_metadata`."""
    blocks = Blocks(turned=True, xmp=container.xmp, damaged=container.missing_bytes > 0)
    size = container.width or 0, container.height or 0
    blocks.set_size(*(size if container.rotation % 180 == 0 else size[::-1]))
    sources = Sources(
        exif=NO_EXIF,
        maker={},
        xmp=_xmp(blocks),
        iptc={},
        png={},
        png_modified=None,
        file_name=file_name,
        last_modified=last_modified,
        film=container,
        **_sidecars(sidecars),
    )
    return weigh(sources, blocks, home_zone=home_zone, now=now, limits=limits, packet=_packet(sidecars))


def _packet(sidecars: Sequence[SidecarContent]) -> bytes | None:
    return next((content for kind, content in sidecars if kind == "xmp"), None)


def _sidecars(sidecars: Sequence[SidecarContent]) -> dict[str, Any]:
    packet = _packet(sidecars)
    takeouts = (read_takeout(content) for kind, content in sidecars if kind == "takeout")
    return {"sidecar": read_xmp(packet) if packet else {}, "takeout": next(filter(None, takeouts), None)}


def weigh(
    sources: Sources,
    blocks: Blocks,
    *,
    home_zone: str,
    now: datetime,
    limits: LimitSettings,
    packet: bytes | None = None,
) -> Metadata:
    """Choose among what was read, by the rules; result and errors as of `read_metadata`.

    Parameters
    ----------
    packet : bytes or None
        The XMP packet of the sidecar, whose regions win.
    """
    refused: dict[str, str] = {}
    numbers = {name: _read_number(name, sources, refused) for name in NUMBER_RULES}
    texts = {name: _first_text(readers, sources) for name, readers in TEXT_RULES.items()}
    place = _read_place(sources, refused)
    taken = read_taken(sources, place, home_zone, now)
    if taken.refused:
        refused["taken"] = taken.refused
    orientation = _integer(numbers["orientation"])
    width, height = _upright(blocks, orientation)
    return Metadata(
        width=width,
        height=height,
        orientation=orientation,
        taken_local=taken.local,
        taken_offset_minutes=taken.offset_minutes,
        taken_utc=taken.utc,
        taken_zone=taken.zone,
        taken_source=taken.source,
        zone_source=taken.zone_source,
        taken_confidence=taken.confidence,
        gps_lat=place.lat if place else None,
        gps_lon=place.lon if place else None,
        gps_alt=place.alt if place else None,
        gps_source=place.source if place else None,
        refused=refused,
        make=texts["make"],
        model=texts["model"],
        lens=texts["lens"],
        exposure_s=numbers["exposure_s"],
        f_number=numbers["f_number"],
        iso=_integer(numbers["iso"]),
        focal_mm=numbers["focal_mm"],
        focal_35mm=_integer(numbers["focal_35mm"]),
        rating=_integer(numbers["rating"]),
        title=texts["title"],
        description=texts["description"],
        keywords=tuple(next((words for rule in KEYWORD_RULES if (words := rule(sources))), ())),
        burst_id=texts["burst_id"],
        content_id=texts["content_id"],
        face_regions=_regions((packet, blocks.xmp), blocks.turn if blocks.turned else orientation),
        raw_tags=_capped(_all_tags(sources), limits.raw_tags_bytes),
        salvaged=blocks.damaged,
    )


def _regions(packets: Sequence[bytes | None], turn: int | None) -> tuple[FaceRegion, ...]:
    found = (read_regions(packet, turn) for packet in packets if packet)
    return next((regions for regions in found if regions), ())


def _maker_facts(exif: Exif, blocks: Blocks, limit: int) -> dict[str, str | float]:
    if blocks.maker_note:
        return present(read_canon(TiffBlock(blocks.maker_note, limit).first()))
    return read_maker_note(exif)


def _xmp(blocks: Blocks) -> dict[str, list[str]]:
    """The packet's properties; what its extension repeats counts as in the packet."""
    found = read_xmp(blocks.xmp) if blocks.xmp else {}
    return {**read_xmp(blocks.extended_xmp), **found} if blocks.extended_xmp else found


def _first_text(readers: Sequence[Callable[[Sources], str | None]], sources: Sources) -> str | None:
    return next((text for read in readers if (text := read(sources))), None)


def _read_number(name: str, sources: Sources, refused: dict[str, str]) -> float | None:
    rule = NUMBER_RULES[name]
    for read in rule.readers:
        number = read(sources)
        if number is None:
            continue
        if rule.least <= number <= rule.largest:
            return number
        # A zero is how cameras write "unknown".
        if number:
            refused[name] = f"{number:g} is not between {rule.least:g} and {rule.largest:g}"
    return None


def _read_place(sources: Sources, refused: dict[str, str]) -> Place | None:
    for read in PLACE_RULES:
        try:
            place = read(sources)
        except ImpossiblePlace as impossible:
            refused.setdefault("gps", str(impossible))
            continue
        if place:
            return place
    return None


def _integer(number: float | None) -> int | None:
    return None if number is None else round(number)


def _upright(blocks: Blocks, orientation: int | None) -> tuple[int | None, int | None]:
    if orientation in _SIDEWAYS and not blocks.turned:
        return blocks.height, blocks.width
    return blocks.width, blocks.height


def _all_tags(sources: Sources) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {
        **raw_tags(sources.exif),
        "maker": dict(sources.maker),
        "xmp": {name: values[0] if len(values) == 1 else values for name, values in sources.xmp.items()},
        "iptc": dict(sources.iptc),
        "png": dict(sources.png),
        "film": dict(sources.film.tags),
        "sidecar": {name: values[0] if len(values) == 1 else values for name, values in sources.sidecar.items()},
    }
    return {name: group for name, group in groups.items() if group}


def _capped(groups: dict[str, dict[str, Any]], limit: int) -> dict[str, dict[str, Any]]:
    """Leave out the largest values until the whole fits."""
    excess = len(json.dumps(groups).encode()) - limit
    if excess <= 0:
        return groups
    sizes = [(len(json.dumps({tag: value})), name, tag) for name, tags in groups.items() for tag, value in tags.items()]
    for size, name, tag in sorted(sizes, reverse=True):
        if excess <= 0:
            break
        del groups[name][tag]
        excess -= size
    return groups
