"""Text whose charset nobody wrote down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumen.media.metadata.iptc import read_iptc
from albumen.media.metadata.text import clean_text

WORDS = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=40)


@given(WORDS)
def test_utf_8_is_read_as_it_is(words: str) -> None:
    assert clean_text(words.encode() + b"\0junk\xff") == words


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Caf\xe9", "Café"),
        (b"M\xe1laga \x93quoted\x94", "Málaga “quoted”"),
        ("Größe".encode("utf-16"), "Größe"),
        ("Größe".encode("utf-16-le"), "Größe"),
        ("Kaffee".encode("utf-16-be"), "Kaffee"),
        ("日本のカメラ".encode("cp932"), "日本のカメラ"),
        ("Grünes Té".encode()[:-1], "Grünes T"),
        (b"  OLYMPUS   \0", "OLYMPUS"),
        (b"N\0", "N"),
        (b"a\x07b", "a b"),
        (b"\0\0\0", None),
        (b"   ", None),
        (b"", None),
    ],
)
def test_other_charsets_are_told_apart(raw: bytes, text: str | None) -> None:
    assert clean_text(raw) == text


@given(st.binary(max_size=60))
def test_no_bytes_give_text_that_a_database_refuses(raw: bytes) -> None:
    text = clean_text(raw)
    assert text is None or (text == text.strip() and "\0" not in text and text.encode())


def record(number: int, field: int, body: bytes) -> bytes:
    return bytes([0x1C, number, field]) + len(body).to_bytes(2, "big") + body


def test_iptc_says_its_charset_or_is_guessed() -> None:
    utf8, latin = "Título".encode(), "Título".encode("latin-1")
    assert read_iptc(record(1, 90, b"\x1b%G") + record(2, 5, utf8)) == {"title": "Título"}
    assert read_iptc(record(1, 90, b"\x1b.A") + record(2, 5, latin)) == {"title": "Título"}
    assert read_iptc(record(1, 90, b"\x1b-B") + record(2, 5, b"\xa3\xf3d\xbc")) == {"title": "Łódź"}
    assert read_iptc(record(2, 5, utf8)) == read_iptc(record(2, 5, latin)) == {"title": "Título"}
    assert read_iptc(record(1, 90, b"\x1b%G") + record(2, 5, latin)) == {"title": "Título"}, "it lies"


def test_iptc_records_may_be_long() -> None:
    body = b"x" * 40_000
    long = b"\x1c\x02\x78\x80\x04" + len(body).to_bytes(4, "big") + body
    assert read_iptc(long + record(2, 25, b"one") + record(2, 25, b"two"))["keywords"] == ["one", "two"]
