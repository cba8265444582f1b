"""What a library knows, gathered once a day of stories: a few bounded queries, then plain values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from albumen.catalog import (
    days,
    highlights,
    libraries,
    memories,
    memory_context,
    memory_signals,
    models_in_use,
    people,
    places,
    suppressions,
    trips,
)
from albumen.catalog.libraries import FAMILY, Library
from albumen.memories.context import Clip, Context, FaceBox, Person, Photo, Relative, Told, Trip
from albumen.memories.contract import DateRange, MemoryKind, Window
from albumen.memories.hiding import Hidden, hidden
from albumen.memories.personal import CIRCLE_DAYS, Signal, Taste, learn
from albumen.settings import MemorySettings

# As far back as any kind looks at what was told.
TOLD_DAYS = 400
FAVOURITE_STARS = 4
# Pictures that one kind is given to choose a story of twenty from.
OF_A_WINDOW = 400
# Older signals have faded, and taste is learnt anew every day.
MOST_SIGNALS = 2000
# Who is close is among those with the most faces.
MOST_CLOSE = 40
# Libraries of a family that are looked into for one of them.
MOST_RELATIVES = 8


def outline(connection: Connection, library: Library, day: date) -> Context:
    """What is known of the library as a whole; it has no photos yet."""
    told = memories.told(connection, library.library_id, since=day - timedelta(days=TOLD_DAYS), before=day)
    return Context(
        library_id=library.library_id,
        library_name=library.name,
        home_zone=library.home_zone,
        locale=library.locale,
        days={taken: good for taken, good in days.counts(connection, library.library_id).items() if good},
        trips=_trips(connection, library.library_id),
        people=_people(connection, library.library_id),
        told=tuple(Told(story.kind, story.key, story.told_on, story.items, story.features) for story in told),
    )


def relatives(connection: Connection, library: Library, settings: MemorySettings) -> tuple[Relative, ...]:
    """The libraries that consent to stories together, as this one has to; days that their owners hid are left out."""
    if FAMILY not in library.consents:
        return ()
    found = []
    others = [one for one in libraries.everyone(connection) if FAMILY in one.consents and one != library]
    for other in others[:MOST_RELATIVES]:
        unseen = hidden_of(connection, other.library_id, settings)
        if FAMILY in unseen.kinds:
            continue
        counted = days.counts(connection, other.library_id).items()
        shown = {taken: good for taken, good in counted if good and not unseen.hides_day(taken)}
        found.append(Relative(other.library_id, other.name, shown))
    return tuple(found)


def _lent(
    connection: Connection, lender: Relative, window: Window, unseen: Hidden, scene_model: str, settings: MemorySettings
) -> list[Photo]:
    """What a relative shows of the days of a window, without anybody's names."""
    spans = shared(sorted(lender.days), window)
    rows = memory_context.photos(connection, lender.library_id, spans, scene_model=scene_model)
    theirs = hidden_of(connection, lender.library_id, settings)
    shown = [photo for photo in map(photo_of, rows) if not theirs.hides(photo)]
    return [lent for photo in shown if not unseen.hides(lent := _nameless(photo, lender))]


def _nameless(photo: Photo, lender: Relative) -> Photo:
    faces = tuple(replace(face, person=None) for face in photo.faces)
    lender = Relative(lender.library_id, lender.name)
    return replace(photo, faces=faces, appearing=frozenset(), trip_id=None, is_favourite=False, lender=lender)


def _trips(connection: Connection, library_id: int) -> tuple[Trip, ...]:
    named = places.everyone(connection, library_id)
    found = []
    for trip in trips.everyone(connection, library_id):
        seen = [named[place_id] for place_id in trip.place_ids if place_id in named]
        spots = tuple((place.city or place.region or place.country, place.country) for place in seen)
        found.append(Trip(trip.trip_id, trip.first_day, trip.last_day, trip.farthest_km, spots))
    return tuple(found)


def _people(connection: Connection, library_id: int) -> tuple[Person, ...]:
    every = people.everyone(connection, library_id)
    return tuple(Person(one.person_id, one.name, one.birth_date, one.faces) for one in every if one.name)


def hidden_of(connection: Connection, library_id: int, settings: MemorySettings) -> Hidden:
    """What is hidden in a library."""
    every = suppressions.of_library(connection, library_id)
    likes = [each.item_id for each in every if each.kind == "like" and each.item_id is not None]
    hashes = suppressions.hashes(connection, library_id, likes) if likes else {}
    people = suppressions.hidden_people(connection, library_id)
    return hidden(every, hashes, people, muted_days=settings.muted_days)


