"""Nothing of a photo's metadata reaches a rendition: photos are stuffed by exiftool, and it finds nothing after."""

from __future__ import annotations

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from albumen.media.icc import ADOBE_RGB, matrix_profile
from albumen.media.photo import render
from albumen.settings import LimitSettings, RenditionSettings

EXIFTOOL = shutil.which("exiftool")
SECRET = "Sekret7391"
GROUPS = {"File", "JFIF", "RIFF", "Composite", "ExifTool", "System", "SourceFile"}
TAGS = {
    "EXIF:Make", "EXIF:Model", "EXIF:Artist", "EXIF:Copyright", "EXIF:ImageDescription", "EXIF:SerialNumber",
    "EXIF:LensSerialNumber", "EXIF:OwnerName", "EXIF:UserComment", "XMP:Creator", "XMP:Description", "XMP:Subject",
    "XMP:PersonInImage", "XMP:SerialNumber", "IPTC:Keywords", "IPTC:City", "IPTC:By-line", "Comment",
}  # fmt: skip
POSITION = ["-GPSLatitude=48.2", "-GPSLatitudeRef=N", "-GPSLongitude=16.37", "-GPSLongitudeRef=E", "-GPSAltitude=171"]


def picture() -> Image.Image:
    pixels = np.random.default_rng(5).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((400, 300))


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def exiftool(*arguments: str) -> str:
    assert EXIFTOOL
    run = subprocess.run([EXIFTOOL, "-config", "", *arguments], capture_output=True, text=True, check=False, timeout=60)
    return run.stdout


@pytest.mark.skipif(EXIFTOOL is None, reason="exiftool is not installed")
@pytest.mark.parametrize(
    ("format", "name", "mime"),
    [
        ("JPEG", "photo.jpg", "image/jpeg"),
        ("PNG", "photo.png", "image/png"),
        ("WEBP", "photo.webp", "image/webp"),
        ("TIFF", "photo.tif", "image/tiff"),
        ("HEIF", "photo.heic", "image/heic"),
        ("AVIF", "photo.avif", "image/avif"),
        ("GIF", "photo.gif", "image/gif"),
    ],
)
def test_exiftool_finds_nothing_personal_in_a_rendition(format: str, name: str, mime: str, tmp_path: Path) -> None:
    icc = matrix_profile(ADOBE_RGB, 2.2).replace("Albumen RGB".encode("utf-16-be"), f"{SECRET} ".encode("utf-16-be"))
    source, thumbnail = tmp_path / name, tmp_path / "small.jpg"
    options = {} if format == "GIF" else {"icc_profile": icc}
    source.write_bytes(encoded(picture(), format, **options))
    thumbnail.write_bytes(encoded(picture().resize((40, 30)), "JPEG"))
    stuffed = [f"-{tag}={SECRET}" for tag in sorted(TAGS)]
    exiftool("-m", "-overwrite_original", *stuffed, *POSITION, f"-ThumbnailImage<={thumbnail}", str(source))
    assert SECRET in exiftool("-a", "-G1", str(source))
    photo = render(source.read_bytes(), mime, renditions=RenditionSettings(), limits=LimitSettings())
    for rendition, suffix in ((photo.preview, "jpg"), (photo.thumb, "webp")):
        file = tmp_path / f"rendition.{suffix}"
        file.write_bytes(rendition.data)
        (found,) = json.loads(exiftool("-j", "-a", "-u", "-U", "-G0", str(file)))
        groups = {key.partition(":")[0] for key in found}
        assert groups <= GROUPS
        assert "Comment" not in {key.partition(":")[2] for key in found}
        for secret in (SECRET.encode(), SECRET.encode("utf-16-be"), SECRET.encode("utf-16-le")):
            assert secret not in rendition.data
