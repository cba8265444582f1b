"""What a memory kind is given to choose from: plain values, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face in the upright picture; position and size as fractions of its width and height, from the top left.

    `person` is the id of whose face it is, where that is known.
    """

    x: float
    y: float
    width: float
    height: float
    score: float
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """What moves of a video, or of a photo that was taken together with a clip.

    Attributes
    ----------
    duration_s : float or None
        Of the whole video or clip, seconds.
    hover_key : str or None
        Key of a few silent seconds of it in the library bucket.
    hover_bytes : int
        Their size; 0 where there are none.
    proxy_key : str or None
        Key of all of it as every browser plays it; None where the library wants none.
    """

    duration_s: float | None
    hover_key: str | None
    hover_bytes: int
    proxy_key: str | None


@dataclass(frozen=True, slots=True)
class Relative:
    """Another library of the family: its name, untrusted text, and how many good photos each of its days has."""

    library_id: int
    name: str
    days: Mapping[date, int] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo, or the poster of one video, as memories see it.

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
        Name of the place, such as `Arezzo`; None where the position is only guessed from far away.
    place_id : str or None
        The named place it was taken at, or probably was.
    trip_id : str or None
        The trip it was taken on.
    labels : tuple of str
        What it shows, surest first, such as `dog`.
    is_favourite : bool
        Whether its owner marked it, by a rating of four or five stars.
    appearing : frozenset of str
        Ids of people who are seen in other frames of a video than its poster.
    is_video : bool
        Whether the picture is a video's poster.
    clip : Clip or None
        What moves: of every video, and of a photo whose other half is a clip.
    lender : Relative or None
        Whose it is, where that is not the library that tells of it; who is in it is then nobody's business there.
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
    place_id: str | None = None
    trip_id: str | None = None
    labels: tuple[str, ...] = ()
    is_favourite: bool = False
    appearing: frozenset[str] = frozenset()
    is_video: bool = False
    clip: Clip | None = None
    lender: Relative | None = None

    @property
    def people(self) -> frozenset[str]:
        """Ids of the people in it."""
        return self.appearing.union(face.person for face in self.faces if face.person is not None)

    @property
    def features(self) -> frozenset[str]:
        """What it is about: `person:ID`, `label:NAME`, `place:ID`."""
        places = [] if self.place_id is None else [f"place:{self.place_id}"]
        people = [f"person:{person}" for person in self.people]
        return frozenset([*people, *(f"label:{label}" for label in self.labels), *places])


@dataclass(frozen=True, slots=True)
class Told:
    """A story of an earlier day.

    Attributes
    ----------
    kind, key : str
        What it was about.
    date : date
        The local day it was told on, last.
    items : frozenset of int
        The items it showed.
    features : mapping of str to float
        What it was about, as `personal.features_of` says it.
    """

    kind: str
    key: str
    date: date
    items: frozenset[int]
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trip:
    """A time away from home.

    Attributes
    ----------
    trip_id : str
        Its id, the same while its photos are.
    first, last : date
        Local days, both included.
    farthest_km : float
        From home.
    places : tuple of (str, str)
        City and country in the order visited; untrusted text.
    """

    trip_id: str
    first: date
    last: date
    farthest_km: float
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the owner named; `faces` is how many of them were found. The name is untrusted text."""

    person_id: str
    name: str
    birth_date: date | None
    faces: int


@dataclass(frozen=True, slots=True)
class Context:
    """One library: what is known of it as a whole, and the photos that a kind asked for.

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
        Of the kind's window, in any order; none while the kind is asked for it.
    days : mapping of date to int
        How many good photos each local day has; days without any are left out.
    told : tuple of Told
        What was told on the days before, most recent first, as far back as cool-downs reach.
    trips : tuple of Trip
        Oldest first.
    people : tuple of Person
        Named ones that are not hidden, most faces first.
    relatives : tuple of Relative
        Libraries whose owners consent to stories together, as this one's does.
    """

    library_id: int
    library_name: str
    home_zone: str
    locale: str
    photos: tuple[Photo, ...] = ()
    days: Mapping[date, int] = field(default_factory=dict)
    told: tuple[Told, ...] = ()
    trips: tuple[Trip, ...] = ()
    people: tuple[Person, ...] = ()
    relatives: tuple[Relative, ...] = ()

    def last_told(self, kind: str, key: str) -> date | None:
        """The last earlier day that a story was told on; None if it never was."""
        return next((told.date for told in self.told if (told.kind, told.key) == (kind, key)), None)
