"""Reads the headers of QuickTime, MP4 and 3GP files, as phones and cameras fill them.

References
----------
ISO/IEC 14496-12 (mvhd, tkhd, hdlr), Apple QuickTime File Format (udta, keys, ilst), 3GPP TS 26.244 (loci, titl).
"""

from __future__ import annotations

import math
import os
import struct
from datetime import datetime, timedelta
from typing import BinaryIO

from albumen.media.metadata.isobmff import XMP_BOX
from albumen.media.video.boxes import boxes, read
from albumen.media.video.container import Container
from albumen.media.video.gpmf import position_in_track

_EPOCH_1904 = datetime(1904, 1, 1)
_SECONDS_1904_TO_1970 = 2_082_844_800
_UNKNOWN_DURATION = (2**32 - 1, 2**64 - 1)
_UDTA_TEXTS = {
    b"\xa9xyz": "location",
    b"\xa9day": "content_date",
    b"\xa9mak": "make",
    b"\xa9mod": "model",
    b"\xa9nam": "title",
    b"\xa9cmt": "description",
    b"\xa9des": "description",
    b"\xa9key": "keywords",
    b"\xa9swr": "software",
    b"manu": "make",
    b"modl": "model",
    b"TAGS": "make",
    b"FIRM": "gopro_firmware",
    b"MINF": "gopro_model",
}
_3GPP_TEXTS = {b"titl": "title", b"dscp": "description", b"kywd": "keywords"}
_KEYS = {
    "com.apple.quicktime.creationdate": "creation_date",
    "com.apple.quicktime.location.ISO6709": "location",
    "com.apple.quicktime.make": "make",
    "com.apple.quicktime.model": "model",
    "com.apple.quicktime.software": "software",
    "com.apple.quicktime.title": "title",
    "com.apple.quicktime.displayname": "title",
    "com.apple.quicktime.description": "description",
    "com.apple.quicktime.keywords": "keywords",
    "com.apple.quicktime.rating.user": "rating",
    "com.apple.quicktime.content.identifier": "content_identifier",
    "com.android.manufacturer": "make",
    "com.android.model": "model",
}
_TEXT_TYPES = {1: "utf-8", 2: "utf-16-be"}


def read_quicktime(file: BinaryIO, found: Container) -> None:
    """Fill `found` from the file, cut off or not."""
    found.format = "quicktime"
    size = file.seek(0, os.SEEK_END)
    for kind, start, end in boxes(file, 0, size, found):
        if kind == b"moov":
            _read_movie(file, start, end, found)
        elif kind == b"uuid" and end - start > 16 and read(file, start, start + 16) == XMP_BOX:
            found.xmp = found.xmp or read(file, start + 16, end)
    _take_gopro(found)


def _read_movie(file: BinaryIO, start: int, end: int, found: Container) -> None:
    has_track = False
    for kind, first, last in boxes(file, start, end):
        if kind == b"mvhd":
            _read_movie_header(read(file, first, last), found)
        elif kind == b"trak":
            if not has_track:
                has_track = _read_track(file, first, last, found)
            _read_positions(file, first, last, found)
        elif kind == b"udta":
            _read_user_data(file, first, last, found)
        elif kind == b"meta":
            _read_meta(file, first, last, found)


def _read_movie_header(body: bytes, found: Container) -> None:
    created, _, scale, duration = struct.unpack_from(">QQIQ" if body[0] else ">IIII", body, 4)
    if scale and duration and duration not in _UNKNOWN_DURATION:
        found.duration_s = duration / scale
    if created:
        # Some writers count from 1970.
        seconds = created if created > _SECONDS_1904_TO_1970 else created + _SECONDS_1904_TO_1970
        found.created = _EPOCH_1904 + timedelta(seconds=seconds)


def _read_track(file: BinaryIO, start: int, end: int, found: Container) -> bool:
    """Size and turn of a track; False unless it is one of pictures."""
    header, is_video = b"", False
    for kind, first, last in boxes(file, start, end):
        if kind == b"tkhd":
            header = read(file, first, last)
        elif kind == b"mdia":
            handlers = [read(file, a + 8, a + 12) for name, a, _ in boxes(file, first, last) if name == b"hdlr"]
            is_video = b"vide" in handlers
    if not is_video or len(header) < (96 if header[:1] == b"\1" else 84):
        return False
    at = 52 if header[0] else 40
    a, b, _, c, d = struct.unpack_from(">5i", header, at)
    found.rotation = round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360 if a or b or c or d else 0
    width, height = struct.unpack_from(">II", header, at + 36)
    found.set_size(width >> 16, height >> 16)
    return True


