"""The words of a story that every kind shares: days, times, years, counts and lists, as the locale writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list

from albumen.memories.context import Photo
from albumen.memories.language import language

# Beyond so many years a list of them is no longer read.
LISTED_YEARS = 6


def day_month(day: date, locale: str) -> str:
    """`12 June`, `June 12`, `12. Juni`."""
    return _skeleton("MMMMd", day, locale)


def month_year(day: date, locale: str) -> str:
    """`June 2025`, `Lipanj 2025.`; as it begins a line."""
    return capitalised(_skeleton("yMMMM", day, locale))


def month(day: date, locale: str) -> str:
    """`June`, as it stands alone."""
    return format_date(day, "LLLL", locale=language(locale).locale)


def weekday(day: date, locale: str) -> str:
    """`Thursday`, as it begins a line."""
    return capitalised(format_date(day, "EEEE", locale=language(locale).locale))


def weekday_day(day: date, locale: str) -> str:
    """`Thursday 12 June`, or `Thursday, June 12`."""
    comma = "," if "EEEE," in language(locale).locale.date_formats["full"].pattern else ""
    return f"{weekday(day, locale)}{comma} {day_month(day, locale)}"


def full_day(day: date, locale: str) -> str:
    """`12 June 2025`, or `June 12, 2025`."""
    return format_date(day, "long", locale=language(locale).locale)


def clock(moment: datetime, locale: str) -> str:
    """`16:28`, or `4:28 PM` where the locale counts twelve hours."""
    return format_time(moment.time(), "short", locale=language(locale).locale)


def capitalised(words: str) -> str:
    """With a capital letter first, and the rest as it is."""
    return words[:1].upper() + words[1:]


def counted_days(number: int, locale: str) -> str:
    """`1 day`, `4 days`."""
    return language(locale).count("%(count)s day", "%(count)s days", number)


def counted_photos(number: int, locale: str) -> str:
    """`1 photo`, `3 photos`."""
    return language(locale).count("%(count)s photo", "%(count)s photos", number)


def counted_pictures(pictures: Sequence[Photo], locale: str) -> str:
    """`3 photos`, `1 video`, `2 photos and 1 video`."""
    videos = sum(picture.is_video for picture in pictures)
    found = [counted_photos(photos, locale)] if (photos := len(pictures) - videos) else []
    if videos:
        found.append(language(locale).count("%(count)s video", "%(count)s videos", videos))
    return listed(found, locale)


def listed(words: Sequence[str], locale: str) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return format_list(list(words), locale=language(locale).locale)


def year_named(year: int, locale: str) -> str:
    """`2025`, or `2025.` where years are written as ordinals."""
    return _skeleton("y", date(year, 1, 1), locale)


def years_listed(years: Sequence[int], locale: str) -> str:
    """The years, ascending, in words: each one, or their number and span where there are many."""
    if len(years) <= LISTED_YEARS:
        return listed([year_named(year, locale) for year in years], locale)
    span = {"first": year_named(years[0], locale), "last": year_named(years[-1], locale)}
    return language(locale).count(
        "%(count)s year from %(first)s to %(last)s", "%(count)s years from %(first)s to %(last)s", len(years), **span
    )


def years_spanned(years: Sequence[int], locale: str) -> str:
    """`2019`, or `2016 to 2023`."""
    first, last = year_named(years[0], locale), year_named(years[-1], locale)
    return first if years[0] == years[-1] else language(locale).say("%(first)s to %(last)s", first=first, last=last)


def years_ago(years: int, locale: str) -> str:
    """`a year ago`, `18 years ago`."""
    if years == 1:
        return language(locale).say("a year ago")
    return language(locale).count("%(count)s year ago", "%(count)s years ago", years)


def _skeleton(skeleton: str, day: date, locale: str) -> str:
    # A bare date has no time for the skeleton's tables to look at.
    return format_skeleton(skeleton, datetime(day.year, day.month, day.day), locale=language(locale).locale)
