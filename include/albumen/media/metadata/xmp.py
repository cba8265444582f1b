"""Reads the properties of an XMP packet, without ever following an entity or a reference.

References
----------
ISO 16684-1 (XMP data model and RDF serialization).
"""

from __future__ import annotations

from typing import Protocol
from xml.parsers import expat

from albumen.media.metadata.text import readable

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ITEM = _RDF + " li"
_PREFIXES = {
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/panorama/": "GPano",
    "http://ns.adobe.com/hdr-gain-map/1.0/": "hdrgm",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.0": "MicrosoftPhoto",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://ns.apple.com/faceinfo/1.0/": "apple-fi",
}
_LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAX_PROPERTIES = 500
_MAX_ITEMS = 200
_MAX_DEPTH = 64
_MAX_ELEMENTS = 100_000
_MAX_VALUE = 4096
_MAX_TEXT = 64 * 1024


BROKEN = (expat.ExpatError, ValueError, LookupError)
"""What a parser raises at XML that makes no sense, an encoding that nobody knows included."""


class Refused(Exception):
    """The packet has a document type declaration."""


class _Enough(Exception):
    """The packet is too deep or too rich: what was read so far counts."""


class _Collector:
    """Gathers the properties that stand directly in an rdf:Description of the packet."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self.path: list[str] = []
        self.text: list[str] = []
        self.characters_kept = 0
        self.elements = 0
        self.is_default = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        self.text.clear()
        self.characters_kept = 0
        self.elements += 1
        if len(self.path) > _MAX_DEPTH or self.elements > _MAX_ELEMENTS:
            raise _Enough
        if name == _RDF + " Description" and self.path[-2:-1] == [_RDF + " RDF"]:
            for attribute, value in attributes.items():
                self.add(attribute, value)
        elif name == _ITEM:
            self.is_default = attributes.get(_LANGUAGE) == "x-default"

    def characters(self, text: str) -> None:
        if self.characters_kept < _MAX_TEXT:
            self.text.append(text)
            self.characters_kept += len(text)

    def end(self, name: str) -> None:
        path = self.path
        if self.text and (depth := self.property_depth()):
            inside = path[depth + 1 :]
            if not inside or (len(inside) == 2 and inside[1] == _ITEM):
                self.add(path[depth], "".join(self.text), first=bool(inside) and self.is_default)
        self.text.clear()
        path.pop()

    def property_depth(self) -> int:
        """Where in the path the property of the innermost top-level description stands, or 0."""
        path = self.path
        for depth in (2, 3):
            if len(path) > depth and path[depth - 2] == _RDF + " RDF" and path[depth - 1] == _RDF + " Description":
                return depth
        return 0

    def add(self, name: str, value: str, *, first: bool = False) -> None:
        namespace, _, local = name.rpartition(" ")
        prefix = _PREFIXES.get(namespace)
        plain = readable(value) if prefix else None
        if plain is None:
            return
        values = self.found.setdefault(f"{prefix}:{local}", [])
        if len(self.found) > _MAX_PROPERTIES:
            raise _Enough
        if len(values) < _MAX_ITEMS:
            values.insert(0 if first else len(values), plain[:_MAX_VALUE])


def read_xmp(packet: bytes) -> dict[str, list[str]]:
    """The packet's properties of the namespaces that are read.

    Parameters
    ----------
    packet : bytes
        An XMP packet, with or without wrapper and padding.

    Returns
    -------
    dict
        Prefixed name (`exif:DateTimeOriginal`) to its values: one, or the items of a list. What
        stands before an error counts; a packet with a document type declaration is refused whole.
    """
    packet = trim_packet(packet)
    found, broken = _parse(packet)
    if broken and not found:
        found, _ = _parse(packet.decode("latin-1").encode())
    return found


def trim_packet(packet: bytes) -> bytes:
    """A packet without what stands around its first and last element; UTF-16 stays as it is."""
    if packet.startswith(_WIDE_MARKS):
        return packet
    return packet[max(packet.find(b"<"), 0) : packet.rfind(b">") + 1]


class Collector(Protocol):
    """What takes the events of a packet."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """It ends."""

    def characters(self, text: str) -> None:
        """Text in it, or a part of the text."""


def new_parser(collector: Collector) -> expat.XMLParserType:
    """A parser that tells `collector`, names as `namespace local`, and raises `Refused` at a document type."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = collector.start
    parser.EndElementHandler = collector.end
    parser.CharacterDataHandler = collector.characters
    return parser


def _parse(packet: bytes) -> tuple[dict[str, list[str]], bool]:
    collector = _Collector()
    try:
        new_parser(collector).Parse(packet, True)
    except Refused:
        return {}, False
    except _Enough:
        return collector.found, False
    except BROKEN:
        return collector.found, True
    return collector.found, False


def _refuse(*declaration: object) -> None:
    raise Refused