def gather(
    connection: Connection, library: Library, day: date, kinds: Iterable[MemoryKind], settings: MemorySettings
) -> Mapping[str, Context]:
    """The context of every kind that is not hidden, with the photos of its window; what several see is read once.

    Nothing that is hidden is in it.

    Parameters
    ----------
    connection : Connection
        Of the catalog.
    library : Library
        Whose photos.
    day : date
        The local day to tell of.
    kinds : iterable of MemoryKind
        Who is to tell.
    settings : MemorySettings
        How far hidden days reach.

    Returns
    -------
    mapping of str to Context
        By the kind's name.
    """
    unseen = hidden_of(connection, library.library_id, settings)
    whole = outline(connection, library, day)
    shown = {taken: good for taken, good in whole.days.items() if not unseen.hides_day(taken)}
    away = tuple(trip for trip in whole.trips if not (unseen.hides_day(trip.first) or unseen.hides_day(trip.last)))
    named = tuple(person for person in whole.people if person.person_id not in unseen.people)
    family = relatives(connection, library, settings)
    whole = replace(whole, days=shown, trips=away, people=named, relatives=family)
    windows = {kind.name: kind.window(whole, day) for kind in kinds if kind.name not in unseen.kinds}
    known = sorted(shown)
    spans = sorted({span for window in windows.values() for span in shared(known, window)})
    scene_model = models_in_use.model_ids(connection)[models_in_use.SCENE]
    wanted = sorted({feature for window in windows.values() for feature in window.features})
    rows = memory_context.photos(connection, library.library_id, spans, features=wanted, scene_model=scene_model)
    seen = [photo for photo in map(photo_of, rows) if not unseen.hides(photo)]
    found = {}
    for name, window in windows.items():
        lenders = family if window.with_relatives and window.ranges else ()
        lent = [_lent(connection, each, window, unseen, scene_model, settings) for each in lenders]
        found[name] = replace(whole, photos=(*inside(seen, window), *chain.from_iterable(lent)))
    return found


def taste_of(connection: Connection, library: Library, context: Context, day: date) -> Taste:
    """What the owner of a library likes; nothing where the library's stories are not to be personal."""
    if not library.personal:
        return Taste()
    library_id, zone = library.library_id, ZoneInfo(library.home_zone)
    model_id = models_in_use.model_ids(connection)[models_in_use.SCENE]
    signals = memory_signals.recent(connection, library_id, most=MOST_SIGNALS)
    return learn(
        [Signal(one.signal, one.at.astimezone(zone).date(), one.features) for one in signals],
        [told.features for told in context.told if told.features],
        day,
        favourites=memory_signals.favourites(connection, library_id, model_id=model_id, most=MOST_SIGNALS),
        pinned=memory_signals.pins(connection, library_id),
        seen=_seen(connection, library_id, context, day),
    )


def shared(known: list[date], window: Window) -> list[tuple[date, date, int]]:
    """The ranges of a window that have photos, each with how many of a day: together no more than a kind needs.

    Parameters
    ----------
    known : list of date
        The days with photos, ascending.
    window : Window
        Of one kind.
    """
    counted = [(each, days) for each in window.ranges if (days := days_within(known, each))]
    return [(each.first, each.last, max(OF_A_WINDOW // len(counted) // days, 1)) for each, days in counted]


def _seen(connection: Connection, library_id: int, context: Context, day: date) -> dict[str, int]:
    people = {f"person:{person.person_id}": person.person_id for person in context.people[:MOST_CLOSE]}
    since = day - timedelta(days=CIRCLE_DAYS)
    found = highlights.days_seen(connection, library_id, list(people), since=since, before=day)
    return {people[feature]: days for feature, days in found.items()}


def united(ranges: Iterable[DateRange]) -> list[DateRange]:
    """Date ranges without overlap that cover the same days, in time order."""
    found: list[DateRange] = []
    for each in sorted(ranges, key=lambda each: (each.first, each.last)):
        if found and each.first <= found[-1].last + timedelta(days=1):
            found[-1] = DateRange(found[-1].first, max(found[-1].last, each.last))
        else:
            found.append(each)
    return found


def days_within(known: list[date], span: DateRange) -> int:
    """How many of some days, ascending, lie in a range."""
    return bisect_right(known, span.last) - bisect_left(known, span.first)


def inside(photos: list[Photo], window: Window) -> tuple[Photo, ...]:
    """The photos of a window."""
    ranges = united(window.ranges)
    firsts, wanted = [each.first for each in ranges], frozenset(window.features)
    found = []
    for photo in photos:
        taken = photo.taken_local.date()
        at = bisect_right(firsts, taken) - 1
        if (at >= 0 and taken <= ranges[at].last) or (wanted and not wanted.isdisjoint(photo.features)):
            found.append(photo)
    return tuple(found)


def photo_of(row: Mapping[str, Any]) -> Photo:
    """A photo as memories see it, from a row of `memory_context.photos`."""
    stars = row["rating"]
    return Photo(
        item_id=row["item_id"],
        key=row["key"],
        taken_local=row["taken_local"],
        taken_confidence=row["taken_confidence"],
        width=row["width"] or row["preview_width"],
        height=row["height"] or row["preview_height"],
        gps=None if row["gps_lat"] is None else (row["gps_lat"], row["gps_lon"]),
        quality=row["quality"],
        quality_reasons=tuple(row["quality_reasons"]),
        phash=row["phash"],
        faces=tuple(FaceBox(*box) for box in row["boxes"] or ()),
        camera=row["camera"],
        preview_key=row["preview_key"],
        thumb_key=row["thumb_key"],
        thumbhash=row["thumbhash"],
        dominant=row["dominant"],
        place=row["place"],
        place_id=row["place_id"],
        trip_id=row["trip_id"],
        labels=tuple(row["labels"]),
        is_favourite=isinstance(stars, int) and stars >= FAVOURITE_STARS,
        appearing=frozenset(row["appearing"] or ()),
        is_video=row["kind"] == "video",
        clip=None if row["clip_id"] is None else _clip_of(row),
    )


def _clip_of(row: Mapping[str, Any]) -> Clip:
    return Clip(row["duration_s"], row["hover_key"], row["hover_bytes"] or 0, row["proxy_key"])
