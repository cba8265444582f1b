"""All that is known of one file, read and not yet weighed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from albumen.media.metadata.exif import Exif
from albumen.media.metadata.takeout import Takeout
from albumen.media.video.container import Container


@dataclass(frozen=True, slots=True)
class Sources:
    """All that is known of one file, read and not yet weighed.

    Attributes
    ----------
    exif : Exif
        EXIF directories.
    maker : mapping
        What the maker's note, or a maker's format without EXIF, tells: facts by the names of `Metadata`, and `date`.
    xmp : mapping of str to list of str
        XMP properties by prefixed name.
    iptc : mapping
        IPTC fields by name.
    png : mapping of str to str
        PNG text entries by keyword.
    png_modified : str or None
        PNG's time of last change.
    file_name : str
        The file's name.
    last_modified : datetime
        The object's last change, with its zone.
    film : Container
        The headers of a video; empty of a photo.
    sidecar : mapping of str to list of str
        XMP properties of the sidecar.
    takeout : Takeout or None
        What Google Takeout says of it.
    """

    exif: Exif
    maker: Mapping[str, str | float]
    xmp: Mapping[str, list[str]]
    iptc: Mapping[str, str | list[str]]
    png: Mapping[str, str]
    png_modified: str | None
    file_name: str
    last_modified: datetime
    film: Container = field(default_factory=Container)
    sidecar: Mapping[str, list[str]] = field(default_factory=dict)
    takeout: Takeout | None = None
