"""What a video's container says of itself, read from its headers alone: also where no frame can be decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

_LARGEST_SIDE = 2**31 - 1


@dataclass(slots=True)
class Container:
    """The headers of one video.

    Attributes
    ----------
    format : str
        `quicktime`, `riff`, `matroska`, `asf`, or empty: not one whose headers are read here.
    duration_s : float or None
        Seconds.
    width, height : int or None
        Pixels, before turning.
    rotation : int
        Clockwise degrees to turn it upright: 0, 90, 180 or 270.
    created : datetime or None
        Its creation date, naive.
    is_local : bool
        `created` is wall-clock time and not UTC.
    tags : dict
        Text by name: `creation_date` (with its zone), `content_date`, `location` (ISO 6709), `make`, `model`,
        `title`, `description`, `keywords`, `rating`, `content_identifier`, and the rest under their own names.
    xmp : bytes or None
        An XMP packet.
    missing_bytes : int
        By how much the file is shorter than its headers say.
    """

    format: str = ""
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    rotation: int = 0
    created: datetime | None = None
    is_local: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    xmp: bytes | None = None
    missing_bytes: int = 0

    def set_size(self, width: int, height: int) -> None:
        """Take a declared size, if it is one and none is known."""
        if self.width is None and 0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE:
            self.width, self.height = width, height

    def set_tag(self, name: str, text: str) -> None:
        """Take a text unless it is blank or a better source had one."""
        clean = text.replace("\0", " ").strip()
        if clean:
            self.tags.setdefault(name, clean)


def read_container(file: BinaryIO, mime: str) -> Container:
    """Read the headers of a video; what makes no sense is left out.

    Parameters
    ----------
    file : binary file
        Seekable; little of it is read.
    mime : str
        What `media.sniff` says it is.
    """
    from albumen.media.video.asf import read_asf
    from albumen.media.video.matroska import read_matroska
    from albumen.media.video.quicktime import read_quicktime
    from albumen.media.video.riff import read_avi

    readers = {
        **dict.fromkeys(("video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2"), read_quicktime),
        **dict.fromkeys(("video/x-matroska", "video/webm"), read_matroska),
        "video/x-msvideo": read_avi,
        "video/x-ms-wmv": read_asf,
    }
    found = Container()
    reader = readers.get(mime)
    if reader:
        try:
            reader(file, found)
        except (struct.error, ValueError, OverflowError, IndexError):
            return found
    return found
