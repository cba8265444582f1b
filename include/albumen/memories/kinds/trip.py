"""Trip: a time away from home, day by day.

It is told once when its owner is home again, on the anniversary of its first day, and now and then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from albumen.memories.context import Context, Photo, Trip
from albumen.memories.contract import Candidate, DateRange, MemoryKind, Window
from albumen.memories.curation import Choice, by_camera_first, choose, cover_of, rules_of
from albumen.memories.language import language
from albumen.memories.reasons import told_items
from albumen.memories.titles import counted_days, counted_pictures, month_year
from albumen.memories.turns import Past, Strengths
from albumen.memories.turns import turns as whose_turn

STRENGTHS = Strengths(fresh=0.9, anniversary=0.75, any_day=0.45)
# Of the trips without an occasion so many are tried a day.
TRIED = 2
# So much of a story is from one place before it has that place's name.
MOSTLY = 0.6


class TripKind(MemoryKind):
    """A time away from home."""

    name = "trip"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """The days of the trips whose turn it is."""
        spans = sorted((trip.first, trip.last) for trip, _ in turns(context, date))
        return Window(tuple(DateRange(first, last) for first, last in spans))

    def candidates(self, context: Context, date: date, seed: int) -> list[Candidate]:
        """One story per trip whose turn it is and that has enough to tell."""
        found = []
        for trip, strength in turns(context, date):
            taken = [photo for photo in context.photos if photo.trip_id == trip.trip_id]
            for offered in by_camera_first(taken):
                group = _day_of(trip)
                choices = choose(offered, lambda _: 0, rules_of(self.settings), seed, group=group)
                if len(choices) >= self.settings.min_photos:
                    found.append(self._told(trip, choices, strength, context, date))
                    break
        return found

    def title(self, candidate: Candidate, locale: str) -> str:
        """`Višnjan, July 2019`; where no place has most of it, `4 days away, July 2019`."""
        photos = [item.photo for item in candidate.items]
        first, last = photos[0].taken_local, photos[-1].taken_local
        days = (last.date() - first.date()).days + 1
        where = mostly(photos) or language(locale).count("%(count)s day away", "%(count)s days away", days)
        return f"{where}, {month_year(first.date(), locale)}"

    def _told(self, trip: Trip, choices: Sequence[Choice], strength: float, context: Context, date: date) -> Candidate:
        photos = [choice.photo for choice in choices]
        cover = cover_of(photos)
        days = (trip.last - trip.first).days + 1
        return Candidate(
            kind=self.name,
            key=f"{self.name}:{trip.trip_id}",
            date=date,
            reason=reason_of(
                trip, counted_pictures(photos, context.locale), counted_days(days, context.locale), context
            ),
            strength=strength,
            cover=cover,
            items=told_items(choices, cover, _day_of(trip)),
            years=tuple(sorted({photo.taken_local.year for photo in photos})),
        )


def reason_of(trip: Trip, pictures: str, days: str, context: Context) -> str:
    """`12 photos of 4 days in Višnjan, 300 km from home`."""
    words = {"pictures": pictures, "days": days, "km": round(trip.farthest_km)}
    tongue, cities = language(context.locale), list(dict.fromkeys(city for city, _ in trip.places))
    if not cities:
        return tongue.say("%(pictures)s of %(days)s, %(km)s km from home", **words)
    if len(cities) == 1:
        return tongue.say("%(pictures)s of %(days)s in %(place)s, %(km)s km from home", place=cities[0], **words)
    return tongue.count(
        "%(pictures)s of %(days)s in %(count)s place, %(km)s km from home",
        "%(pictures)s of %(days)s in %(count)s places, %(km)s km from home",
        len(cities),
        **words,
    )


def turns(context: Context, date: date) -> list[tuple[Trip, float]]:
    """The trips to tell on a day with how strong the occasion is, strongest first."""
    trips = {trip.trip_id: trip for trip in context.trips}
    every = [Past(name, trip.first, trip.last) for name, trip in trips.items()]
    found = whose_turn(context, TripKind.name, date, every, STRENGTHS, tried=TRIED)
    return [(trips[past.name], strength) for past, strength in found]


def mostly(photos: Sequence[Photo]) -> str | None:
    """The place that most of the photos are from; None where none has enough of them, or it is not known."""
    named = Counter(photo.place for photo in photos if photo.place)
    if not named:
        return None
    place, count = min(named.items(), key=lambda each: (-each[1], each[0]))
    return place if count >= MOSTLY * len(photos) else None


def _day_of(trip: Trip) -> Callable[[Photo], str]:
    return lambda photo: f"day {(photo.taken_local.date() - trip.first).days + 1}"
