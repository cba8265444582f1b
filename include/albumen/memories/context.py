"""What a memory kind is given to choose from: plain values, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face in the upright picture; position and size as fractions of its width and height, from the top left."""

    x: float
    y: float
    width: float
    height: float
    score: float


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo as memories see it.

    Attributes
    ----------
    item_id : int
        The item's id.
    key : str
        Object key of the original, for display only; untrusted text.
    taken_local : datetime
        Local wall time of the place it was taken at, without a zone.
    taken_confidence : str
        How sure that time is: `high`, `medium` or `low`.
    width, height : int
        Of the upright picture, pixels.
    gps : tuple of float or None
        Latitude and longitude, degrees.
    quality : float or None
        0 (useless) to 1 (flawless); None where it was never measured.
    quality_reasons : tuple of str
        What lowered the quality, such as `blurred`.
    phash : int or None
        64-bit perceptual hash as a signed integer.
    faces : tuple of FaceBox
        Faces found in it; empty without the library's consent.
    camera : str or None
        Make and model, for display only; untrusted text.
    preview_key, thumb_key : str
        Keys of the renditions in the library bucket.
    thumbhash : bytes or None
        ThumbHash, shown until the picture is there.
    dominant : str or None
        Main colour as `#rrggbb`.
    place : str or None
        Name of the place, such as `Arezzo`; untrusted text.
    """

    item_id: int
    key: str
    taken_local: datetime
    taken_confidence: str
    width: int
    height: int
    gps: tuple[float, float] | None
    quality: float | None
    quality_reasons: tuple[str, ...]
    phash: int | None
    faces: tuple[FaceBox, ...]
    camera: str | None
    preview_key: str
    thumb_key: str
    thumbhash: bytes | None
    dominant: str | None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """One library and the photos of the window that a kind asked for.

    Attributes
    ----------
    library_id : int
        The library's id.
    library_name : str
        Its name, for display; untrusted text.
    home_zone : str
        IANA name of its home time zone.
    locale : str
        How dates and times are written, such as `en_GB`.
    photos : tuple of Photo
        In any order.
    """

    library_id: int
    library_name: str
    home_zone: str
    locale: str
    photos: tuple[Photo, ...]
