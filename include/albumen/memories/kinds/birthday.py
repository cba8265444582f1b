"""Birthday: somebody whose date of birth the owner gave, on the day, with a picture of every year."""

from __future__ import annotations

from datetime import date

from albumen.memories.anniversary import same_days
from albumen.memories.context import Context, Person
from albumen.memories.contract import Candidate, MemoryKind, Window
from albumen.memories.curation import cover_of
from albumen.memories.kinds.person import of_person, of_them
from albumen.memories.language import language
from albumen.memories.reasons import told_items

STRENGTH = 1.0
# Nobody is known to have lived longer.
OLDEST = 122


class Birthday(MemoryKind):
    """Somebody's birthday."""

    name = "birthday"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """Whoever has it."""
        return Window(features=tuple(sorted(f"person:{person.person_id}" for person in celebrated(context, date))))

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story each for whom there is enough."""
        found = []
        for person in celebrated(context, date):
            choices = of_person(self, context, person, date, seed)
            if not choices:
                continue
            photos = [choice.photo for choice in choices]
            years = tuple(sorted({photo.taken_local.year for photo in photos}))
            cover = cover_of(photos)
            found.append(
                Candidate(
                    kind=self.name,
                    key=f"{self.name}:{person.person_id}:{date.year}",
                    date=date,
                    reason=of_them(person.name, photos, years, context.locale),
                    strength=STRENGTH,
                    cover=cover,
                    items=told_items(choices, cover, lambda photo: str(photo.taken_local.year)),
                    years=years,
                    about=f"{person.name} {age(person, date)}",
                )
            )
        return found

    def title(self, candidate: Candidate, locale: str) -> str:
        """`Ann turns 5`."""
        name, _, turns = candidate.about.rpartition(" ")
        return language(locale).count("%(name)s turns %(count)s", "%(name)s turns %(count)s", int(turns), name=name)


def age(person: Person, date: date) -> int:
    """How old a person becomes in the year of a day."""
    return date.year - person.birth_date.year if person.birth_date else 0


def celebrated(context: Context, date: date) -> list[Person]:
    """Whose birthday a local day is; who was born on 29 February has it on the 28th in other years."""
    return [
        person
        for person in context.people
        if person.birth_date is not None
        and date in same_days(person.birth_date, date.year)
        and 0 < age(person, date) <= OLDEST
    ]
