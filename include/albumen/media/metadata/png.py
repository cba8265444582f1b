"""Walks the chunks of a PNG or APNG file.

References
----------
PNG specification, third edition (W3C, 2025): chunks, eXIf, tIME, text chunks.
"""

from __future__ import annotations

import zlib
from binascii import Error as HexError
from binascii import unhexlify

from albumen.media.metadata.blocks import Blocks
from albumen.media.metadata.photoshop import find_iptc
from albumen.media.metadata.text import clean_text

_SIGNATURE_BYTES = 8
_MAX_CHUNKS = 200_000
_MAX_TEXTS = 64
_MAX_TEXT = 4096
_XMP_KEYWORD = "XML:com.adobe.xmp"
_RAW_PROFILE = "Raw profile type "
_PROFILES = frozenset({"exif", "app1", "xmp", "iptc"})


def read_png(data: bytes, limit: int, blocks: Blocks) -> None:
    """Fill `blocks` from a PNG file, cut off or not.

    Parameters
    ----------
    data : bytes
        The file.
    limit : int
        Largest block that is taken, compressed or not, bytes.
    blocks : Blocks
        Filled in place.
    """
    at = _SIGNATURE_BYTES
    for _ in range(_MAX_CHUNKS):
        size = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if kind == b"IEND":
            return
        if len(kind) < 4:
            break
        if kind in _READERS and size <= limit:
            body = data[at + 8 : at + 8 + size]
            blocks.damaged = blocks.damaged or len(body) < size
            _READERS[kind](body, limit, blocks)
        at += 12 + size
    blocks.damaged = True


def _read_header(body: bytes, limit: int, blocks: Blocks) -> None:
    if len(body) >= 8:
        blocks.set_size(int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big"))


def _read_exif(body: bytes, limit: int, blocks: Blocks) -> None:
    blocks.exif = body


def _read_time(body: bytes, limit: int, blocks: Blocks) -> None:
    if len(body) == 7:
        year = int.from_bytes(body[:2], "big")
        month, day, hour, minute, second = body[2:]
        blocks.modified = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def _read_text(body: bytes, limit: int, blocks: Blocks) -> None:
    keyword, _, text = body.partition(b"\0")
    _take_text(keyword, text, False, limit, blocks)


def _read_packed_text(body: bytes, limit: int, blocks: Blocks) -> None:
    keyword, _, rest = body.partition(b"\0")
    _take_text(keyword, rest[1:], True, limit, blocks)


def _read_international_text(body: bytes, limit: int, blocks: Blocks) -> None:
    keyword, _, rest = body.partition(b"\0")
    fields = rest[2:].split(b"\0", 2)
    if len(fields) == 3:
        _take_text(keyword, fields[2], rest[:1] == b"\1", limit, blocks)


def _take_text(raw_keyword: bytes, text: bytes, packed: bool, limit: int, blocks: Blocks) -> None:
    """Each keyword counts once, so that many packed chunks cannot cost much."""
    keyword = raw_keyword[:80].decode("latin-1")
    profile = keyword.removeprefix(_RAW_PROFILE).strip().lower() if keyword.startswith(_RAW_PROFILE) else None
    keyword = keyword if profile is None else _RAW_PROFILE + profile
    if keyword in blocks.texts or len(blocks.texts) >= _MAX_TEXTS:
        return
    block = keyword == _XMP_KEYWORD or profile in _PROFILES
    if packed:
        text = _inflate(text, limit if block else _MAX_TEXT)
    blocks.texts[keyword] = "" if block or profile is not None else (clean_text(text[:_MAX_TEXT]) or "")
    if keyword == _XMP_KEYWORD:
        blocks.xmp = blocks.xmp or text
    elif profile in _PROFILES:
        _take_profile(profile, text, blocks)


def _inflate(packed: bytes, limit: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, limit)
    except zlib.error:
        return b""


def _take_profile(name: str, text: bytes, blocks: Blocks) -> None:
    """ImageMagick's way: a name line, a length line, then the block in hexadecimal."""
    lines = text.strip().split(b"\n", 2)
    if len(lines) < 3:
        return
    try:
        profile = unhexlify(b"".join(lines[2].split()))
    except HexError:
        return
    if name in ("exif", "app1"):
        if profile.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            blocks.xmp = blocks.xmp or profile.partition(b"\0")[2]
        else:
            blocks.exif = blocks.exif or profile
    elif name == "xmp":
        blocks.xmp = blocks.xmp or profile
    elif name == "iptc":
        blocks.iptc = blocks.iptc or find_iptc(profile) or profile


_READERS = {
    b"IHDR": _read_header,
    b"eXIf": _read_exif,
    b"tIME": _read_time,
    b"tEXt": _read_text,
    b"zTXt": _read_packed_text,
    b"iTXt": _read_international_text,
}
