"""On this day: photos of the same calendar day in earlier years.

The day itself comes first; where it has too little, the days around it are taken in, one more on
either side at a time, up to three.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta

from albumen.memories.anniversary import days_away, is_past, occasions, same_days
from albumen.memories.context import Context, Photo
from albumen.memories.contract import Candidate, DateRange, MemoryKind, Window
from albumen.memories.curation import Choice, by_camera_first, choose, cover_of, rules_of
from albumen.memories.language import in_english, language
from albumen.memories.reasons import told_items
from albumen.memories.titles import counted_pictures, day_month, listed, years_listed

REACH_DAYS = 3
# No photograph is older.
FIRST_YEAR = 1826
TRUSTED = frozenset({"high", "medium"})
# Where a story is as strong as it gets.
FULL_YEARS = 6
FULL_PHOTOS = 12


class OnThisDay(MemoryKind):
    """The same calendar day, years ago."""

    name = "on_this_day"
    version = 2

    def window(self, context: Context, date: date) -> Window:
        """The day, and up to three days on either side of it, in every earlier year that has photos, oldest first.

        No range reaches into the year of `date`. The day itself is a range of its own, which gives it the more photos.
        """
        ranges, one = [], timedelta(days=1)
        for year in range(max(min(context.days, default=date).year, FIRST_YEAR), date.year):
            first, last = (days := same_days(date, year))[0], days[-1]
            end = min(last + timedelta(days=REACH_DAYS), date.replace(year=date.year - 1, month=12, day=31))
            ranges += [DateRange(first - timedelta(days=REACH_DAYS), first - one), DateRange(first, last)]
            ranges += [DateRange(last + one, end)] if end > last else []
        return Window(tuple(ranges))

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story, or none where the library has too little of the day.

        Parameters
        ----------
        context : Context
            The photos of the window; others are left aside.
        date : date
            The local day the story is told on.
        seed : int
            Decides between equals.

        Returns
        -------
        list of Candidate
            Empty or one.
        """
        for offered in by_camera_first(context.photos):
            if found := self._among(offered, context, date, seed):
                return found
        return []

    def _among(self, photos: Sequence[Photo], context: Context, date: date, seed: int) -> list[Candidate]:
        distances = _distances(photos, date)
        reachable: dict[int, list[Photo]] = defaultdict(list)
        for photo in photos:
            away = distances.get(photo.taken_local.date())
            if away is not None and photo.taken_confidence in TRUSTED:
                reachable[away].append(photo)

        def distance(photo: Photo) -> int:
            return distances[photo.taken_local.date()]

        rules = rules_of(self.settings, min_photos=self.settings.on_this_day_min_photos)
        offered: list[Photo] = []
        for reach in range(REACH_DAYS + 1):
            if reach > 0 and not reachable[reach]:
                continue
            offered.extend(reachable[reach])
            if self._enough(offered, date):
                choices = choose(offered, distance, rules, seed)
                if self._enough([choice.photo for choice in choices], date):
                    return [self._told(choices, distance, context, date)]
        return []

    def title(self, candidate: Candidate, locale: str) -> str:
        """`On this day, 12 June`, or `Around this day, 12 June` where the day alone had too little."""
        exact = all(days_away(item.photo.taken_local.date(), candidate.date) == 0 for item in candidate.items)
        day = day_month(candidate.date, locale)
        return language(locale).say("On this day, %(day)s" if exact else "Around this day, %(day)s", day=day)

    def _enough(self, photos: Sequence[Photo], date: date) -> bool:
        years = occasions([photo.taken_local.date() for photo in photos], date)
        return len(photos) >= self.settings.on_this_day_min_photos and years >= self.settings.on_this_day_min_years

    def _told(
        self, choices: Sequence[Choice], distance: Callable[[Photo], int], context: Context, date: date
    ) -> Candidate:
        photos = [choice.photo for choice in choices]
        cover = cover_of(sorted(photos, key=distance))
        years = tuple(sorted({photo.taken_local.year for photo in photos}))
        exact = sum(distance(photo) == 0 for photo in photos) / len(photos)
        strength = 0.4 * min(len(years) / FULL_YEARS, 1) + 0.3 * min(len(photos) / FULL_PHOTOS, 1) + 0.3 * exact
        items = told_items(
            choices,
            cover,
            lambda photo: str(photo.taken_local.year),
            lambda photo: _nearness(photo, date, in_english(context.locale)),
        )
        return Candidate(
            kind=self.name,
            key=f"{self.name}:{date.isoformat()}",
            date=date,
            reason=story_reason(photos, date, context.locale),
            strength=round(strength, 3),
            cover=cover,
            items=items,
            years=years,
        )


