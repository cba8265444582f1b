"""exiftool says the same of every real photo, field by field; where it does not, this file says why we are right."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from albumen.media.metadata.dates import FIRST_YEAR, ImpossibleDate, Moment, parse_moment, parse_offset
from albumen.media.metadata.lenses import lens_range

pytestmark = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")

Tags = Mapping[str, Any]
GIVEN_UP = "JPEG format error"
"""exiftool's word for a file whose segments are broken: it then reads nothing, where we salvage."""
NOT_INSTALLED = "Install Archive::Zip"
"""exiftool's word for a file that it reads with another package of Perl, which some machines have."""

DATES = (
    "ExifIFD:DateTimeOriginal",
    "IFD0:DateTimeOriginal",
    "ExifIFD:CreateDate",
    "IFD0:CreateDate",
    "XMP-exif:DateTimeOriginal",
    "CanonRaw:DateTimeOriginal",
    "SigmaRaw:DateTimeOriginal",
    "XMP-photoshop:DateCreated",
    "IPTC:DateCreated",
    "XMP-xmp:CreateDate",
    "GPS:GPSDateStamp",
    "PNG:CreationTime",
    "IFD0:ModifyDate",
    "PNG:ModifyDate",
)
FROM_OUTSIDE = ("file_name", "last_modified")
TEXTS = {
    "make": ("IFD0:Make", "ExifIFD:Make", "CanonRaw:Make", "SigmaRaw:Make", "XMP-tiff:Make"),
    "model": ("IFD0:Model", "ExifIFD:Model", "CanonRaw:Model", "SigmaRaw:Model", "XMP-tiff:Model"),
    "title": ("XMP-dc:Title", "IPTC:ObjectName", "IFD0:XPTitle", "PNG:Title"),
    "description": (
        "XMP-dc:Description",
        "IFD0:ImageDescription",
        "ExifIFD:ImageDescription",
        "IPTC:Caption-Abstract",
        "IFD0:XPComment",
        "PNG:Description",
    ),
}
NUMBERS = {
    "orientation": ("IFD0:Orientation", "ExifIFD:Orientation"),
    "exposure_s": (
        "ExifIFD:ExposureTime",
        "IFD0:ExposureTime",
        "SigmaRaw:IntegrationTime",
        "ExifIFD:ShutterSpeedValue",
        "Composite:ShutterSpeed",
    ),
    "f_number": ("ExifIFD:FNumber", "IFD0:FNumber", "SigmaRaw:FNumber", "ExifIFD:ApertureValue", "Composite:Aperture"),
    "iso": ("ExifIFD:ISO", "IFD0:ISO", "SigmaRaw:ISO", "Composite:ISO"),
    "focal_mm": ("ExifIFD:FocalLength", "IFD0:FocalLength", "SigmaRaw:FocalLength"),
    "focal_35mm": ("ExifIFD:FocalLengthIn35mmFormat", "SigmaRaw:FocalLengthIn35mmFormat"),
    "rating": ("XMP-xmp:Rating", "IFD0:Rating", "ExifIFD:Rating", "XMP-microsoft:RatingPercent"),
}
WHOLE = frozenset({"orientation", "iso", "focal_35mm", "rating"})
WIDTHS = (
    "CanonRaw:ImageWidth",
    "SigmaRaw:ImageWidth",
    "MinoltaRaw:ImageWidth",
    "PhaseOne:ImageWidth",
    "Jpeg2000:ImageWidth",
    "File:ImageWidth",
    "RIFF:ImageWidth",
    "GIF:ImageWidth",
    "PNG:ImageWidth",
    "Photoshop:ImageWidth",
    "Meta:ImageWidth",
)

