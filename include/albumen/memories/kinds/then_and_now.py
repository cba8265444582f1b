"""Then and now: somebody, or a place, in two years far apart."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from albumen.memories.context import Context, Person, Photo, Trip
from albumen.memories.contract import Candidate, DateRange, MemoryKind, Window
from albumen.memories.curation import MIN_QUALITY, Choice, choose, cover_of, passes_gate, rules_of, year_of
from albumen.memories.language import language
from albumen.memories.reasons import told_items
from albumen.memories.titles import counted_pictures, year_named

APART_YEARS = 5
# Each of the two years is shown by so many pictures at least, or it is no comparison.
LEAST_OF_A_YEAR = 2
LEAST_FACES = 12
AGAIN = timedelta(days=365)
STRENGTH = 0.5
# Of people and places each, so many are tried a week.
TRIED = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """Who or what is compared: a person, or a city with the first and the last of the trips there."""

    key: str
    name: str
    person: Person | None = None
    trips: tuple[Trip, Trip] | None = None

    def shown_by(self, photo: Photo) -> bool:
        """Whether a photo shows it."""
        if self.person is not None:
            return self.person.person_id in photo.people
        return photo.place == self.name and photo.trip_id in {trip.trip_id for trip in self.trips or ()}


class ThenAndNow(MemoryKind):
    """The same people or the same place, years apart."""

    name = "then_and_now"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """Whose turn it is."""
        found = turns(context, date)
        people = tuple(sorted(f"person:{one.person.person_id}" for one in found if one.person))
        spans = sorted({(trip.first, trip.last) for one in found for trip in one.trips or ()})
        return Window(tuple(DateRange(first, last) for first, last in spans), people)

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story, of the first subject that has pictures of two years far enough apart."""
        for subject in turns(context, date):
            shown = [photo for photo in context.photos if subject.shown_by(photo) and photo.taken_local.date() < date]
            years = compared(shown)
            if years is None:
                continue
            of_both = [photo for photo in shown if photo.taken_local.year in years]
            choices = choose(of_both, lambda _: 0, rules_of(self.settings), seed, group=year_of)
            if len(choices) >= self.settings.min_photos and min(_of_years(choices, years)) >= LEAST_OF_A_YEAR:
                return [self._told(subject, choices, years, context, date)]
        return []

    def title(self, candidate: Candidate, locale: str) -> str:
        """`Then and now: Ann, 2009 and 2024`."""
        years = _both(candidate.years, locale)
        return language(locale).say("Then and now: %(subject)s, %(years)s", subject=candidate.about, years=years)

    def _told(
        self, subject: Subject, choices: Sequence[Choice], years: tuple[int, int], context: Context, date: date
    ) -> Candidate:
        photos = [choice.photo for choice in choices]
        cover = cover_of([photo for photo in photos if photo.taken_local.year == years[-1]])
        return Candidate(
            kind=self.name,
            key=f"{self.name}:{subject.key}",
            date=date,
            reason=language(context.locale).say(
                "%(pictures)s of %(name)s from %(years)s",
                pictures=counted_pictures(photos, context.locale),
                name=subject.name,
                years=_both(years, context.locale),
            ),
            strength=round(STRENGTH + 0.01 * min(years[1] - years[0], 20), 3),
            cover=cover,
            items=told_items(choices, cover, lambda photo: str(photo.taken_local.year)),
            years=years,
            about=subject.name,
        )


def compared(photos: Sequence[Photo]) -> tuple[int, int] | None:
    """The first and the last year with enough good photos; None where they are not far enough apart."""
    counts: dict[int, int] = defaultdict(int)
    for photo in photos:
        counts[photo.taken_local.year] += passes_gate(photo, MIN_QUALITY)
    enough = sorted(year for year, count in counts.items() if count >= LEAST_OF_A_YEAR)
    return (enough[0], enough[-1]) if enough and enough[-1] - enough[0] >= APART_YEARS else None


def turns(context: Context, date: date) -> list[Subject]:
    """Who and what to try in the week of a day, in the order to try them; the same context gives the same."""
    week = f"{context.library_id}:{date.toordinal() // 7}"

    def rested(subjects: Sequence[Subject]) -> list[Subject]:
        found = []
        for one in subjects:
            last = context.last_told(ThenAndNow.name, f"{ThenAndNow.name}:{one.key}")
            if last is None or date - last >= AGAIN:
                found.append(one)
        return sorted(found, key=lambda one: (zlib.crc32(f"{week}:{one.key}".encode()), one.key))[:TRIED]

    people = [Subject(one.person_id, one.name, person=one) for one in context.people if one.faces >= LEAST_FACES]
    found = [*rested(people), *rested(_cities(context, date))]
    return sorted(found, key=lambda one: (zlib.crc32(f"{week}:{one.key}:".encode()), one.key))


def _cities(context: Context, date: date) -> list[Subject]:
    """The cities that were visited in years far apart."""
    visits: dict[tuple[str, str], list[Trip]] = defaultdict(list)
    for trip in context.trips:
        for place in dict.fromkeys(trip.places):
            if trip.last < date:
                visits[place].append(trip)
    return [
        Subject(f"{country}:{city}", city, trips=(trips[0], trips[-1]))
        for (city, country), trips in visits.items()
        if trips[-1].first.year - trips[0].first.year >= APART_YEARS
    ]


def _of_years(choices: Sequence[Choice], years: Sequence[int]) -> list[int]:
    return [sum(choice.photo.taken_local.year == year for choice in choices) for year in years]


def _both(years: Sequence[int], locale: str) -> str:
    first, last = (year_named(year, locale) for year in years)
    return language(locale).say("%(first)s and %(last)s", first=first, last=last)
