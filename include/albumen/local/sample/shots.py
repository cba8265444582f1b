"""From the planted timeline to the files that are made of the packages' pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Literal

from albumen.local.sample import story
from albumen.local.sample.pictures import Member
from albumen.local.sample.story import anniversary, city_start, trip_start

Treatment = Literal["copy", "reframe", "jpeg", "messenger"]


@dataclass(frozen=True, slots=True)
class Shot:
    """One file that is made of a package's picture.

    Attributes
    ----------
    path : str
        Where it goes below the library's folder.
    picture : str
        Name of the member it is made of.
    role : str
        What it is planted for.
    taken : datetime or None
        Naive local time; None where the file says nothing of it.
    taken_is : str or None
        `own` when the picture's EXIF already said so, `assigned` when we write it.
    gps : tuple of float or None
        Latitude and longitude that we write, degrees.
    treatment : str
        `copy` leaves the pixels as they are; `reframe` crops by at most 2 % and re-encodes;
        `jpeg` re-encodes; `messenger` shrinks, re-encodes and drops all metadata.
    frame : int
        Which reframing, from 0.
    camera : tuple of str or None
        Make and model that we write.
    offset : bool
        Whether the UTC offset is written too.
    note : str
        What there is to know of it.
    """

    path: str
    picture: str
    role: str
    taken: datetime | None
    taken_is: str | None
    gps: tuple[float, float] | None
    treatment: Treatment = "copy"
    frame: int = 0
    camera: tuple[str, str] | None = None
    offset: bool = True
    note: str = ""


def plan_shots(as_of: date, available: Mapping[str, Member]) -> list[Shot]:
    """Every file that is made of a package's picture.

    Parameters
    ----------
    as_of : date
        The day the library is looked at.
    available : mapping of name to Member
        The pictures at hand.

    Returns
    -------
    list of Shot
        In a fixed order; no two have the same path.
    """
    plan = _Plan(as_of, available)
    for years, clock, pictures, place in story.ON_THIS_DAY:
        plan.take(pictures, "on_this_day", anniversary(as_of, years), clock, place)
    for day, clock, pictures, spot, frames in story.TRIP:
        taken = trip_start(as_of) + timedelta(days=day)
        folder = f"{taken.year}/Vacaciones en Picos de Europa"
        plan.take(pictures, "trip" if frames == 1 else "trip_burst", taken, clock, spot, frames=frames, folder=folder)
    for day, clock, pictures, place in story.CITY:
        taken = city_start(as_of) + timedelta(days=day)
        plan.take(pictures, "city_weekend", taken, clock, place, folder=f"{taken.year}/Bilbao, fin de semana 🌉")
    for days, clock, picture, spot, role, frames in story.HOME:
        plan.take((picture,), role, as_of - timedelta(days=days), clock, spot, frames=frames)
    return [*plan.shots, *_own_dated(available), *_relatives(as_of, plan.shots)]


class _Plan:
    """Fills the rows of the timeline, using each picture once."""

    def __init__(self, as_of: date, available: Mapping[str, Member]) -> None:
        self.as_of = as_of
        self.available = available
        self.used: set[str] = set()
        self.shots: list[Shot] = []

    def take(
        self,
        pictures: tuple[str, ...],
        role: str,
        day: date,
        clock: str,
        place: str | None,
        *,
        frames: int = 1,
        folder: str | None = None,
    ) -> None:
        picture = next((name for name in pictures if name in self.available and name not in self.used), None)
        if picture is None:
            return
        self.used.add(picture)
        start = datetime.combine(day, time.fromisoformat(clock))
        for frame in range(frames):
            treatment: Treatment = "reframe" if frames > 1 else "jpeg" if picture in story.OWN_EXTENSION else "copy"
            taken = start + timedelta(seconds=frame)
            member = PurePosixPath(self.available[picture].member)
            suffix = ".jpg" if treatment != "copy" else member.suffix.lower()
            name = f"{'VID' if suffix == '.mp4' else 'IMG'}_{taken:%Y%m%d_%H%M%S}{suffix}"
            path = f"{folder or f'{taken:%Y}/{taken:%Y-%m}'}/{name}"
            keeps_camera = treatment == "copy" and (picture in story.OWN_CAMERA or suffix == ".mp4")
            phone = story.PHONES[(self.as_of - day).days < 1000]
            self.shots.append(
                Shot(
                    path,
                    picture,
                    role,
                    taken,
                    "assigned",
                    _scattered(place, path),
                    treatment,
                    frame,
                    None if keeps_camera else phone,
                    offset=place is not None,
                    note="" if keeps_camera else "camera assigned",
                )
            )


def _own_dated(available: Mapping[str, Member]) -> list[Shot]:
    return [
        Shot(path, picture, role, _own_taken(available[picture]), "own", None, note=note)
        for path, picture, role, note in story.OWN_DATES
    ]


def _own_taken(member: Member) -> datetime | None:
    return datetime.fromisoformat(member.own_taken) if member.own_taken else None


def _relatives(as_of: date, shots: list[Shot]) -> list[Shot]:
    """Copies, crops and pictures whose date is planted to tempt a story."""
    by_picture = {shot.picture: shot for shot in shots}
    relatives = []
    for picture, number in story.MESSENGER:
        sent = by_picture[picture].taken
        path = f"WhatsApp/IMG-{sent:%Y%m%d}-WA{number:04d}.jpg"
        note = f"recompressed copy of {by_picture[picture].path}; date in the file name only"
        relatives.append(Shot(path, picture, "messenger_copy", None, None, None, "messenger", note=note))
    twin = by_picture[story.DUPLICATE]
    copy = f"Copia de seguridad/#1 (100%)/{PurePosixPath(twin.path).name}"
    relatives.append(replace(twin, path=copy, role="duplicate", note=f"the same bytes as {twin.path}"))
    cartoon = as_of - timedelta(days=145)
    relatives += [
        Shot(
            f"WhatsApp/VID-{cartoon:%Y%m%d}-WA0001.mp4",
            "clip_cartoon",
            "messenger_clip",
            None,
            None,
            None,
            note="a cartoon somebody sent; date in the file name only",
        ),
        Shot(
            "Descargas/render salón + lámpara.jpg",
            "render_room",
            "never_in_story",
            datetime.combine(anniversary(as_of, 2), time(15, 0)),
            "assigned",
            None,
            offset=False,
            note="a 3-D render, dated on an anniversary",
        ),
        Shot(
            "Scans/Retratos/2009 discurso.png",
            "man_2009_png",
            "person",
            datetime(2009, 9, 9, 20, 27, 9),
            "assigned",
            None,
            note="date in the XMP sidecar only; the same picture as the JPEG",
        ),
    ]
    crop_taken = datetime(2012, 12, 6, 15, 46, 1)
    for side in ("left", "right"):
        path = f"Scans/Retratos/recorte & {'izquierdo' if side == 'left' else 'derecho'}.jpg"
        relatives.append(
            Shot(
                path,
                f"man_2012_{side}",
                "person",
                crop_taken,
                "assigned",
                None,
                offset=False,
                note="a crop of the 2012 portrait",
            )
        )
    return relatives


def _scattered(place: str | None, path: str) -> tuple[float, float] | None:
    """The place, moved by up to about 150 m, the same way every time."""
    if place is None:
        return None
    latitude, longitude = story.PLACES[place]
    digest = hashlib.sha256(PurePosixPath(path).name.encode()).digest()
    north, east = ((byte - 127.5) / 127.5 * 0.0013 for byte in digest[:2])
    return round(latitude + north, 6), round(longitude + east, 6)
