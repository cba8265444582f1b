"""What a camera RAW says of itself in its directories: size, turn, colours, and which data are no pictures.

References
----------
Adobe DNG 1.7 (PhotometricInterpretation, PreviewColorSpace); CIPA DC-008 (ColorSpace, interoperability);
Panasonic's tags as LibRaw reads them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from albumen.media import signatures as types
from albumen.media.metadata.containers import read_blocks
from albumen.media.metadata.tiff import Directory, TiffBlock
from albumen.pipeline.taxonomy import ItemFault, Reason

_ORIENTATION, _EXIF_POINTER, _INTEROPERABILITY, _COLOUR_SPACE = 0x0112, 0x8769, 0xA005, 0xA001
_SUB_IFDS, _PHOTOMETRIC, _PREVIEW_COLOURS = 0x014A, 0x0106, 0xC71A
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _PANASONIC_DATA = 0x0111, 0x0117, 0x0144, 0x0145, 0x0118
_ADOBE_RGB = 2
_PREVIEW_ADOBE_RGB = 3
# PhotometricInterpretation of what is no picture to look at: sensor data, linear data, depth, mask.
_NOT_SHOWN = frozenset({32803, 34892, 51177, 52527})
_MOST_DIRECTORIES = 8


@dataclass(slots=True)
class RawLayout:
    """What a RAW file is known to hold before a pixel of it is decoded.

    Attributes
    ----------
    width, height : int
        The full picture as the sensor lies; 0 where nothing tells.
    orientation : int
        EXIF orientation of the sensor's picture.
    adobe_rgb : bool
        The camera was set to Adobe RGB, which previews without a profile of their own then are.
    hidden : set of int
        Where data begin that are no picture to look at.
    ends_at : int
        Where the data of the last of its pictures end; 0 where nothing tells.
    """

    width: int = 0
    height: int = 0
    orientation: int = 1
    adobe_rgb: bool = False
    hidden: set[int] = field(default_factory=set)
    ends_at: int = 0

    def check_whole(self, data: bytes) -> None:
        """Refuse a file that ends before its pictures do: LibRaw may crash over it.

        Raises
        ------
        ItemFault
            `unreadable`.
        """
        if self.ends_at > len(data):
            raise ItemFault(Reason.UNREADABLE, f"cut off: {len(data)} of {self.ends_at} bytes or more")


def read_raw_layout(data: bytes, mime: str, packet_bytes: int) -> RawLayout:
    """Read what the file's own directories say; what they do not say keeps its default.

    Parameters
    ----------
    data : bytes
        The file.
    mime : str
        Its type.
    packet_bytes : int
        Largest metadata block that is read.
    """
    raw = RawLayout()
    blocks = read_blocks(data, mime, packet_bytes)
    raw.width, raw.height = blocks.width or 0, blocks.height or 0
    tiff = TiffBlock(blocks.exif or b"", packet_bytes)
    first = tiff.first()
    orientation = first.integer(_ORIENTATION)
    raw.orientation = orientation if orientation and 1 <= orientation <= 8 else 1
    for photo in tiff.linked(first, _EXIF_POINTER):
        named = any(directory.text(1) == "R03" for directory in tiff.linked(photo, _INTEROPERABILITY))
        raw.adobe_rgb = named or photo.integer(_COLOUR_SPACE) == _ADOBE_RGB
    directories = [first, *tiff.linked(first, _SUB_IFDS)]
    following = first.next_offset
    while following and len(directories) < 2 * _MOST_DIRECTORIES:
        directories.append(tiff.directory(following))
        following = directories[-1].next_offset
    for directory in directories:
        hidden = directory.integer(_PHOTOMETRIC) in _NOT_SHOWN
        _take_data(directory, _STRIPS, _STRIP_BYTES, raw, hidden=hidden)
        _take_data(directory, _TILES, _TILE_BYTES, raw, hidden=hidden)
        raw.adobe_rgb |= directory.integer(_PREVIEW_COLOURS) == _PREVIEW_ADOBE_RGB
    if mime == types.RW2.mime:
        _take_data(TiffBlock(data, packet_bytes).first(), _PANASONIC_DATA, _STRIP_BYTES, raw, hidden=True)
    return raw


def _take_data(directory: Directory, starts_tag: int, sizes_tag: int, raw: RawLayout, *, hidden: bool) -> None:
    for start, size in zip(directory.numbers(starts_tag), directory.numbers(sizes_tag), strict=False):
        if not math.isfinite(start + size):
            continue
        if hidden:
            raw.hidden.add(int(start))
        raw.ends_at = max(raw.ends_at, int(start + size))
