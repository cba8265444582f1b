"""What a sidecar says, against what the file says: the owner's own words win, Takeout comes late."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from albumen.media.metadata import Metadata, read_metadata
from albumen.media.metadata.takeout import read_takeout
from albumen.settings import LimitSettings
from albumen.testing.photos import a_photo

CORPUS = Path(__file__).resolve().parents[4] / "../shared/corpus/camera/sidecar-immich/dates"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
 xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" exif:DateTimeOriginal="2010-07-01T12:00:00+02:00" xmp:Rating="4"
 exif:GPSLatitude="45,30.0N" exif:GPSLongitude="13,30.0E">
<dc:subject><rdf:Bag><rdf:li>beach</rdf:li></rdf:Bag></dc:subject>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">At the sea</rdf:li></rdf:Alt></dc:description>
<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource">
<mwg-rs:Name>Ana</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type>
<mwg-rs:Area stArea:x="0.25" stArea:y="0.5" stArea:w="0.1" stArea:h="0.2" stArea:unit="normalized"/>
</rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"""


def takeout(**values: Any) -> bytes:
    place = {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0}
    return json.dumps(
        {"title": "a.jpg", "photoTakenTime": {"timestamp": "1577880000"}, "geoData": place, **values}
    ).encode()


def read(data: bytes, *sidecars: tuple[str, bytes], name: str = "a.jpg") -> Metadata:
    return read_metadata(
        data, "image/jpeg", file_name=name, last_modified=NOW, home_zone="Europe/Madrid", now=NOW,
        limits=LimitSettings(), sidecars=sidecars,
    )  # fmt: skip


def undated() -> bytes:
    return a_photo(1, taken="")


def test_an_xmp_sidecar_wins_over_the_file() -> None:
    found = read(a_photo(1), ("xmp", XMP))
    assert (found.taken_local, found.taken_offset_minutes) == ("2010-07-01T12:00:00", 120)
    assert (found.taken_source, found.taken_confidence) == ("sidecar:exif:DateTimeOriginal", "high")
    assert (found.gps_lat, found.gps_lon, found.gps_source) == (45.5, 13.5, "sidecar")
    assert (found.rating, found.keywords, found.description) == (4, ("beach",), "At the sea")
    assert [(region.name, region.box) for region in found.face_regions] == [
        ("Ana", pytest.approx((0.2, 0.4, 0.1, 0.2)))
    ]
    assert (found.make, found.width) == ("Test", 640)


def test_takeouts_date_is_worse_than_the_files_and_better_than_its_name() -> None:
    assert read(a_photo(1), ("takeout", takeout())).taken_source == "exif:DateTimeOriginal"
    found = read(undated(), ("takeout", takeout()), name="IMG_20190101_120000.jpg")
    assert (found.taken_utc, found.taken_source) == ("2020-01-01T12:00:00Z", "takeout:photoTakenTime")
    assert found.taken_local == "2020-01-01T13:00:00"


def test_takeouts_place_gives_the_zone_and_zeros_are_no_place() -> None:
    place = {"latitude": 35.6586, "longitude": 139.7454, "altitude": 12.0}
    found = read(undated(), ("takeout", takeout(geoData=place)))
    assert (found.gps_source, found.taken_zone, found.taken_local) == ("takeout", "Asia/Tokyo", "2020-01-01T21:00:00")
    assert read(undated(), ("takeout", takeout())).gps_lat is None


def test_of_both_the_xmp_has_the_say_and_takeout_adds() -> None:
    found = read(undated(), ("xmp", XMP), ("takeout", takeout(favorited=True, description="Google's")))
    assert (found.taken_source, found.rating, found.description) == ("sidecar:exif:DateTimeOriginal", 4, "At the sea")
    assert read(undated(), ("takeout", takeout(favorited=True, description="Google's"))).rating == 5


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"photoTakenTime": 7}', b'{"photoTakenTime": {"timestamp": "x"}}', b"[" * 100_000,
     b'{"photoTakenTime": {"timestamp": "99999999999999999999"}}', b'{"geoData": {"latitude": "NaN", "longitude": 1}}',
     b'{"geoData": {"latitude": 91, "longitude": 1}, "people": 3, "title": 5}'],
)  # fmt: skip
def test_nonsense_costs_nothing(content: bytes) -> None:
    assert read(undated(), ("takeout", content), ("xmp", content)).taken_source == "last_modified"


def test_names_of_people_are_read() -> None:
    told = read_takeout(takeout(people=[{"name": "Ana"}, {"name": ""}, 7]))
    assert told is not None
    assert told.people == ("Ana",)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("year", ["2000", "2010", "2020"])
def test_lightrooms_sidecars_are_read(year: str) -> None:
    found = read(a_photo(1), ("xmp", (CORPUS / f"{year}.xmp").read_bytes()))
    assert str(found.taken_local)[:4] == year
