"""Reads the few facts that makers keep in their own notes and EXIF has no tag for, or left empty.

References
----------
The makers publish nothing; layout and tag numbers as ExifTool's tag tables name them (Canon 0x0095, Nikon 0x0084,
Panasonic 0x0051, Olympus 0x2010/0x0203, Apple 0x000B and 0x0011).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from albumen.media.metadata.exif import MAKE, MAKER_NOTE, Exif
from albumen.media.metadata.lenses import lens_range
from albumen.media.metadata.tiff import Directory, TiffBlock

_ORDERS = {b"II": "<", b"MM": ">"}
_APPLE_BURST, _APPLE_CONTENT = 0x000B, 0x0011
_CANON_SETTINGS, _CANON_SHOT, _CANON_LENS_MODEL = 0x0001, 0x0004, 0x0095
_CANON_SPEED, _CANON_LONGEST, _CANON_SHORTEST, _CANON_UNITS = 16, 23, 24, 25
_CANON_AUTO_SPEED, _CANON_BASE_SPEED = 1, 2
_CANON_SPEEDS = {16: 50, 17: 100, 18: 200, 19: 400, 20: 800}
_CANON_PLAIN_SPEED, _CANON_NO_SPEED = 0x4000, 0x7FFF
_UNDEFINED = 7
_NIKON_LENS, _PANASONIC_LENS = 0x0084, 0x0051
_OLYMPUS_EQUIPMENT, _OLYMPUS_LENS_MODEL = 0x2010, 0x0203


Found = dict[str, str | float | None]


class MakerNote(NamedTuple):
    """How a maker's note begins, and where its directory lies.

    Attributes
    ----------
    head : bytes
        The first bytes of the note.
    directory : int
        Of the directory, from the start of the note.
    order_at : int or None
        Where the note tells a byte order of its own; None: that of the EXIF block.
    origin : int or None
        Where the note's offsets count from, from its start; None: the EXIF block's start.
    read : callable
        From directory to facts.
    """

    head: bytes
    directory: int
    order_at: int | None
    origin: int | None
    read: Callable[[TiffBlock, Directory], Found]


def read_maker_note(exif: Exif) -> dict[str, str | float]:
    """The facts in the maker's note of an EXIF block.

    Parameters
    ----------
    exif : Exif
        Its directories.

    Returns
    -------
    dict
        Of `lens`, `iso`, `burst_id` and `content_id` (Apple: what a Live Photo shares with its clip), what is there.
    """
    value, block = exif.photo.values.get(MAKER_NOTE), exif.block
    if value is None or block is None or value.at <= 0:
        return {}
    head = block.data[value.at : value.at + 16]
    note = next((known for known in MAKER_NOTES if head.startswith(known.head)), None)
    if note is None and (exif.image.text(MAKE) or "").startswith("Canon"):
        note = CANON
    if note is None:
        return {}
    try:
        found = note.read(*_open(note, block, value.at, head))
    except (struct.error, IndexError, ValueError):
        return {}
    return present(found)


def present(found: Found) -> dict[str, str | float]:
    """The facts that are there."""
    return {name: value for name, value in found.items() if value}


def read_canon(directory: Directory) -> Found:
    """The facts in Canon's directory, wherever it lies."""
    settings, shot = _counted(directory, _CANON_SETTINGS), _counted(directory, _CANON_SHOT)
    lens = directory.text(_CANON_LENS_MODEL) or canon_lens(settings)
    return {"lens": lens, "iso": canon_speed(settings, shot)}


def _counted(directory: Directory, tag: int) -> list[float]:
    """A list that begins with its own size in bytes, which proves that it is where the note says."""
    numbers, value = directory.numbers(tag), directory.values.get(tag)
    return numbers if value and numbers and numbers[0] == 2 * value.length else []


def canon_speed(settings: Sequence[float], shot: Sequence[float]) -> float | None:
    """The ISO speed: as set, or the base speed times what the camera added by itself, both in 32 to the step."""
    chosen = int(settings[_CANON_SPEED]) if len(settings) > _CANON_SPEED else 0
    if chosen in _CANON_SPEEDS:
        return _CANON_SPEEDS[chosen]
    if _CANON_PLAIN_SPEED < chosen < _CANON_NO_SPEED:
        return chosen - _CANON_PLAIN_SPEED
    if len(shot) <= _CANON_BASE_SPEED or not 0 < shot[_CANON_BASE_SPEED] < _CANON_PLAIN_SPEED:
        return None
    added = shot[_CANON_AUTO_SPEED]
    speed: float = 100 / 32 * 2 ** ((shot[_CANON_BASE_SPEED] + (added if added < _CANON_PLAIN_SPEED else 0)) / 32)
    return speed if speed < _CANON_PLAIN_SPEED else None


def canon_lens(settings: Sequence[float]) -> str | None:
    """The lens by the focal lengths among Canon's camera settings (16-bit numbers, the first their count)."""
    if len(settings) <= _CANON_UNITS:
        return None
    units = settings[_CANON_UNITS] or 1
    return lens_range([settings[_CANON_SHORTEST] / units, settings[_CANON_LONGEST] / units])


def _open(note: MakerNote, block: TiffBlock, at: int, head: bytes) -> tuple[TiffBlock, Directory]:
    order = block.order if note.order_at is None else _ORDERS.get(head[note.order_at : note.order_at + 2], block.order)
    if note.origin is None:
        directory = block.directory(at + note.directory)
        return block, directory
    inner = block.inside(at + note.origin, order)
    return inner, inner.directory(note.directory - note.origin)


def _read_apple(block: TiffBlock, directory: Directory) -> Found:
    return {"burst_id": directory.text(_APPLE_BURST), "content_id": directory.text(_APPLE_CONTENT)}


def _read_nikon(block: TiffBlock, directory: Directory) -> Found:
    return {"lens": lens_range(directory.numbers(_NIKON_LENS))}


def _read_olympus(block: TiffBlock, directory: Directory) -> Found:
    value = directory.values.get(_OLYMPUS_EQUIPMENT)
    if value is None:
        return {}
    # Older cameras hold the directory itself, later ones a pointer to it.
    at = value.at if value.kind == _UNDEFINED else directory.integer(_OLYMPUS_EQUIPMENT) or 0
    return {"lens": block.directory(at).text(_OLYMPUS_LENS_MODEL)}


def _read_panasonic(block: TiffBlock, directory: Directory) -> Found:
    return {"lens": directory.text(_PANASONIC_LENS)}


def _read_canon(block: TiffBlock, directory: Directory) -> Found:
    return read_canon(directory)


CANON = MakerNote(b"", 0, None, None, _read_canon)
MAKER_NOTES = (
    MakerNote(b"Apple iOS\0", 14, 12, 0, _read_apple),
    MakerNote(b"Nikon\0\2", 18, 10, 10, _read_nikon),
    MakerNote(b"OLYMPUS\0", 12, 8, 0, _read_olympus),
    MakerNote(b"OM SYSTEM\0", 16, 12, 0, _read_olympus),
    MakerNote(b"OLYMP\0", 8, None, None, _read_olympus),
    MakerNote(b"Panasonic\0", 12, None, None, _read_panasonic),
)
