"""Recap: the month, the season or the year that has just ended, in its best pictures.

A month is told on the first day after it, a season on the second, a year on New Year's Day in place
of its last month. Seasons are the meteorological ones of the hemisphere most photos are from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from albumen.memories.context import Context, Photo
from albumen.memories.contract import Candidate, DateRange, MemoryKind, Window
from albumen.memories.curation import Choice, by_camera_first, choose, cover_of, rules_of
from albumen.memories.language import language
from albumen.memories.reasons import told_items
from albumen.memories.titles import (
    counted_days,
    counted_photos,
    counted_pictures,
    month,
    month_year,
    year_named,
)

SEASONS = {2: "winter", 5: "spring", 8: "summer", 11: "autumn"}
TITLES = {
    "winter": "Winter %(years)s",
    "spring": "Spring %(years)s",
    "summer": "Summer %(years)s",
    "autumn": "Autumn %(years)s",
}
REASONS = {
    "month": "%(pictures)s of %(days)s, from %(taken)s of the month that has just ended",
    "season": "%(pictures)s of %(days)s, from %(taken)s of the season that has just ended",
    "year": "%(pictures)s of %(days)s, from %(taken)s of the year that has just ended",
}
OPPOSITE = {"winter": "summer", "summer": "winter", "spring": "autumn", "autumn": "spring"}
# Fewer photos, or fewer days with any, and there was not much to look back on.
LEAST = {"month": (8, 3), "season": (15, 6), "year": (24, 10)}
STRENGTH = {"month": 0.55, "season": 0.6, "year": 0.95}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that is looked back on: `size` is `month`, `season` or `year`."""

    size: str
    first: date
    last: date

    @property
    def key(self) -> str:
        """Such as `recap:month:2025-06`."""
        return f"recap:{self.size}:{self.last.isoformat()[: 4 if self.size == 'year' else 7]}"


class Recap(MemoryKind):
    """The best of the time that has just ended."""

    name = "recap"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """What ended yesterday, or the day before."""
        span = span_of(date)
        return Window((DateRange(span.first, span.last),) if span else ())

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story on a day on which something is looked back on, if there is enough of it."""
        span = span_of(date)
        if span is None:
            return []
        inside = [photo for photo in context.photos if span.first <= photo.taken_local.date() <= span.last]
        for offered in by_camera_first(inside):
            photos, days = LEAST[span.size]
            if len(offered) < photos or len({photo.taken_local.date() for photo in offered}) < days:
                continue
            group = _part_of(span)
            choices = choose(offered, lambda _: 0, rules_of(self.settings), seed, group=group)
            if len(choices) >= self.settings.min_photos:
                taken = sum(good for day, good in context.days.items() if span.first <= day <= span.last)
                return [self._told(span, choices, max(taken, len(inside)), group, context, date)]
        return []

    def title(self, candidate: Candidate, locale: str) -> str:
        """`June 2025`, `Summer 2025`, `Your 2025`."""
        _, size, when = candidate.key.split(":")
        if size == "year":
            return language(locale).say("Your %(year)s", year=year_named(int(when), locale))
        year, number = int(when[:4]), int(when[5:])
        if size == "month":
            return month_year(date(year, number, 1), locale)
        name = season(number, [item.photo for item in candidate.items])
        # A winter belongs to two years, and so does a summer in the south.
        years = f"{year - 1}/{year % 100:02d}" if number == 2 else year_named(year, locale)
        return language(locale).say(TITLES[name], years=years)

    def _told(
        self,
        span: Span,
        choices: Sequence[Choice],
        offered: int,
        group: Callable[[Photo], str],
        context: Context,
        date: date,
    ) -> Candidate:
        photos = [choice.photo for choice in choices]
        cover, locale = cover_of(photos), context.locale
        return Candidate(
            kind=self.name,
            key=span.key,
            date=date,
            reason=language(locale).say(
                REASONS[span.size],
                pictures=counted_pictures(photos, locale),
                days=counted_days(len({photo.taken_local.date() for photo in photos}), locale),
                taken=counted_photos(offered, locale),
            ),
            strength=STRENGTH[span.size],
            cover=cover,
            items=told_items(choices, cover, group),
            years=tuple(sorted({photo.taken_local.year for photo in photos})),
        )


def span_of(day: date) -> Span | None:
    """What is looked back on on a day; None on most days."""
    ended = day.replace(day=1) - timedelta(days=1)
    if (day.month, day.day) == (1, 1):
        return Span("year", date(day.year - 1, 1, 1), ended)
    if day.day == 1:
        return Span("month", ended.replace(day=1), ended)
    if day.day == 2 and ended.month in SEASONS:
        first = ended.replace(day=1)
        for _ in range(2):
            first = (first - timedelta(days=1)).replace(day=1)
        return Span("season", first, ended)
    return None


def season(month: int, photos: Sequence[Photo]) -> str:
    """The season that ends with a month, where most of the photos were taken; without positions, of the north."""
    latitudes = [photo.gps[0] for photo in photos if photo.gps]
    name = SEASONS[month]
    return OPPOSITE[name] if latitudes and median(latitudes) < 0 else name


def _part_of(span: Span) -> Callable[[Photo], str]:
    """How the time is divided, so that no part of it is left out: into months, or weeks of a month."""
    if span.size == "month":
        weeks = ("the first week", "the second week", "the third week", "the fourth week", "the last days")
        return lambda photo: weeks[(photo.taken_local.day - 1) // 7]
    return lambda photo: month(photo.taken_local, "en")
