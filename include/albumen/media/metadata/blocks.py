"""What a container holds besides its pixels: the metadata blocks, unread, and the picture's size."""

from __future__ import annotations

from dataclasses import dataclass, field

# What the catalog's columns hold; no format's pictures are larger.
_LARGEST_SIDE = 2**31 - 1


@dataclass(slots=True)
class Blocks:
    """The blocks of one file, filled while its container is walked.

    Attributes
    ----------
    width, height : int or None
        Pixels, as the container declares them.
    turned : bool
        `width` and `height` are upright already, since the container itself turns the picture
        (HEIF, AVIF): the EXIF orientation must not be applied again.
    turn : int
        How the container turns it, as an EXIF orientation.
    exif, xmp, iptc : bytes or None
        EXIF block, XMP packet, IPTC IIM records.
    extended_xmp : bytes or None
        What did not fit into the packet (JPEG).
    photo, gps, maker_note : bytes or None
        The Exif, GPS and maker's directories where they are blocks of their own (Canon CR3).
    facts : dict
        What a format without EXIF tells, by the names of `Metadata` and `date` (Canon CRW, Sigma X3F).
    texts : dict
        Text entries by keyword (PNG).
    modified : str or None
        The container's own time of last change, ISO 8601, UTC (PNG).
    damaged : bool
        The container was cut off or badly framed.
    """

    width: int | None = None
    height: int | None = None
    turned: bool = False
    turn: int = 1
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    extended_xmp: bytes | None = None
    photo: bytes | None = None
    gps: bytes | None = None
    maker_note: bytes | None = None
    facts: dict[str, str | float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    modified: str | None = None
    damaged: bool = False

    def set_size(self, width: int, height: int) -> None:
        """Take a declared size, if it is one."""
        if 0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE:
            self.width, self.height = width, height
