"""Reads the face regions that people and programs marked in a picture.

References
----------
Metadata Working Group, "Guidelines for Handling Image Metadata" 2.0, 5.9 (mwg-rs); Microsoft, "People Tagging"
(MP, MPRI, MPReg).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from albumen.media.metadata.text import readable
from albumen.media.metadata.xmp import BROKEN, Refused, new_parser, trim_packet

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MWG = "http://www.metadataworkinggroup.com/schemas/regions/ "
_AREA = "http://ns.adobe.com/xmp/sType/Area# "
_SIZE = "http://ns.adobe.com/xap/1.0/sType/Dimensions# "
_MICROSOFT = "http://ns.microsoft.com/photo/1.2/"
_MICROSOFT_REGION = _MICROSOFT + "t/Region# "
_LISTS = frozenset({_MWG + "RegionList", _MICROSOFT + "t/RegionInfo# Regions"})
_MARKS = (b"metadataworkinggroup.com/schemas/regions", b"ns.microsoft.com/photo/1.2/t/Region")
_FACES = frozenset({"face", "pet", ""})
_MAX_REGIONS, _MAX_DEPTH, _MAX_ELEMENTS, _MAX_VALUE = 100, 64, 20_000, 256
_LEAST_SIDE = 1e-4


@dataclass(frozen=True, slots=True)
class FaceRegion:
    """A marked face.

    Attributes
    ----------
    name : str or None
        Whose, where somebody wrote it.
    box : tuple of float
        Left, top, width and height as fractions of the upright picture.
    source : str
        `mwg` or `microsoft`.
    """

    name: str | None
    box: tuple[float, float, float, float]
    source: str

    def as_json(self) -> dict[str, Any]:
        """For the catalog."""
        return {"name": self.name, "box": list(self.box), "source": self.source}


class _Turn(NamedTuple):
    """What makes a stored picture upright: rows for columns first, then left for right, then top for bottom."""

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False


_TURNS = {
    2: _Turn(mirrored=True),
    3: _Turn(mirrored=True, flipped=True),
    4: _Turn(flipped=True),
    5: _Turn(transposed=True),
    6: _Turn(transposed=True, mirrored=True),
    7: _Turn(transposed=True, mirrored=True, flipped=True),
    8: _Turn(transposed=True, flipped=True),
}


class _Enough(Exception):
    """Too deep or too rich: what was read so far counts."""


class _Collector:
    """Gathers the properties of each region, however they are nested, and the size that boxes in pixels refer to."""

    def __init__(self) -> None:
        self.regions: list[dict[str, str]] = []
        self.size: dict[str, str] = {}
        self.path: list[str] = []
        self.region_depth = 0
        self.text = ""
        self.elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        path = self.path
        path.append(name)
        self.text = ""
        self.elements += 1
        if len(path) > _MAX_DEPTH or self.elements > _MAX_ELEMENTS:
            raise _Enough
        if not self.region_depth and name == _RDF + " li" and len(path) > 2 and path[-3] in _LISTS:
            if len(self.regions) >= _MAX_REGIONS:
                raise _Enough
            self.regions.append({})
            self.region_depth = len(path)
        for attribute, value in attributes.items():
            self.take(attribute, value)

    def characters(self, text: str) -> None:
        self.text = (self.text + text)[:_MAX_VALUE]

    def end(self, name: str) -> None:
        if self.text:
            self.take(name, self.text)
        self.text = ""
        if len(self.path) == self.region_depth:
            self.region_depth = 0
        self.path.pop()

    def take(self, name: str, value: str) -> None:
        if self.region_depth:
            self.regions[-1].setdefault(name, value[:_MAX_VALUE])
        elif name.startswith(_SIZE):
            self.size.setdefault(name, value[:_MAX_VALUE])


def read_regions(packet: bytes, orientation: int | None) -> tuple[FaceRegion, ...]:
    """The faces marked in an XMP packet.

    Parameters
    ----------
    packet : bytes
        The packet.
    orientation : int or None
        What makes the picture upright: regions are written for the picture as stored.

    Returns
    -------
    tuple of FaceRegion
        Faces and pets, in their order; regions of other kinds, and boxes outside the picture, are left out. Of a
        packet with a document type declaration nothing is read.
    """
    if not any(mark in packet for mark in _MARKS):
        return ()
    collector = _Collector()
    try:
        new_parser(collector).Parse(trim_packet(packet), True)
    except Refused:
        return ()
    except (_Enough, *BROKEN):
        pass
    found = []
    for region in collector.regions:
        box = _mwg_box(region, collector.size) or _microsoft_box(region)
        upright = _upright(box, orientation) if box else None
        if upright:
            name = region.get(_MWG + "Name") or region.get(_MICROSOFT_REGION + "PersonDisplayName") or ""
            source = "microsoft" if _MICROSOFT_REGION + "Rectangle" in region else "mwg"
            found.append(FaceRegion(readable(name), upright, source))
    return tuple(found)


def stored_box(box: Sequence[float], orientation: int | None) -> tuple[float, float, float, float]:
    """A box of the upright picture as it lies in the stored one: the opposite of the turning in `read_regions`."""
    left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    turn = _TURNS.get(orientation or 1, _Turn())
    if turn.flipped:
        top, bottom = 1 - bottom, 1 - top
    if turn.mirrored:
        left, right = 1 - right, 1 - left
    if turn.transposed:
        left, top, right, bottom = top, left, bottom, right
    return left, top, right - left, bottom - top


def _mwg_box(region: dict[str, str], size: dict[str, str]) -> tuple[float, ...] | None:
    """Left, top, width, height as fractions, from a centre and a size."""
    if _AREA + "x" not in region or region.get(_MWG + "Type", "").strip().lower() not in _FACES:
        return None
    area = [_number(region.get(_AREA + name)) for name in ("x", "y", "w", "h")]
    if region.get(_AREA + "unit") == "pixel":
        sides = [_number(size.get(_SIZE + name)) or math.nan for name in ("w", "h")]
        area = [part / side for part, side in zip(area, sides * 2, strict=True)]
    x, y, width, height = area
    return x - width / 2, y - height / 2, width, height


def _microsoft_box(region: dict[str, str]) -> tuple[float, ...] | None:
    parts = [_number(part) for part in region.get(_MICROSOFT_REGION + "Rectangle", "").split(",")]
    return tuple(parts) if len(parts) == 4 else None


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _upright(box: tuple[float, ...], orientation: int | None) -> tuple[float, float, float, float] | None:
    """The box clipped to the picture and turned with it; None where nothing of it is inside."""
    if not all(math.isfinite(part) for part in box):
        return None
    left, top = max(box[0], 0.0), max(box[1], 0.0)
    right, bottom = min(box[0] + box[2], 1.0), min(box[1] + box[3], 1.0)
    if right - left < _LEAST_SIDE or bottom - top < _LEAST_SIDE:
        return None
    turn = _TURNS.get(orientation or 1, _Turn())
    if turn.transposed:
        left, top, right, bottom = top, left, bottom, right
    if turn.mirrored:
        left, right = 1 - right, 1 - left
    if turn.flipped:
        top, bottom = 1 - bottom, 1 - top
    return round(left, 6), round(top, 6), round(right - left, 6), round(bottom - top, 6)
