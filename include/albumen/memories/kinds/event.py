"""Event: a day of the past that stands out from the days around it.

Of all days that do, one is told: one that was not told for long, and every day another.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
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
AROUND, DAY = timedelta(days=90), timedelta(days=1)
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
    """The days with many more good photos than the days with photos around them have, ascending.

    The counts of the days around move along with the day, in order, so that a long life costs no more a day than a
    short one.
    """
    ordered, around, found = sorted(days.items()), list[int](), []
    first = last = 0
    for day, good in ordered:
        while last < len(ordered) and ordered[last][0] - day <= AROUND:
            insort(around, ordered[last][1])
            last += 1
        while day - ordered[first][0] > AROUND:
            del around[bisect_left(around, ordered[first][1])]
            first += 1
        if good >= LEAST_PHOTOS and good >= TIMES_USUAL * _median_of_others(around, good):
            found.append(day)
    return found


def _median_of_others(ordered: Sequence[int], own: int) -> float:
    """The median of ascending counts, one of them left out that equals `own`; 0 without others."""
    at, others = bisect_left(ordered, own), len(ordered) - 1
    middle = [ordered[n + (n >= at)] for n in ((others - 1) // 2, others // 2)] if others else [0]
    return sum(middle) / len(middle)


def usual(days: Mapping[date, int], day: date) -> float:
    """The median of the good photos of the other days with any, at most `AROUND` away; 0 without any."""
    counts = [days[other] for n in range(-AROUND.days, AROUND.days + 1) if n and (other := day + n * DAY) in days]
    return float(median(counts)) if counts else 0.0


def part_of_day(photo: Photo) -> str:
    """`the morning`, …: what part of its local day a photo is from."""
    hours = [hour for hour, _ in PARTS]
    return PARTS[bisect_left(hours, photo.taken_local.hour + 1) % len(PARTS)][1]
