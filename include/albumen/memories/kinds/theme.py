"""Theme: one sort of thing that the owner photographs again and again, as the scene model names it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from albumen.memories.context import Context, Photo
from albumen.memories.contract import Candidate, MemoryKind, Window
from albumen.memories.curation import Choice, choose, cover_of, rules_of, year_of
from albumen.memories.language import language
from albumen.memories.reasons import told_items
from albumen.memories.titles import counted_days, counted_pictures, years_listed, years_spanned

# Fewer pictures, or fewer days with any, and the model may have been wrong, or it was one occasion.
LEAST_PHOTOS, LEAST_DAYS = 8, 4
# What a picture is about is among the words that the model is surest of.
SUREST = 3
# Yesterday needs no remembering.
LEAST_AGE = timedelta(days=28)
AGAIN = timedelta(days=300)
STRENGTH = 0.4
TRIED = 2


@dataclass(frozen=True, slots=True)
class Theme:
    """What is told of together: `title` is asked of the story's language, `labels` are the scene model's."""

    name: str
    title: str
    labels: tuple[str, ...]

    def shown_by(self, photo: Photo) -> str | None:
        """The label by which a photo belongs to it; None where it does not."""
        return next((label for label in photo.labels[:SUREST] if label in self.labels), None)


THEMES = (
    Theme("food", "Good food, %(years)s", ("food", "dessert")),
    Theme("pets", "Pets, %(years)s", ("dog", "cat", "rabbit")),
    Theme("snow", "Snow, %(years)s", ("snow", "winter sport")),
    Theme("sea", "By the sea, %(years)s", ("coast", "beach")),
    Theme("mountains", "Mountains, %(years)s", ("mountain",)),
    Theme("flowers", "Flowers, %(years)s", ("flower",)),
)
"""Sunsets are missing: the scene models know no class that means them."""


class ThemeKind(MemoryKind):
    """One sort of thing, over the years."""

    name = "theme"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """What shows the themes whose turn it is."""
        labels = {label for theme in turns(context, date) for label in theme.labels}
        return Window(features=tuple(sorted(f"label:{label}" for label in labels)))

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story, of the first of the themes that has enough to tell."""
        for theme in turns(context, date):
            shown = [
                photo
                for photo in context.photos
                if theme.shown_by(photo) and date - photo.taken_local.date() >= LEAST_AGE
            ]
            choices = choose(shown, lambda _: 0, rules_of(self.settings), seed, group=year_of)
            days = {choice.photo.taken_local.date() for choice in choices}
            if len(choices) >= max(LEAST_PHOTOS, self.settings.min_photos) and len(days) >= LEAST_DAYS:
                return [self._told(theme, choices, len(days), context, date)]
        return []

    def title(self, candidate: Candidate, locale: str) -> str:
        """`Pets, 2016 to 2023`."""
        title = next(theme.title for theme in THEMES if theme.name == candidate.about)
        return language(locale).say(title, years=years_spanned(candidate.years, locale))

    def _told(self, theme: Theme, choices: Sequence[Choice], days: int, context: Context, date: date) -> Candidate:
        photos, locale = [choice.photo for choice in choices], context.locale
        years = tuple(sorted({photo.taken_local.year for photo in photos}))
        cover = cover_of(photos)
        return Candidate(
            kind=self.name,
            key=f"{self.name}:{theme.name}",
            date=date,
            reason=language(locale).say(
                "%(pictures)s of %(days)s, from %(years)s",
                pictures=counted_pictures(photos, locale),
                days=counted_days(days, locale),
                years=years_listed(years, locale),
            ),
            strength=round(STRENGTH + 0.02 * min(len(years), 10), 3),
            cover=cover,
            items=told_items(
                choices,
                cover,
                lambda photo: str(photo.taken_local.year),
                lambda photo: [f"shows: {theme.shown_by(photo)}"],
            ),
            years=years,
            about=theme.name,
        )


def turns(context: Context, date: date) -> list[Theme]:
    """The themes to try in the week of a day, in the order to try them; the same context gives the same."""
    eligible = []
    for theme in THEMES:
        last = context.last_told(ThemeKind.name, f"{ThemeKind.name}:{theme.name}")
        if last is None or date - last >= AGAIN:
            eligible.append(theme)
    week = f"{context.library_id}:{date.toordinal() // 7}"
    return sorted(eligible, key=lambda one: (zlib.crc32(f"{week}:{one.name}".encode()), one.name))[:TRIED]