def _read_positions(file: BinaryIO, start: int, end: int, found: Container) -> None:
    position = position_in_track(file, start, end)
    if position is not None:
        found.set_tag("gopro_position", " ".join(f"{number:.7f}" for number in position))


def _read_user_data(file: BinaryIO, start: int, end: int, found: Container) -> None:
    for kind, first, last in boxes(file, start, end):
        body = read(file, first, last)
        if kind == b"meta":
            _read_meta(file, first, last, found)
        elif kind in _UDTA_TEXTS:
            found.set_tag(_UDTA_TEXTS[kind], _user_text(kind, body))
        elif kind in _3GPP_TEXTS:
            found.set_tag(_3GPP_TEXTS[kind], _3gpp_text(body[6:]))
        elif kind == b"loci":
            _read_3gpp_location(body, found)
        elif kind == b"XMP_":
            found.xmp = found.xmp or body


def _user_text(kind: bytes, body: bytes) -> str:
    """Text with its length and language before it, as those whose name begins with © have it; plain otherwise."""
    if kind[:1] == b"\xa9" and len(body) >= 4:
        length = int.from_bytes(body[:2], "big")
        if 0 < length <= len(body) - 4:
            return _decoded(body[4 : 4 + length])
        if body[4:8] == b"data":
            return body[16:].decode("utf-8", "replace")
    text = _decoded(body.split(b"\0", 1)[0])
    return text if text.isprintable() else ""


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("mac_roman", "replace")


def _3gpp_text(body: bytes) -> str:
    if body[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return body.decode("utf-16", "replace").split("\0", 1)[0]
    return body.split(b"\0", 1)[0].decode("utf-8", "replace")


def _read_3gpp_location(body: bytes, found: Container) -> None:
    name_end = body.index(b"\0", 6)
    longitude, latitude, altitude = struct.unpack_from(">3i", body, name_end + 2)
    found.set_tag("location", f"{latitude / 65536:+.5f}{longitude / 65536:+.5f}{altitude / 65536:+.2f}/")


def _read_meta(file: BinaryIO, start: int, end: int, found: Container) -> None:
    """Items by key (QuickTime) or by their own names (iTunes); MP4 has a version before the boxes, QuickTime none."""
    if read(file, start + 4, start + 8) not in (b"hdlr", b"keys", b"ilst", b"mhdr"):
        start += 4
    names: list[str] = []
    for kind, first, last in boxes(file, start, end):
        if kind == b"keys":
            names = [read(file, a, b).decode("utf-8", "replace") for _, a, b in boxes(file, first + 8, last)]
        elif kind == b"ilst":
            for item, a, b in boxes(file, first, last):
                number = int.from_bytes(item, "big")
                name = names[number - 1] if 0 < number <= len(names) else ""
                _take_item(name, item, file, a, b, found)


def _take_item(name: str, item: bytes, file: BinaryIO, start: int, end: int, found: Container) -> None:
    text = next((_item_text(read(file, a, b)) for kind, a, b in boxes(file, start, end) if kind == b"data"), "")
    known = _KEYS.get(name) or (None if name else _UDTA_TEXTS.get(item))
    if known:
        found.set_tag(known, text)
    elif name:
        found.set_tag(name, text)


def _item_text(body: bytes) -> str:
    kind, value = int.from_bytes(body[:4], "big"), body[8:]
    if kind in _TEXT_TYPES:
        return value.decode(_TEXT_TYPES[kind], "replace")
    if kind in (21, 22, 65, 66, 67, 74, 75, 76, 77, 78) and value:
        return str(int.from_bytes(value, "big", signed=kind in (21, 65, 66, 67, 74)))
    if kind == 23 and len(value) == 4:
        return f"{struct.unpack('>f', value)[0]:g}"
    return ""


def _take_gopro(found: Container) -> None:
    """A GoPro names itself by its firmware, and its clock knows no zone."""
    if "gopro_firmware" in found.tags:
        found.set_tag("make", "GoPro")
        found.set_tag("model", found.tags.get("gopro_model", ""))
        found.is_local = True