# The path's end, the field, and why ours is right.
DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    ("dx_cropped_max_overexposed.dng", "iso", "65535 only says: see RecommendedExposureIndex"),
    ("exiftool/CanonRaw.crw", "orientation", "exiftool leaves the heap's rotation in degrees"),
    ("exiftool/CanonRaw.crw", "focal_mm", "exiftool leaves the heap's focal length without its unit"),
    ("exiftool/DNG.dng", "lens", "exiftool prefers Adobe's copy of the maker's note, which has no name, to XMP"),
    ("exiftool/JXL2.jxl", "keywords", "the packet is packed with Brotli, which this exiftool cannot read"),
    ("exiftool/JXL2.jxl", "size", "exiftool does not read the size of a codestream in parts"),
    ("exiftool/Sigma.x3f", "orientation", "exiftool leaves the header's rotation in degrees"),
    ("exif-py/heic/test_0001.jxl", "size", "exiftool does not read the size of a bare codestream"),
    ("hostile/pillow/oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif", "size", "exiftool stops at a broken entry"),
    ("hostile/pillow/timeout-6646305047838720", "size", "exiftool stops at a broken entry"),
    ("pillow_heif/L_xmp_latin1.heic", "title", "the packet is Latin-1 and says nothing of it; exiftool gives up"),
    ("pillow_heif/truncated.heic", "size", "the picture has a clean aperture, which exiftool does not apply"),
)
# Here ours is not right, it is missing: the path's end, the field, and what is not read.
MISSING: tuple[tuple[str, str, str], ...] = (
    ("exif-py/tests/11-tests.jpg", "iso", "a maker's note that was moved: exiftool guesses where its offsets lead"),
    ("exif-py/tests/11-tests.jpg", "lens", "a maker's note that was moved: exiftool guesses where its offsets lead"),
    ("exiftool/CaptureOne.eip", "make", "a RAW in a ZIP: exiftool reads it where Perl's Archive::Zip is installed"),
    ("exiftool/CaptureOne.eip", "model", "a RAW in a ZIP: exiftool reads it where Perl's Archive::Zip is installed"),
    (
        "exiftool/CaptureOne.eip",
        "exposure_s",
        "a RAW in a ZIP: exiftool reads it where Perl's Archive::Zip is installed",
    ),
    ("exiftool/CaptureOne.eip", "iso", "a RAW in a ZIP: exiftool reads it where Perl's Archive::Zip is installed"),
    ("exiftool/CaptureOne.eip", "date", "a RAW in a ZIP: exiftool reads it where Perl's Archive::Zip is installed"),
    ("exiftool/KyoceraRaw.raw", "exposure_s", "the RAW format of one camera of 2002"),
    ("exiftool/KyoceraRaw.raw", "f_number", "the RAW format of one camera of 2002"),
    ("exiftool/Lytro.lfp", "exposure_s", "light fields"),
    ("exiftool/Lytro.lfp", "f_number", "light fields"),
)


def first(tags: Tags, names: tuple[str, ...]) -> Any:
    return next((tags[name] for name in names if tags.get(name) not in (None, "", [])), None)