def nearest_day(
    dates_with_counts: Mapping[date, int],
    day: date,
    *,
    min_photos: int = 5,
    min_years: int = 2,
    rejected: Collection[date] = (),
) -> date | None:
    """The nearest day that could have an on-this-day story.

    Parameters
    ----------
    dates_with_counts : mapping of date to int
        Photos per local date.
    day : date
        Where to look from; it may itself be the answer.
    min_photos, min_years : int
        How many photos of how many years a story needs, as the settings.
    rejected : collection of date
        Days known to have none after all: counts do not tell how many photos are alike or blurred.

    Returns
    -------
    date or None
        At most half a year away, of two equally near days the later; None where there is no such day.
    """
    years_of: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for taken, count in dates_with_counts.items():
        if count > 0:
            years_of[taken.month, taken.day][taken.year] = count
    for away in range(184):
        for step in (away, -away):
            ordinal = day.toordinal() + step
            # One more than the reach on either side, for the 29th of February that some years lack.
            around = range(ordinal - REACH_DAYS - 1, ordinal + REACH_DAYS + 2)
            if around.start < date.min.toordinal() or around.stop > date.max.toordinal():
                continue
            told = date.fromordinal(ordinal)
            if told in rejected:
                continue
            names = {(other.month, other.day) for other in map(date.fromordinal, around)}
            if {(2, 28), (3, 1)} <= names:
                names.add((2, 29))
            near = {date(year, *name): count for name in names for year, count in years_of.get(name, {}).items()}
            if sum(near.values()) < min_photos:
                continue
            days = [taken for taken in near if is_past(taken, told) and days_away(taken, told) <= REACH_DAYS]
            if sum(near[taken] for taken in days) >= min_photos and occasions(days, told) >= min_years:
                return told
    return None


def story_reason(photos: Sequence[Photo], day: date, locale: str) -> str:
    """Why the story was made: `7 photos from 12 June in 2022, 2023 and 2025`.

    Parameters
    ----------
    photos : sequence of Photo
        The chosen ones.
    day : date
        The local day of the story.
    locale : str
        How dates are written.

    Returns
    -------
    str
        Without a full stop.
    """
    days = {photo.taken_local.date() for photo in photos}
    if any(days_away(taken, day) for taken in days):
        when = language(locale).say("the days around %(day)s", day=day_month(day, locale))
    else:
        named = sorted({(taken.month, taken.day) for taken in days})
        # 2000 has every day of the calendar.
        when = listed([day_month(date(2000, *name), locale) for name in named], locale)
    places = {photo.place for photo in photos}
    place = next(iter(places)) if len(places) == 1 else None
    words = {
        "pictures": counted_pictures(photos, locale),
        "when": when,
        "years": years_listed(sorted({taken.year for taken in days}), locale),
    }
    if place is None:
        return language(locale).say("%(pictures)s from %(when)s in %(years)s", **words)
    return language(locale).say("%(pictures)s from %(when)s in %(years)s, all from %(place)s", place=place, **words)


def _nearness(photo: Photo, day: date, english: str) -> list[str]:
    """What is to be said of a photo that was not taken on the day itself."""
    taken = photo.taken_local.date()
    if days_away(taken, day):
        return [f"taken on {day_month(taken, english)}, near the day"]
    if (taken.month, taken.day) != (day.month, day.day):
        return [f"taken on {day_month(taken, english)}, a day that {day.year} does not have"]
    return []


def _distances(photos: Sequence[Photo], day: date) -> dict[date, int]:
    """How far each past local date within reach is from the day."""
    distances = {}
    for taken in {photo.taken_local.date() for photo in photos}:
        away = days_away(taken, day)
        if away <= REACH_DAYS and is_past(taken, day):
            distances[taken] = away
    return distances
