"""A sidecar that was written says the same when it is read: by ourselves, and by exiftool."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from albumen.media.metadata import read_metadata
from albumen.media.metadata.regions import read_regions
from albumen.media.metadata.write_xmp import Told, write_xmp
from albumen.settings import LimitSettings
from albumen.testing.photos import a_photo

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOX = (0.1, 0.2, 0.3, 0.25)
TOLD = Told(
    taken="2010-07-01T12:00:00.120000+02:00",
    lat=-45.1234567,
    lon=13.7654321,
    alt=-3.5,
    rating=4,
    title='Sea & "sand" <1>',
    description="Olas\ny más 🌊",
    keywords=("beach", "família"),
    width=400,
    height=300,
    orientation=6,
    regions=({"name": "Ana & Co", "box": BOX},),
)


def test_we_read_what_we_wrote() -> None:
    found = read_metadata(
        a_photo(1), "image/jpeg", file_name="a.jpg", last_modified=NOW, home_zone="UTC", now=NOW,
        limits=LimitSettings(), sidecars=[("xmp", write_xmp(TOLD))],
    )  # fmt: skip
    assert (found.taken_local, found.taken_offset_minutes) == ("2010-07-01T12:00:00.120", 120)
    assert (found.gps_lat, found.gps_lon, found.gps_alt) == (-45.1234567, 13.7654321, -3.5)
    assert (found.rating, found.title, found.keywords) == (4, TOLD.title, TOLD.keywords)
    assert found.description == TOLD.description


@pytest.mark.parametrize("orientation", [None, *range(1, 9)])
def test_a_region_comes_back_whichever_way_the_picture_is_turned(orientation: int | None) -> None:
    told = Told(width=400, height=300, orientation=orientation, regions=({"name": "Ana", "box": BOX},))
    (region,) = read_regions(write_xmp(told), orientation)
    assert (region.name, region.box) == ("Ana", pytest.approx(BOX, abs=1e-5))


def test_nothing_known_is_nothing_told() -> None:
    assert Told().is_empty
    assert not TOLD.is_empty


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(write_xmp(TOLD))
    command = ["exiftool", "-j", "-n", "-struct", "-G1", str(tmp_path / "a.xmp")]
    (tags,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert tags["XMP-exif:DateTimeOriginal"] == "2010:07:01 12:00:00.120000+02:00"
    assert (tags["XMP-exif:GPSLatitude"], tags["XMP-exif:GPSLongitude"]) == pytest.approx((-45.1234567, 13.7654321))
    assert (tags["XMP-xmp:Rating"], tags["XMP-dc:Title"], tags["XMP-dc:Subject"]) == (4, TOLD.title, [*TOLD.keywords])
    (region,) = tags["XMP-mwg-rs:RegionInfo"]["RegionList"]
    assert (region["Name"], region["Type"]) == ("Ana & Co", "Face")
    assert tags["XMP-mwg-rs:RegionInfo"]["AppliedToDimensions"]["W"] == 300
