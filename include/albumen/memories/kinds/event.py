"""Event: a day of the past that stands out from the days around it.

Of all days that do, one is told: one that was not told for long, and every day another.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import median

from albumen.memories.context import Context, Photo
from albumen.memories.contract import Candidate, DateRange, MemoryKind, Window
from albumen.memories.curation import Choice, by_camera_first, choose, cover_of, rules_of
from albumen.memories.language import language
from albumen.memories.reasons import told_items
from albumen.memories.titles import counted_pictures, full_day, weekday

# A day stands out with so many good photos at least, and so many times what is usual around it.
LEAST_PHOTOS = 12
TIMES_USUAL = 4
AROUND_DAYS = 90
# Yesterday needs no remembering; a year ago is `on_this_day`.
LEAST_AGE = timedelta(days=28)
AGAIN = timedelta(days=365)
# Days looked into until one of them makes a story: those that stand out only by a burst do not.
TRIED = 3
# Told in parts of the day, so that a long evening does not crowd out the morning.
PARTS = ((5, "the night"), (11, "the morning"), (14, "midday"), (18, "the afternoon"), (23, "the evening"))


class Event(MemoryKind):
    """A day that stands out."""

    name = "event"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """The days whose turn it is."""
        return Window(tuple(DateRange(day, day) for day in sorted(turns(context, date))))

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story, of the first of the days that has enough to tell."""
        for day in turns(context, date):
            of_day = [photo for photo in context.photos if photo.taken_local.date() == day]
            for offered in by_camera_first(of_day):
                choices = choose(offered, lambda _: 0, rules_of(self.settings), seed, group=part_of_day)
                if len(choices) >= self.settings.min_photos:
                    return [self._told(day, choices, max(context.days[day], len(of_day)), context, date)]
        return []

    def title(self, candidate: Candidate, locale: str) -> str:
        """`A day in Arezzo, 14 June 2019`; without a place `Saturday, 14 June 2019`."""
        day = candidate.items[0].photo.taken_local.date()
        places = {item.photo.place for item in candidate.items}
        place = next(iter(places)) if len(places) == 1 else None
        if place is None:
            return f"{weekday(day, locale)}, {full_day(day, locale)}"
        return language(locale).say("A day in %(place)s, %(day)s", place=place, day=full_day(day, locale))

    def _told(self, day: date, choices: Sequence[Choice], offered: int, context: Context, date: date) -> Candidate:
        photos = [choice.photo for choice in choices]
        cover = cover_of(photos)
        times = offered / max(usual(context.days, day), 1.0)
        return Candidate(
            kind=self.name,
            key=f"{self.name}:{day.isoformat()}",
            date=date,
            reason=language(context.locale).say(
                "%(pictures)s of a day with %(taken)s, %(times)s times what is usual",
                pictures=counted_pictures(photos, context.locale),
                taken=offered,
                times=round(times),
            ),
            strength=round(0.35 + 0.1 * min(times / 20, 1) + 0.1 * min(len(photos) / self.settings.max_photos, 1), 3),
            cover=cover,
            items=told_items(choices, cover, part_of_day),
            years=(day.year,),
        )


def turns(context: Context, date: date) -> list[date]:
    """The days to try on `date`, in the order to try them; the same context gives the same."""
    eligible = []
    for day in standing_out(context.days):
        last = context.last_told(Event.name, f"{Event.name}:{day.isoformat()}")
        if date - day >= LEAST_AGE and (last is None or date - last >= AGAIN):
            eligible.append(day)
    name = f"{context.library_id}:{date.isoformat()}"
    return sorted(eligible, key=lambda day: (zlib.crc32(f"{name}:{day.isoformat()}".encode()), day))[:TRIED]


def standing_out(days: Mapping[date, int]) -> list[date]:
    """The days with many more good photos than the days with photos around them have, ascending."""
    many = [(day, good) for day, good in sorted(days.items()) if good >= LEAST_PHOTOS]
    return [day for day, good in many if good >= TIMES_USUAL * usual(days, day)]


def usual(days: Mapping[date, int], day: date) -> float:
    """The median of the good photos of the other days with any, at most `AROUND_DAYS` away; 0 without any."""
    counts = [
        days[other]
        for step in range(-AROUND_DAYS, AROUND_DAYS + 1)
        if step and (other := day + timedelta(days=step)) in days
    ]
    return float(median(counts)) if counts else 0.0


def part_of_day(photo: Photo) -> str:
    """`the morning`, …: what part of its local day a photo is from."""
    hours = [hour for hour, _ in PARTS]
    return PARTS[bisect_left(hours, photo.taken_local.hour + 1) % len(PARTS)][1]
