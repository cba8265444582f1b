"""Place: where the owner went back to, time after time."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from albumen.memories.context import Context, Trip
from albumen.memories.contract import Candidate, DateRange, MemoryKind, Window
from albumen.memories.curation import by_camera_first, choose, cover_of, rules_of
from albumen.memories.language import language
from albumen.memories.reasons import told_items
from albumen.memories.titles import counted_pictures, years_listed, years_spanned

LEAST_TRIPS = 3
LEAST_YEARS = 2
AGAIN = timedelta(days=365)
STRENGTH = 0.45


class PlaceKind(MemoryKind):
    """A place returned to."""

    name = "place"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """The days of the trips that led there."""
        found = turn(context, date)
        spans = sorted((trip.first, trip.last) for trip in found[1]) if found else []
        return Window(tuple(DateRange(first, last) for first, last in spans))

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story, if it has photos of enough of the times."""
        found = turn(context, date)
        if found is None:
            return []
        (city, country), trips = found
        ids = {trip.trip_id for trip in trips}
        there = [photo for photo in context.photos if photo.trip_id in ids and photo.place == city]
        for offered in by_camera_first(there):
            choices = choose(offered, lambda _: 0, rules_of(self.settings), seed, group=lambda photo: photo.trip_id)
            photos = [choice.photo for choice in choices]
            times = len({photo.trip_id for photo in photos})
            if len(photos) < self.settings.min_photos or times < LEAST_TRIPS:
                continue
            years = tuple(sorted({photo.taken_local.year for photo in photos}))
            cover = cover_of(photos)
            return [
                Candidate(
                    kind=self.name,
                    key=f"{self.name}:{country}:{city}",
                    date=date,
                    reason=language(context.locale).count(
                        "%(pictures)s of %(count)s time in %(place)s, in %(years)s",
                        "%(pictures)s of %(count)s times in %(place)s, in %(years)s",
                        times,
                        pictures=counted_pictures(photos, context.locale),
                        place=city,
                        years=years_listed(years, context.locale),
                    ),
                    strength=STRENGTH,
                    cover=cover,
                    items=told_items(choices, cover, lambda photo: str(photo.taken_local.year)),
                    years=years,
                    about=city,
                )
            ]
        return []

    def title(self, candidate: Candidate, locale: str) -> str:
        """`Back in Višnjan, 2016 to 2023`."""
        years = years_spanned(candidate.years, locale)
        return language(locale).say("Back in %(place)s, %(years)s", place=candidate.about, years=years)


def turn(context: Context, date: date) -> tuple[tuple[str, str], Sequence[Trip]] | None:
    """The city and country whose turn it is, with the trips there; the same context gives the same."""
    visits: dict[tuple[str, str], list[Trip]] = defaultdict(list)
    for trip in context.trips:
        for place in dict.fromkeys(trip.places):
            if trip.last < date:
                visits[place].append(trip)
    eligible = []
    for (city, country), trips in visits.items():
        last = context.last_told(PlaceKind.name, f"{PlaceKind.name}:{country}:{city}")
        enough = len(trips) >= LEAST_TRIPS and len({trip.first.year for trip in trips}) >= LEAST_YEARS
        if enough and (last is None or date - last >= AGAIN):
            eligible.append((city, country))
    week = f"{context.library_id}:{date.toordinal() // 7}"
    chosen = min(eligible, key=lambda one: (zlib.crc32(f"{week}:{one}".encode()), one), default=None)
    return None if chosen is None else (chosen, visits[chosen])
