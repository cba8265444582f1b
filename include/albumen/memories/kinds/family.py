"""Family: a day that two libraries saw together, told with the pictures of both.

Only where the owners of both consent; what either of them hid is in neither story.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from math import cos, radians

from albumen.memories.context import Context, Photo
from albumen.memories.contract import Candidate, DateRange, MemoryKind, Window
from albumen.memories.curation import Choice, by_camera_first, choose, cover_of, rules_of
from albumen.memories.kinds.trip import mostly
from albumen.memories.language import language
from albumen.memories.reasons import told_items
from albumen.memories.titles import counted_pictures, full_day, listed
from albumen.memories.turns import Past, Strengths
from albumen.memories.turns import turns as whose_turn

# Of a day, of each library: fewer are chance.
LEAST_PHOTOS = 3
STRENGTHS = Strengths(fresh=0.85, anniversary=0.7, any_day=0.45)
TRIED = 3
# Who was so near one another was at the same place.
TOGETHER_KM = 2.0
KM_A_DEGREE = 111.2
# Pictures of a day that are held against one another.
COMPARED = 60


class Family(MemoryKind):
    """A day together."""

    name = "family"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """The days whose turn it is, in all libraries of the family."""
        ranges = tuple(DateRange(day, day) for day, _ in sorted(turns(context, date)))
        return Window(ranges, with_relatives=True)

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story, of the first of the days on which somebody of the family was at the same place."""
        for day, strength in turns(context, date):
            taken = [photo for photo in context.photos if photo.taken_local.date() == day]
            together = met(taken)
            for offered in by_camera_first(together):
                choices = choose(offered, lambda _: 0, rules_of(self.settings), seed, group=whose(context))
                lent = {choice.photo.lender for choice in choices if choice.photo.lender}
                own = sum(choice.photo.lender is None for choice in choices)
                if len(choices) >= self.settings.min_photos and lent and own:
                    return [self._told(day, choices, strength, context, date)]
        return []

    def title(self, candidate: Candidate, locale: str) -> str:
        """`Together in Arezzo, 14 June 2019`; where no place has most of it, `Together, 14 June 2019`."""
        photos = [item.photo for item in candidate.items]
        day, place = full_day(photos[0].taken_local.date(), locale), mostly(photos)
        if place is None:
            return language(locale).say("Together, %(day)s", day=day)
        return language(locale).say("Together in %(place)s, %(day)s", place=place, day=day)

    def _told(self, day: date, choices: Sequence[Choice], strength: float, context: Context, date: date) -> Candidate:
        photos = [choice.photo for choice in choices]
        lent = [photo for photo in photos if photo.lender]
        cover, names = cover_of(photos), sorted({photo.lender.name for photo in lent if photo.lender})
        words = {"pictures": counted_pictures(photos, context.locale), "names": listed(names, context.locale)}
        return Candidate(
            kind=self.name,
            key=f"{self.name}:{day.isoformat()}",
            date=date,
            reason=language(context.locale).say(
                "%(pictures)s of one day, %(lent)s of them from %(names)s", lent=len(lent), **words
            ),
            strength=strength,
            cover=cover,
            items=told_items(choices, cover, whose(context)),
            years=(day.year,),
        )


def turns(context: Context, date: date) -> list[tuple[date, float]]:
    """The days to try on a day with how strong the occasion is, strongest first."""
    every = [Past(day.isoformat(), day, day) for day in shared_days(context)]
    found = whose_turn(context, Family.name, date, every, STRENGTHS, tried=TRIED)
    return [(past.first, strength) for past, strength in found]


def shared_days(context: Context) -> list[date]:
    """The days on which the library and a relative took some good photos each, ascending."""
    own = {day for day, good in context.days.items() if good >= LEAST_PHOTOS}
    return sorted(
        {day for each in context.relatives for day, good in each.days.items() if good >= LEAST_PHOTOS and day in own}
    )


def met(taken: Sequence[Photo]) -> list[Photo]:
    """The library's own photos of a day, and those of the relatives who were at the same place; none without any."""
    own = [photo for photo in taken if photo.lender is None]
    found = []
    for lender in dict.fromkeys(photo.lender for photo in taken if photo.lender):
        theirs = [photo for photo in taken if photo.lender == lender]
        if any(near(one, other) for one in own[:COMPARED] for other in theirs[:COMPARED]):
            found += theirs
    return sorted([*own, *found], key=lambda photo: (photo.taken_local, photo.item_id)) if found else []


def near(one: Photo, other: Photo) -> bool:
    """Whether two photos were taken at one place: near one another, or where one has no position by its name."""
    if one.gps is None or other.gps is None:
        return one.place_id is not None and one.place_id == other.place_id
    north = (one.gps[0] - other.gps[0]) * KM_A_DEGREE
    around = abs(one.gps[1] - other.gps[1]) % 360
    east = min(around, 360 - around) * KM_A_DEGREE * cos(radians(one.gps[0]))
    return north**2 + east**2 <= TOGETHER_KM**2


def whose(context: Context) -> Callable[[Photo], str]:
    """The name of the library that a photo is from, as a part of a story."""
    return lambda photo: photo.lender.name if photo.lender else context.library_name
