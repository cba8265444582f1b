"""Reads IPTC IIM records: what press and older photo software wrote into pictures.

References
----------
IPTC-NAA Information Interchange Model 4.2: 1.5 (extended lengths), record 1 (1:90, charset), record 2.
"""

from __future__ import annotations

from collections.abc import Iterator

from albumen.media.metadata.text import clean_text, readable

_MAX_RECORDS = 4096
_MAX_TEXT_BYTES = 8192
_MARK, _ENVELOPE, _APPLICATION, _CHARSET = 0x1C, 1, 2, 90
_EXTENDED = 0x8000
_CHARSETS = {
    b"\x1b%G": "utf-8",
    b"\x1b%/I": "utf-8",
    b"\x1b.A": "cp1252",
    b"\x1b-A": "cp1252",
    b"\x1b.B": "iso8859-2",
    b"\x1b-B": "iso8859-2",
    b"\x1b-L": "iso8859-5",
    b"\x1b-F": "iso8859-7",
    b"\x1b-M": "iso8859-9",
    b"\x1b$B": "iso2022_jp",
}
_NAMES = {5: "title", 25: "keywords", 55: "date", 60: "time", 80: "author", 116: "copyright", 120: "description"}
_MAX_KEYWORDS = 200


def read_iptc(records: bytes) -> dict[str, str | list[str]]:
    """The fields of a picture's IPTC records.

    Parameters
    ----------
    records : bytes
        The records, one after another.

    Returns
    -------
    dict
        Of `title`, `keywords` (a list), `date` (`20100701`), `time` (`120000+0200`), `author`,
        `copyright` and `description`, those that are there.
    """
    found: dict[str, str | list[str]] = {}
    keywords: list[str] = []
    charset = None
    for record, field, body in _iterate_records(records):
        if (record, field) == (_ENVELOPE, _CHARSET):
            charset = _CHARSETS.get(body.rstrip(b"\0 "))
        name = _NAMES.get(field) if record == _APPLICATION else None
        text = _text(body, charset) if name else None
        if name == "keywords" and text and len(keywords) < _MAX_KEYWORDS:
            keywords.append(text)
        elif name and text:
            found.setdefault(name, text)
    if keywords:
        found["keywords"] = keywords
    return found


def _iterate_records(records: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = max(records.find(_MARK), 0)
    for _ in range(_MAX_RECORDS):
        if at + 5 > len(records) or records[at] != _MARK:
            return
        record, field = records[at + 1], records[at + 2]
        size = int.from_bytes(records[at + 3 : at + 5], "big")
        at += 5
        if size & _EXTENDED:
            width = min(size & ~_EXTENDED, 4)
            size = int.from_bytes(records[at : at + width], "big")
            at += width
        yield record, field, records[at : at + size]
        at += size


def _text(body: bytes, charset: str | None) -> str | None:
    if charset:
        try:
            return readable(body[:_MAX_TEXT_BYTES].decode(charset))
        except UnicodeDecodeError:
            pass
    return clean_text(body)
