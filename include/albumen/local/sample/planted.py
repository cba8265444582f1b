"""One file of the sample library before it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PlantedFile:
    """Bytes, what exiftool shall write into them, and what the manifest says of them.

    Attributes
    ----------
    path : str
        Relative, `/`-separated.
    data : bytes
        The file before its tags are written.
    role : str
        What it is planted for.
    source, licence : str
        Package and member, or `drawn`; and the licence of that.
    expect : str
        The state it should end in: `done`, `skipped` or `quarantined`.
    note : str
        What there is to know of it.
    taken : datetime or None
        Naive local time its own metadata gives in the end.
    taken_is, gps_is : str or None
        `own` or `assigned`.
    gps : tuple of float or None
        Latitude and longitude, degrees.
    camera : tuple of str or None
        Make and model to write.
    offset : bool
        Whether the UTC offset is written with the time.
    tagged : bool
        Whether exiftool touches the file: it strips every position, and writes what is assigned.
    extra : tuple of str
        More arguments for exiftool.
    kept : float
        Share of the tagged file that is kept; below 1 it is cut off.
    """

    path: str
    data: bytes
    role: str
    source: str
    licence: str
    expect: str
    note: str = ""
    taken: datetime | None = None
    taken_is: str | None = None
    gps: tuple[float, float] | None = None
    gps_is: str | None = None
    camera: tuple[str, str] | None = None
    offset: bool = False
    tagged: bool = False
    extra: tuple[str, ...] = ()
    kept: float = 1.0
