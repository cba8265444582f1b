"""Writes what is known of a photo or video as an XMP sidecar, as digiKam, Lightroom, Immich and PhotoPrism read it.

References
----------
ISO 16684-1 (XMP); Exif 2.32 for XMP; Metadata Working Group, "Guidelines for Handling Image Metadata" 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from albumen.media.metadata.regions import stored_box

_HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Albumen">\n'
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    '  <rdf:Description rdf:about=""\n'
    '   xmlns:dc="http://purl.org/dc/elements/1.1/"\n'
    '   xmlns:exif="http://ns.adobe.com/exif/1.0/"\n'
    '   xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"\n'
    '   xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"\n'
    '   xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"\n'
    '   xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"\n'
    '   xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
)
_TAIL = '  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>\n'
_SIDEWAYS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class Told:
    """What a sidecar tells; absent facts are None or empty.

    Attributes
    ----------
    taken : str or None
        ISO 8601 local time, with its offset where it is known.
    width, height : int or None
        Of the upright picture, pixels.
    orientation : int or None
        Which of the EXIF orientations makes the stored picture upright: regions are written for the stored one.
    regions : sequence of mapping
        `name` and `box` (left, top, width, height, fractions of the upright picture).
    """

    taken: str | None = None
    lat: float | None = None
    lon: float | None = None
    alt: float | None = None
    rating: int | None = None
    title: str | None = None
    description: str | None = None
    keywords: Sequence[str] = ()
    width: int | None = None
    height: int | None = None
    orientation: int | None = None
    regions: Sequence[Mapping[str, Any]] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        facts = (self.taken, self.lat, self.rating, self.title, self.description)
        return all(fact is None for fact in facts) and not self.keywords and not self.regions


def write_xmp(told: Told) -> bytes:
    """The sidecar as UTF-8."""
    attributes = [f" {name}={quoteattr(value)}" for name, value in _attributes(told).items()]
    elements = [
        _alternative("dc:title", told.title),
        _alternative("dc:description", told.description),
        _bag("dc:subject", told.keywords),
        _regions(told),
    ]
    return "".join([_HEAD, *(f"\n  {one}" for one in attributes), ">\n", *elements, _TAIL]).encode()


def _attributes(told: Told) -> dict[str, str]:
    found: dict[str, str] = {}
    if told.taken:
        found |= dict.fromkeys(("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate"), told.taken)
    if told.lat is not None and told.lon is not None:
        found["exif:GPSLatitude"] = _degrees(told.lat, "NS")
        found["exif:GPSLongitude"] = _degrees(told.lon, "EW")
        if told.alt is not None:
            found["exif:GPSAltitude"] = f"{round(abs(told.alt) * 100)}/100"
            found["exif:GPSAltitudeRef"] = str(int(told.alt < 0))
    if told.rating is not None:
        found["xmp:Rating"] = str(told.rating)
    return found


def _degrees(value: float, signs: str) -> str:
    """Degrees and decimal minutes with the letter: seven digits are a few millimetres."""
    minutes = round(abs(value) * 60, 7)
    return f"{int(minutes // 60)},{minutes % 60:.7f}{signs[value < 0]}"


def _alternative(name: str, text: str | None) -> str:
    if text is None:
        return ""
    return f'   <{name}><rdf:Alt><rdf:li xml:lang="x-default">{_clean(text)}</rdf:li></rdf:Alt></{name}>\n'


def _bag(name: str, words: Sequence[str]) -> str:
    items = "".join(f"<rdf:li>{_clean(word)}</rdf:li>" for word in words)
    return f"   <{name}><rdf:Bag>{items}</rdf:Bag></{name}>\n" if items else ""


def _regions(told: Told) -> str:
    if not told.regions or not told.width or not told.height:
        return ""
    sides = (told.height, told.width) if told.orientation in _SIDEWAYS else (told.width, told.height)
    items = "".join(_region(region, told.orientation) for region in told.regions)
    return (
        '   <mwg-rs:Regions rdf:parseType="Resource">'
        f'<mwg-rs:AppliedToDimensions stDim:w="{sides[0]}" stDim:h="{sides[1]}" stDim:unit="pixel"/>'
        f"<mwg-rs:RegionList><rdf:Bag>{items}</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>\n"
    )


def _region(region: Mapping[str, Any], orientation: int | None) -> str:
    left, top, width, height = stored_box(region["box"], orientation)
    name = f"<mwg-rs:Name>{_clean(region['name'])}</mwg-rs:Name>" if region.get("name") else ""
    return (
        f'<rdf:li rdf:parseType="Resource">{name}<mwg-rs:Type>Face</mwg-rs:Type>'
        f'<mwg-rs:Area stArea:x="{left + width / 2:.6f}" stArea:y="{top + height / 2:.6f}"'
        f' stArea:w="{width:.6f}" stArea:h="{height:.6f}" stArea:unit="normalized"/></rdf:li>'
    )


def _clean(text: str) -> str:
    """Text without what XML cannot hold."""
    return escape("".join(letter for letter in text if letter >= " " or letter in "\t\n\r"))
