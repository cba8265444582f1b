"""What a container holds besides its pixels: the metadata blocks, unread, and the picture's size."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    exif, xmp, iptc : bytes or None
        EXIF block, XMP packet, IPTC IIM records.
    photo, gps : bytes or None
        The Exif and GPS directories where they are blocks of their own (Canon CR3).
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
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    photo: bytes | None = None
    gps: bytes | None = None
    texts: dict[str, str] = field(default_factory=dict)
    modified: str | None = None
    damaged: bool = False

    def set_size(self, width: int, height: int) -> None:
        """Take a declared size, if it is one."""
        if width > 0 and height > 0:
            self.width, self.height = width, height
