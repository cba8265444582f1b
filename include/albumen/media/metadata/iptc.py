"""Reads IPTC IIM records: what press and older photo software wrote into pictures.

References
----------
IPTC-NAA Information Interchange Model 4.2, record 2.
"""

from __future__ import annotations

from albumen.media.metadata.tiff import clean_text

_MAX_RECORDS = 1024
_MARK, _APPLICATION = 0x1C, 2
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
    at = 0
    for _ in range(_MAX_RECORDS):
        if at + 5 > len(records) or records[at] != _MARK:
            break
        record, field = records[at + 1], records[at + 2]
        size = int.from_bytes(records[at + 3 : at + 5], "big")
        text = clean_text(records[at + 5 : at + 5 + size])
        at += 5 + size
        name = _NAMES.get(field) if record == _APPLICATION and text else None
        if name == "keywords" and text and len(keywords) < _MAX_KEYWORDS:
            keywords.append(text)
        elif name and text:
            found.setdefault(name, text)
    if keywords:
        found["keywords"] = keywords
    return found