def words(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("x-default", next(iter(value.values())))
    return " ".join(str(value).split()) or None if value is not None else None


def number(value: Any) -> float | None:
    with suppress(TypeError, ValueError):
        found = float(str(value).partition(" ")[0])
        return found if math.isfinite(found) else None
    return None


def known(value: Any) -> float | None:
    """A number; zero and what lies outside the field's range are how cameras write that they know nothing."""
    found = number(value)
    return found if found and found < 1e6 else None


def close(ours: float | None, theirs: float | None, tolerance: float) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= tolerance


def possible_date(tags: Tags) -> tuple[str, Moment] | None:
    for name in DATES:
        text = str(tags.get(name, ""))
        if name == "IPTC:DateCreated":
            text = f"{text} {tags.get('IPTC:TimeCreated', '')}"
        elif name == "GPS:GPSDateStamp":
            text = f"{text} {tags.get('GPS:GPSTimeStamp', '')}Z" if tags.get("GPS:GPSTimeStamp") else ""
        with suppress(ImpossibleDate):
            moment = parse_moment(text)
            if moment and FIRST_YEAR <= moment.local.year <= datetime.now(UTC).year:
                return name, moment
    return None


def date_differs(facts: Mapping[str, Any], tags: Tags) -> str | None:
    theirs = possible_date(tags)
    if facts["taken_source"] in FROM_OUTSIDE:
        # A date in the name comes before the date of the last change.
        return f"{theirs} is not ours" if theirs and not theirs[0].endswith("ModifyDate") else None
    ours = datetime.fromisoformat(facts["taken_local"]).replace(microsecond=0)
    if theirs is None:
        return f"{ours} is not theirs"
    name, moment = theirs
    if name in ("PNG:ModifyDate", "GPS:GPSDateStamp") or (name.startswith("XMP") and str(tags[name]).endswith("Z")):
        ours = datetime.fromisoformat(facts["taken_utc"]).replace(tzinfo=None, microsecond=0)
    return None if ours == moment.local.replace(microsecond=0) else f"{ours} for {name} {moment.local}"


def fraction_differs(facts: Mapping[str, Any], tags: Tags) -> str | None:
    if not facts["taken_source"].startswith("exif:SubSecDateTimeOriginal"):
        return None
    theirs = str(first(tags, ("ExifIFD:SubSecTimeOriginal", "IFD0:SubSecTimeOriginal")))
    ours = facts["taken_local"].partition(".")[2]
    return None if theirs.strip().rstrip("0")[:6] == ours.rstrip("0") else f"{ours} for {theirs}"


def offset_differs(facts: Mapping[str, Any], tags: Tags) -> str | None:
    if not facts["taken_source"].startswith("exif:"):
        return None
    written = (tags.get(f"ExifIFD:OffsetTime{kind}") for kind in ("Original", "Digitized", ""))
    theirs = next((offset for text in written if text and (offset := parse_offset(str(text))) is not None), None)
    ours = facts["taken_offset_minutes"] if facts["zone_source"] == "tag" else None
    return None if ours == theirs else f"{ours} for {theirs}"


def lens_differs(facts: Mapping[str, Any], tags: Tags) -> str | None:
    named = first(
        tags,
        (
            "ExifIFD:LensModel",
            "IFD0:LensModel",
            "XMP-exifEX:LensModel",
            "Canon:LensModel",
            "Olympus:LensModel",
            "Panasonic:LensType",
        ),
    )
    settings = [tags.get(f"Canon:{end}FocalLength", 0) for end in ("Min", "Max")]
    told = (
        words(named),
        lens_range([number(part) or 0 for part in str(tags.get("Nikon:Lens", "")).split()]),
        lens_range([number(part) or 0 for part in settings]),
        words(tags.get("XMP-aux:Lens")),
        lens_range([number(part) or 0 for part in str(first(tags, ("ExifIFD:LensInfo", "IFD0:DNGLensInfo"))).split()]),
    )
    theirs = next((text for text in told if text and any(map(str.isalnum, text))), None)
    return None if words(facts["lens"]) == theirs else f"{facts['lens']} for {theirs}"


def keywords_differ(facts: Mapping[str, Any], tags: Tags) -> str | None:
    theirs = first(tags, ("XMP-dc:Subject", "IPTC:Keywords"))
    listed = theirs if isinstance(theirs, list) else [] if theirs is None else [theirs]
    if not listed:
        listed = [part for part in str(tags.get("IFD0:XPKeywords", "")).split(";") if part.strip()]
    ours = facts["extra"].get("keywords", [])
    return None if [*map(words, ours)] == [*map(words, listed)] else f"{ours} for {listed}"


def place_differs(facts: Mapping[str, Any], tags: Tags) -> str | None:
    lat, lon = (number(tags.get(f"Composite:GPS{name}")) for name in ("Latitude", "Longitude"))
    if lat is None or lon is None or (lat == lon == 0) or abs(lat) > 90 or abs(lon) > 180:
        return None if facts["gps_lat"] is None else f"{facts['gps_lat']} {facts['gps_lon']} is not theirs"
    alt = number(first(tags, ("Composite:GPSAltitude", "GPS:GPSAltitude", "XMP-exif:GPSAltitude")))
    same = (
        close(facts["gps_lat"], lat, 2e-6) and close(facts["gps_lon"], lon, 2e-6) and close(facts["gps_alt"], alt, 6e-3)
    )
    ours = [facts[f"gps_{name}"] for name in ("lat", "lon", "alt")]
    return None if same else f"{ours} for {[lat, lon, alt]}"


def size_differs(facts: Mapping[str, Any], tags: Tags) -> str | None:
    if facts["width"] is None:
        return None
    if "Composite:ImageSize" not in tags and not any(name in tags for name in WIDTHS):
        return "exiftool knows none"
    # A RAW file's size is that of its full picture, which exiftool composes; of a JPEG inside it tells as "File".
    sizes = [(number(tags[name]), number(tags.get(name.replace("Width", "Height")))) for name in WIDTHS if name in tags]
    sizes.append(tuple(number(part) for part in str(tags.get("Composite:ImageSize", "0 0")).split()))
    sizes.append(tuple(number(part) for part in str(tags.get("RAF:RawImageCroppedSize", "0 0")).split()))
    ours = {facts["width"], facts["height"]}
    return None if ours in [{*size} for size in sizes] else f"{ours} for {sizes}"


def text_differs(field: str) -> Callable[[Mapping[str, Any], Tags], str | None]:
    def differs(facts: Mapping[str, Any], tags: Tags) -> str | None:
        ours = words(facts.get(field) or facts["extra"].get(field))
        theirs = words(first(tags, TEXTS[field]))
        return None if ours == theirs else f"{ours} for {theirs}"

    return differs


def number_differs(field: str) -> Callable[[Mapping[str, Any], Tags], str | None]:
    def differs(facts: Mapping[str, Any], tags: Tags) -> str | None:
        ours = known(facts.get(field) or facts["extra"].get(field))
        values = (known(tags.get(name)) for name in NUMBERS[field])
        theirs = next((value for value in values if value is not None), None)
        tolerance = 0.5 if field in WHOLE else 1e-4 * (theirs or 0)
        return None if close(ours, theirs, tolerance) else f"{ours} for {theirs}"

    return differs


FIELDS: dict[str, Callable[[Mapping[str, Any], Tags], str | None]] = {
    **{field: text_differs(field) for field in TEXTS},
    **{field: number_differs(field) for field in NUMBERS},
    "date": date_differs,
    "fraction": fraction_differs,
    "offset": offset_differs,
    "lens": lens_differs,
    "keywords": keywords_differ,
    "place": place_differs,
    "size": size_differs,
}


@pytest.fixture(scope="module")
def tags_by_path(readings: dict[str, Any]) -> dict[str, Tags]:
    photos = {str(reading.path): key for key, reading in readings.items() if reading.facts}
    command = ["exiftool", "-json", "-n", "-a", "-G1", "-struct", "-charset", "filename=utf8", "-@", "-"]
    printed = subprocess.run(command, input="\n".join(photos), capture_output=True, text=True).stdout
    return {photos[tags["SourceFile"]]: tags for tags in json.loads(printed)}


@pytest.mark.parametrize("field", FIELDS)
def test_every_photo_says_the_same_to_exiftool(
    field: str, readings: dict[str, Any], tags_by_path: dict[str, Tags]
) -> None:
    declared = {path for path, name, _ in DIFFERENCES + MISSING if name == field}
    differences: dict[str, str] = {}
    unread = []
    compared = 0
    for key, tags in tags_by_path.items():
        warning = str(tags.get("ExifTool:Warning"))
        if GIVEN_UP in warning:
            continue
        if NOT_INSTALLED in warning:
            unread.append(key)
            continue
        compared += 1
        difference = FIELDS[field](readings[key].facts, tags)
        if difference:
            differences[key] = difference
    undeclared = {key: text for key, text in differences.items() if not key.endswith(tuple(declared) or "\0")}
    assert undeclared == {}
    assert compared > 400
    for path in declared:
        assert any(key.endswith(path) for key in [*differences, *unread]), f"{path} agrees now: drop the line"
