"""Text whose charset nobody wrote down: what cameras and programs put where a standard wants ASCII.

References
----------
Exif 3.0, 4.6.2 (ASCII and UTF-8 types); JIS X 0208 as in Windows code page 932; Unicode 15, 23.8 (byte-order marks).
"""

from __future__ import annotations

import re

_MAX_TEXT_BYTES = 8192
_LEAST_WIDE_BYTES = 4
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
_WIDE_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def clean_text(raw: bytes) -> str | None:
    """Text of unknown charset, readable: cut at the first NUL, no control characters, stripped.

    Parameters
    ----------
    raw : bytes
        As stored; 8 KiB of it are read.

    Returns
    -------
    str or None
        UTF-8 (also where a field's end cuts its last character), else UTF-16 by its mark or its NULs,
        else Shift-JIS where that gives kana, else Windows-1252, which holds Latin-1. None when nothing is left.
    """
    return readable(_decode(raw[:_MAX_TEXT_BYTES]))


def readable(text: str) -> str | None:
    """Text up to its first NUL without control characters, stripped; None when nothing is left."""
    text = text.partition("\0")[0]
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)
    return text.strip() or None


def _decode(raw: bytes) -> str:
    wide = _WIDE_MARKS.get(raw[:2]) or _unmarked_wide(raw)
    if wide:
        return raw.decode(wide, errors="replace").lstrip("\ufeff")
    head = raw.split(b"\0", 1)[0]
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        cut = head[: error.start]
        if error.reason == "unexpected end of data" and not cut.isascii():
            return cut.decode()
    try:
        japanese = head.decode("cp932")
    except UnicodeDecodeError:
        japanese = ""
    # Western text rarely is valid Shift-JIS, and then holds rare Chinese signs, never kana.
    return japanese if _KANA.search(japanese) else _western(head)


def _unmarked_wide(raw: bytes) -> str | None:
    """The charset of text of which every second byte is NUL."""
    if len(raw) < _LEAST_WIDE_BYTES or 0 not in raw[:2]:
        return None
    pairs = raw[: len(raw) & ~1]
    for charset, letters, nulls in (("utf-16-le", pairs[::2], pairs[1::2]), ("utf-16-be", pairs[1::2], pairs[::2])):
        if not any(nulls) and len(letters.rstrip(b"\0")) > 1 and 0 not in letters.rstrip(b"\0"):
            return charset
    return None


def _western(head: bytes) -> str:
    try:
        return head.decode("cp1252")
    except UnicodeDecodeError:
        return head.decode("latin-1")
