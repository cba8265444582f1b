"""Person: somebody whom the owner named, over the years.

Each week it is somebody else's turn; on a birthday it is theirs, see `birthday`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, timedelta

from albumen.memories.context import Context, Person, Photo
from albumen.memories.contract import Candidate, MemoryKind, Window
from albumen.memories.curation import Choice, choose, cover_of, rules_of, year_of
from albumen.memories.language import language
from albumen.memories.reasons import told_items
from albumen.memories.titles import counted_pictures, year_named, years_listed

LEAST_FACES = 12
AGAIN = timedelta(days=120)
STRENGTH = 0.5


class PersonKind(MemoryKind):
    """Somebody over the years."""

    name = "person"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """Whoever has their turn."""
        person = turn(context, date)
        return Window(features=(f"person:{person.person_id}",) if person else ())

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story, if there is enough of them."""
        person = turn(context, date)
        if person is None:
            return []
        choices = of_person(self, context, person, date, seed)
        if not choices:
            return []
        photos = [choice.photo for choice in choices]
        years = tuple(sorted({photo.taken_local.year for photo in photos}))
        cover = cover_of(photos)
        return [
            Candidate(
                kind=self.name,
                key=f"{self.name}:{person.person_id}",
                date=date,
                reason=of_them(person.name, photos, years, context.locale),
                strength=round(STRENGTH + 0.02 * min(len(years), 10), 3),
                cover=cover,
                items=told_items(choices, cover, lambda photo: str(photo.taken_local.year)),
                years=years,
                about=person.name,
            )
        ]

    def title(self, candidate: Candidate, locale: str) -> str:
        """`Ann over the years`, or `Ann in 2019`."""
        if len(candidate.years) > 1:
            return language(locale).say("%(name)s over the years", name=candidate.about)
        year = year_named(candidate.years[0], locale)
        return language(locale).say("%(name)s in %(year)s", name=candidate.about, year=year)


def of_person(kind: MemoryKind, context: Context, person: Person, date: date, seed: int) -> Sequence[Choice]:
    """What to show of a person up to a day, every year once before any twice; nothing where that is too little."""
    theirs = [photo for photo in context.photos if person.person_id in photo.people and photo.taken_local.date() < date]
    choices = choose(theirs, lambda _: 0, rules_of(kind.settings), seed, group=year_of)
    return choices if len(choices) >= kind.settings.min_photos else []


def of_them(name: str, photos: Sequence[Photo], years: Sequence[int], locale: str) -> str:
    """`12 photos of Ann from 2019, 2021 and 2023`."""
    words = {"pictures": counted_pictures(photos, locale), "name": name, "years": years_listed(years, locale)}
    return language(locale).say("%(pictures)s of %(name)s from %(years)s", **words)


def turn(context: Context, date: date) -> Person | None:
    """Whose turn it is in the week of a day; the same context gives the same."""
    eligible = []
    for person in context.people:
        last = context.last_told(PersonKind.name, f"{PersonKind.name}:{person.person_id}")
        if person.faces >= LEAST_FACES and (last is None or date - last >= AGAIN):
            eligible.append(person)
    week = f"{context.library_id}:{date.toordinal() // 7}"
    return min(eligible, key=lambda one: (zlib.crc32(f"{week}:{one.person_id}".encode()), one.person_id), default=None)
