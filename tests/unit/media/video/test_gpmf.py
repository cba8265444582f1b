"""Where a GoPro was: from a film with the metadata track that it writes, made here to GoPro's description."""

from __future__ import annotations

import io
import random
import struct
from datetime import UTC, datetime
from typing import Any

import pytest

from albumen.media.metadata import Metadata, read_film
from albumen.media.video import gpmf
from albumen.media.video.container import read_container
from albumen.settings import LimitSettings
from albumen.testing.gopro import a_gopro_film, gps5, gps9

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MADRID = (40.4168, -3.7038, 657.0)


def facts(data: bytes) -> Metadata:
    container = read_container(io.BytesIO(data), "video/mp4")
    return read_film(
        container, file_name="GX010001.MP4", last_modified=NOW, home_zone="Asia/Tokyo", now=NOW, limits=LimitSettings()
    )


@pytest.mark.parametrize("layout", [gps5, gps9])
def test_the_first_position_with_a_fix_is_the_films_and_tells_its_zone(layout: Any) -> None:
    film = a_gopro_film([layout(0.5, 0.5, 1.0, fix=0), layout(*MADRID, fix=3), layout(10.0, 10.0, 0.0, fix=3)])
    found = facts(film)
    assert (found.gps_lat, found.gps_lon, found.gps_alt) == pytest.approx(MADRID, abs=1e-4)
    assert found.gps_source == "gopro"
    assert (found.taken_local, found.taken_zone) == ("2020-05-01T10:00:00", "Europe/Madrid")
    assert (found.make, found.model) == ("GoPro", None)


def test_samples_in_several_chunks_are_found() -> None:
    samples = [gps5(0.0, 0.0, 0.0, fix=0)] * 4 + [gps5(*MADRID, fix=2)]
    for a_chunk in (1, 2, 5):
        assert facts(a_gopro_film(samples, a_chunk=a_chunk)).gps_lat == pytest.approx(MADRID[0], abs=1e-4)


def test_without_a_fix_there_is_no_position_and_an_impossible_one_is_refused() -> None:
    assert facts(a_gopro_film([gps5(*MADRID, fix=0)] * 3)).gps_lat is None
    assert facts(a_gopro_film([])).gps_lat is None
    nowhere = facts(a_gopro_film([gps5(0.0, 0.0, 0.0, fix=3)]))
    assert (nowhere.gps_lat, nowhere.refused) == (None, {"gps": "null island"})
    assert facts(a_gopro_film([gps5(123.0, 5.0, 0.0, fix=3)])).refused["gps"]


def test_a_scale_of_nothing_and_a_depth_without_end_cost_nothing() -> None:
    assert gpmf.position(gps5(*MADRID, fix=3).replace(struct.pack(">i", 10**7), bytes(4))) is None
    nested = b""
    for _ in range(60):
        nested = b"DEVC" + struct.pack(">BBH", 0, 1, len(nested)) + nested
    assert gpmf.position(nested) is None


def test_changed_bytes_give_a_position_that_could_be_or_none() -> None:
    film, chance = bytearray(a_gopro_film([gps5(*MADRID, fix=3)] * 3)), random.Random(9)
    for _ in range(1500):
        broken = film[:]
        for _ in range(chance.randrange(1, 9)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        found = facts(bytes(broken[: chance.randrange(1, len(broken) + 1)]))
        assert found.gps_lat is None or (abs(found.gps_lat) <= 90 and abs(found.gps_lon or 0) <= 180)
