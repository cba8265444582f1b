"""What headers tell: dates, places, cameras, turns, and how much is missing; nonsense costs nothing but itself."""

from __future__ import annotations

import io
import random
import struct
from datetime import UTC, datetime

import pytest

from albumen.media.metadata import Metadata, read_film
from albumen.media.video.container import Container, read_container
from albumen.settings import LimitSettings
from albumen.testing.videos import a_video

MP4 = "video/mp4"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def movie(*parts: bytes, created: int = 3_671_172_000) -> bytes:
    header = box(b"mvhd", struct.pack(">IIIII", 0, created, created, 1000, 2500), bytes(80))
    return box(b"ftyp", b"isom", bytes(4)) + box(b"moov", header, *parts) + box(b"mdat", bytes(16))


def user_text(kind: bytes, text: bytes) -> bytes:
    return box(kind, struct.pack(">HH", len(text), 0x15C7), text)


def read(data: bytes, mime: str = MP4) -> Container:
    return read_container(io.BytesIO(data), mime)


def facts(data: bytes, mime: str = MP4) -> Metadata:
    return read_film(
        read(data, mime),
        file_name="clip",
        last_modified=NOW,
        home_zone="Europe/Madrid",
        now=NOW,
        limits=LimitSettings(),
    )


def test_an_androids_place_gives_the_zone_of_its_date() -> None:
    found = facts(movie(box(b"udta", user_text(b"\xa9xyz", b"+35.6586+139.7454/"))))
    assert (found.taken_utc, found.taken_local) == ("2020-05-01T10:00:00Z", "2020-05-01T19:00:00")
    assert (found.taken_zone, found.zone_source, found.taken_confidence) == ("Asia/Tokyo", "gps", "high")
    assert (found.gps_lat, found.gps_lon, found.gps_source) == (35.6586, 139.7454, "quicktime")


def test_an_iphones_date_with_its_zone_wins_over_utc() -> None:
    names = ["com.apple.quicktime.creationdate", "com.apple.quicktime.make", "com.apple.quicktime.model"]
    values = ["2020-05-01T11:59:58+0200", "Apple", "iPhone 12"]
    keys = box(b"keys", bytes(4), struct.pack(">I", len(names)), *(box(b"mdta", name.encode()) for name in names))
    items = (
        box(struct.pack(">I", number), box(b"data", struct.pack(">II", 1, 0), value.encode()))
        for number, value in enumerate(values, 1)
    )
    found = facts(movie(box(b"meta", box(b"hdlr", bytes(24)), keys, box(b"ilst", *items))))
    assert (found.taken_local, found.taken_offset_minutes) == ("2020-05-01T11:59:58", 120)
    assert (found.taken_source, found.zone_source) == ("quicktime:CreationDate", "tag")
    assert (found.make, found.model) == ("Apple", "iPhone 12")


def test_a_gopros_clock_is_local() -> None:
    found = facts(movie(box(b"udta", box(b"FIRM", b"HD8.01.02.51.00"), box(b"MINF", b"HERO8 Black\0\0"))))
    assert (found.taken_local, found.taken_utc) == ("2020-05-01T10:00:00", "2020-05-01T08:00:00Z")
    assert (found.make, found.model) == ("GoPro", "HERO8 Black")


def test_a_3gpp_location_and_title_are_read() -> None:
    place = struct.pack(">IH", 0, 0x15C7) + b"here\0" + b"\0"
    place += struct.pack(">3i", round(-3.7038 * 65536), round(40.4168 * 65536), 650 * 65536)
    found = facts(movie(box(b"udta", box(b"loci", place), box(b"titl", struct.pack(">IH", 0, 0x15C7), b"Beach\0"))))
    assert (found.gps_lat, found.gps_lon) == pytest.approx((40.4168, -3.7038), abs=1e-4)
    assert (found.gps_alt, found.title) == (650, "Beach")


@pytest.mark.parametrize("text", [b"+91.0000+010.0000/", b"+00.0000+000.0000/", b"+48.0000+181.0000/"])
def test_an_impossible_place_is_refused(text: bytes) -> None:
    found = facts(movie(box(b"udta", user_text(b"\xa9xyz", text))))
    assert found.gps_lat is None
    assert "gps" in found.refused


@pytest.mark.parametrize(("text", "lat"), [(b"+4024.5-00342.0/", 40.408333), (b"+402430.0-0034200.0/", 40.408333)])
def test_minutes_and_seconds_of_iso_6709_are_understood(text: bytes, lat: float) -> None:
    assert facts(movie(box(b"udta", user_text(b"\xa9xyz", text)))).gps_lat == pytest.approx(lat, abs=1e-5)


def test_a_creation_date_of_zero_is_none_and_one_counted_from_1970_is_understood() -> None:
    assert read(movie(created=0)).created is None
    assert read(movie(created=1_588_327_200)).created == datetime(2020, 5, 1, 10)


def test_a_text_in_the_mac_alphabet_is_understood() -> None:
    assert read(movie(box(b"udta", user_text(b"\xa9nam", b"\x8ft\x8e")))).tags["title"] == "èté"


@pytest.mark.parametrize(
    ("extension", "mime"),
    [("mp4", MP4), ("mov", "video/quicktime"), ("mkv", "video/x-matroska"), ("webm", "video/webm"),
     ("avi", "video/x-msvideo"), ("wmv", "video/x-ms-wmv"), ("3gp", "video/3gpp")],
)  # fmt: skip
def test_what_ffmpeg_wrote_is_read(extension: str, mime: str) -> None:
    output = ["-c:v", "h263"] if extension == "3gp" else []
    film = a_video(1, seconds=2, size=(352, 288), extension=extension, output=output, tags=["title=Two seconds"])
    found = read(film, mime)
    assert (found.width, found.height, found.missing_bytes) == (352, 288, 0)
    assert found.duration_s == pytest.approx(2, abs=0.15)
    assert facts(film, mime).title == "Two seconds"


def test_what_is_missing_is_counted() -> None:
    film = a_video(1, output=["-movflags", "+faststart"])
    assert read(film[:-1000]).missing_bytes == 1000
    assert facts(film[:-1000]).salvaged


@pytest.mark.parametrize("extension", ["mp4", "mkv", "avi", "wmv"])
def test_no_header_makes_a_reader_stumble(extension: str) -> None:
    mime = {"mp4": MP4, "mkv": "video/x-matroska", "avi": "video/x-msvideo", "wmv": "video/x-ms-wmv"}[extension]
    output = ["-movflags", "+faststart"] if extension == "mp4" else []
    film = a_video(1, extension=extension, output=output, tags=["title=Fuzz", "location=+1.0+2.0/"])[:6000]
    chance = random.Random(7)
    for _ in range(300):
        broken = bytearray(film)
        for _ in range(chance.randrange(1, 8)):
            broken[chance.randrange(len(broken))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        facts(bytes(broken[: chance.randrange(8, len(broken))]), mime)
