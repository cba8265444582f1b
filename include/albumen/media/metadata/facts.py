"""What is known of one file, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from albumen.media.metadata.regions import FaceRegion


@dataclass(frozen=True, slots=True)
class Metadata:
    """The facts in one file; an absent fact is None, a refused one is named in `refused`.

    Attributes
    ----------
    width, height : int or None
        Upright pixels (orientation applied).
    orientation : int or None
        The stored EXIF orientation, 1 to 8, also where the container turns the picture itself.
    taken_local : str or None
        Wall-clock time, ISO 8601 without zone.
    taken_offset_minutes : int or None
        Minutes east of UTC.
    taken_utc : str or None
        The instant, ISO 8601 with `Z`.
    taken_zone : str or None
        IANA zone of the place, or the library's home zone.
    taken_source, zone_source : str or None
        Where the date was read, and where the offset came from: `tag`, `gps` or `home`.
    taken_confidence : str or None
        `high`, `medium` or `low`.
    gps_lat, gps_lon, gps_alt : float or None
        Degrees north and east; metres above the sea.
    gps_source : str or None
        `sidecar`, `exif`, `xmp`, `quicktime` or `takeout`.
    refused : dict
        Field to why its value was not taken over.
    make, model, lens : str or None
        The camera.
    exposure_s, f_number, iso, focal_mm, focal_35mm : number or None
        How it was taken: seconds, f-number, ISO speed, millimetres.
    rating : int or None
        -1 (rejected) to 5.
    title, description : str or None
        The owner's words.
    keywords : tuple of str
        The owner's keywords.
    burst_id : str or None
        What the pictures of one burst share.
    content_id : str or None
        What the still and the clip of a Live Photo share.
    face_regions : tuple of FaceRegion
        Faces that somebody or some program marked in the picture.
    raw_tags : dict
        Every readable tag by group, JSON-safe and size-capped.
    salvaged : bool
        The file is cut off or badly framed; the facts were read all the same.
    """

    width: int | None
    height: int | None
    orientation: int | None
    taken_local: str | None
    taken_offset_minutes: int | None
    taken_utc: str | None
    taken_zone: str | None
    taken_source: str | None
    zone_source: str | None
    taken_confidence: str | None
    gps_lat: float | None
    gps_lon: float | None
    gps_alt: float | None
    gps_source: str | None
    refused: dict[str, str]
    make: str | None
    model: str | None
    lens: str | None
    exposure_s: float | None
    f_number: float | None
    iso: int | None
    focal_mm: float | None
    focal_35mm: int | None
    rating: int | None
    title: str | None
    description: str | None
    keywords: tuple[str, ...]
    burst_id: str | None
    content_id: str | None
    face_regions: tuple[FaceRegion, ...]
    raw_tags: dict[str, Any]
    salvaged: bool
