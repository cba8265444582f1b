"""What exiftool writes into a file of each kind, we read back."""

from __future__ import annotations

import shutil
import struct
import subprocess

import pillow_heif
import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")

TAGS = (
    "-IFD0:Make=Fabrikant Ü",
    "-IFD0:Model=Modèle 1",
    "-IFD0:Orientation#=6",
    "-ExifIFD:LensModel=Linse 18-55 f/2.8",
    "-ExifIFD:DateTimeOriginal=2015:06:07 08:09:10",
    "-SubSecTimeOriginal=0456",
    "-OffsetTimeOriginal=-03:30",
    "-ExposureTime=1/250",
    "-FNumber=2.8",
    "-ISO=640",
    "-FocalLength=35",
    "-FocalLengthIn35mmFormat=52",
    "-GPS:GPSLatitude=47.123456",
    "-GPS:GPSLatitudeRef=S",
    "-GPS:GPSLongitude=12.654321",
    "-GPS:GPSLongitudeRef=W",
    "-GPS:GPSAltitude=321.5",
    "-GPS:GPSAltitudeRef#=1",
    "-XMP-xmp:Rating=4",
    "-XMP-dc:Title-de=Titel",
    "-XMP-dc:Title=Título «日本»",
    "-XMP-dc:Description=Über Stock & Stein",
    "-XMP-dc:Subject=eins",
    "-XMP-dc:Subject=zwei & drei",
    "-RegionName=Anna",
    "-RegionType=Face",
    "-RegionAreaX=0.5",
    "-RegionAreaY=0.25",
    "-RegionAreaW=0.2",
    "-RegionAreaH=0.1",
    "-RegionAreaUnit=normalized",
)


def write(path) -> None:
    picture = Image.new("RGB", (64, 48), "olive")
    if path.suffix == ".psd":
        head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 48, 64, 8, 3)
        path.write_bytes(head + bytes(12) + struct.pack(">H", 0) + bytes(64 * 48 * 3))
    elif path.suffix == ".heic":
        pillow_heif.from_pillow(picture).save(path)
    else:
        picture.save(path)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tagged")
    kinds = ("jpg", "png", "webp", "tif", "heic", "avif", "jp2", "psd", "gif")
    paths = {kind: folder / f"a.{kind}" for kind in kinds}
    for path in paths.values():
        write(path)
    subprocess.run(["exiftool", "-m", "-q", "-overwrite_original", *TAGS, *map(str, paths.values())], check=True)
    return paths


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "heic", "avif", "jp2", "psd"])
def test_every_kind_of_file_gives_every_fact(tagged, read, kind):
    found = read(tagged[kind].read_bytes(), tagged[kind].name)
    assert (found.make, found.model, found.lens) == ("Fabrikant Ü", "Modèle 1", "Linse 18-55 f/2.8")
    assert (found.taken_local, found.taken_offset_minutes) == ("2015-06-07T08:09:10.045600", -210)
    assert (found.taken_source, found.taken_utc) == ("exif:SubSecDateTimeOriginal", "2015-06-07T11:39:10.045600Z")
    assert (found.gps_lat, found.gps_lon, found.gps_alt) == (-47.123456, -12.654321, -321.5)
    assert (found.orientation, found.exposure_s, found.f_number, found.iso) == (6, 0.004, 2.8, 640)
    assert (found.focal_mm, found.focal_35mm, found.rating) == (35.0, 52, 4)
    assert (found.title, found.description) == ("Título «日本»", "Über Stock & Stein")
    assert found.keywords == ("eins", "zwei & drei")
    assert (found.refused, found.salvaged) == ({}, False)


def test_a_face_is_turned_only_where_the_picture_is(tagged, read):
    (turned,) = read(tagged["jpg"].read_bytes(), "a.jpg").face_regions
    assert (turned.name, turned.box) == ("Anna", (0.7, 0.4, 0.1, 0.2))
    (upright,) = read(tagged["heic"].read_bytes(), "a.heic").face_regions
    assert upright.box == (0.4, 0.2, 0.2, 0.1), "a HEIC's EXIF orientation turns nothing"


def test_a_gif_has_its_packet_alone(tagged, read):
    found = read(tagged["gif"].read_bytes(), "a.gif")
    assert (found.title, found.rating, found.keywords) == ("Título «日本»", 4, ("eins", "zwei & drei"))
