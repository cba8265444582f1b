"""Malformed files among good ones, through real sandboxes: 200 among 20, and with `--all` 1,000 among 100."""

from __future__ import annotations

import io
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from PIL import Image

from albumen.catalog import step_pauses
from albumen.testing import bombs
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack

CHILD_MOST, OWN_GROWTH_MOST = 1 << 30, 300 << 20
"""Bytes resident: of one sandbox child at any time, and what this process, which does the I/O, may gain."""
UNREADABLE, TOO_LARGE = ("quarantined", "unreadable"), ("quarantined", "too_large")
NOT_MEDIA, UNSUPPORTED = ("skipped", "not_media"), ("skipped", "unsupported")

Maker = Callable[[int, random.Random], bytes]


def picture(form: str, number: int, side: int = 96) -> bytes:
    """A small picture of noise: what is cut off has something to lose."""
    noise = Image.frombytes("RGB", (side, side), random.Random(number).randbytes(3 * side * side))
    file = io.BytesIO()
    noise.save(file, form)
    return file.getvalue()


def cut(form: str) -> Maker:
    def make(number: int, chance: random.Random) -> bytes:
        whole = picture(form, number)
        return whole[: int(len(whole) * chance.uniform(0.1, 0.9))]

    return make


def torn_png(number: int, chance: random.Random) -> bytes:
    """Whole as a file, its pixels are no deflate stream."""
    whole = picture("PNG", number)
    at = whole.index(b"IDAT")
    size = int.from_bytes(whole[at - 4 : at], "big")
    return whole[: at - 4] + bombs.chunk(b"IDAT", chance.randbytes(size)) + whole[at + 8 + size :]


FAMILIES: dict[str, tuple[str, tuple[str, str], Maker]] = {
    "empty": ("jpg", UNREADABLE, lambda number, chance: b""),
    "noise": ("jpg", UNREADABLE, lambda number, chance: b"\0\1" + chance.randbytes(chance.randrange(1, 40_000))),
    "zeros": ("heic", UNREADABLE, lambda number, chance: bytes(chance.randrange(1, 40_000))),
    "text": ("png", UNREADABLE, lambda number, chance: f"shopping list {number}: eggs, milk\n".encode() * 20),
    "page": ("jpg", UNREADABLE, lambda number, chance: b"<!DOCTYPE html><html><p>404 " + str(number).encode()),
    "script": (
        "gif",
        UNREADABLE,
        lambda number, chance: b"push graphic-context\nfill 'url(http://127.0.0.1:%d)'" % number,
    ),
    "start-only": ("jpg", UNREADABLE, lambda number, chance: b"\xff\xd8\xff\xe0" + chance.randbytes(number)),
    "cut-jpeg": ("jpg", UNREADABLE, cut("JPEG")),
    "cut-png": ("png", UNREADABLE, cut("PNG")),
    "cut-webp": ("webp", UNREADABLE, cut("WEBP")),
    "cut-tiff": ("tif", UNREADABLE, cut("TIFF")),
    "cut-heic": ("heic", UNREADABLE, cut("HEIF")),
    "cut-avif": ("avif", UNREADABLE, cut("AVIF")),
    "cut-bmp": ("bmp", UNREADABLE, cut("BMP")),
    "torn-png": ("png", UNREADABLE, torn_png),
    "huge-jpeg": ("jpg", TOO_LARGE, lambda number, chance: bombs.resized_jpeg(60_000 + number, 60_000)),
    "huge-png": ("png", TOO_LARGE, lambda number, chance: bombs.png(40_000 + number, 40_000, rows=100)),
    "huge-gif": ("gif", TOO_LARGE, lambda number, chance: bombs.gif(60_000 + number, 60_000)),
    "huge-heic": ("heic", TOO_LARGE, lambda number, chance: bombs.resized_heif("HEIF", 50_000 + number, 50_000)),
    "huge-tiff": ("tif", TOO_LARGE, lambda number, chance: bombs.tiff_picture(50_000 + number, 50_000, 1, b"\0" * 64)),
    "huge-psd": ("psd", TOO_LARGE, lambda number, chance: bombs.psd(29_000 + number, 29_000)),
    "deflate-bomb": ("png", TOO_LARGE, lambda number, chance: bombs.png(32_000 + number, 32_000, bits=1)),
    "drawing": (
        "svg",
        UNSUPPORTED,
        lambda number, chance: b"<svg xmlns='http://www.w3.org/2000/svg' id='%d'/>" % number,
    ),
    "notes": ("txt", NOT_MEDIA, lambda number, chance: b"notes %d" % number),
    "archive": ("zip", NOT_MEDIA, lambda number, chance: b"PK\3\4" + chance.randbytes(200)),
}


class Watch:
    def __init__(self) -> None:
        self.children_most = self.own_most = 0
        self._own = psutil.Process(os.getpid())
        self._first = self._own.memory_info().rss
        self._ended = threading.Event()

    def look(self) -> None:
        while not self._ended.wait(0.02):
            self.own_most = max(self.own_most, self._own.memory_info().rss - self._first)
            for child in self._own.children(recursive=True):
                try:
                    if any("sandbox_child" in part for part in child.cmdline()):
                        self.children_most = max(self.children_most, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue

    @contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self.look)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


@pytest.mark.parametrize(
    ("good", "each"), [(20, 8), pytest.param(100, 40, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_bad_files_cost_nothing_but_themselves(library: TestLibrary, good: int, each: int) -> None:
    chance = random.Random(4)
    expected = {}
    for number in range(good):
        key = f"{number % 10}/good-{number}.jpg"
        library.put(key, a_photo(f"good {number}", taken="2021:05:06 07:08:09"))
        expected[key] = ("done", None)
    for family, (extension, ending, make) in FAMILIES.items():
        for number in range(each):
            key = f"{number % 10}/{family}-{number}.{extension}"
            library.put(key, make(number, chance))
            expected[key] = ending
    assert len(expected) == good + each * len(FAMILIES)
    library.settings.pipeline.retry_base_seconds = 0.01
    library.discover()
    watch = Watch()
    with watch.watching():
        while library.query("SELECT FROM due"):
            library.work()

    records = library.records()
    ended = {key: (record["state"], record["reason"]) for key, record in records.items()}
    wrong = {key: (ended[key], records[key]["detail"]) for key in expected if ended.get(key) != expected[key]}
    assert not wrong, Counter((key.split("/")[1].rsplit("-", 1)[0], *what) for key, what in wrong.items())
    assert all(len(records[key]["renditions"]) >= 2 for key in expected if "good" in key)
    blamed = {
        row.reason for row in library.query("SELECT DISTINCT reason FROM outcome_history WHERE reason IS NOT NULL")
    }
    assert not blamed & {"bug", "transient"}
    with library.connect() as connection:
        assert not step_pauses.everyone(connection)
    assert 0 < watch.children_most < CHILD_MOST
    assert watch.own_most < OWN_GROWTH_MOST
    print(watch.children_most >> 20, watch.own_most >> 20)
