"""Simulated owners with planted tastes, and the stories they could be told: what a ranker is measured on."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from albumen.memories import personal, selection
from albumen.memories.context import FaceBox, Photo
from albumen.memories.contract import Candidate, CandidateItem
from albumen.memories.personal import Signal, Taste
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable

KINDS = ("on_this_day", "trip", "person", "recap", "event", "place", "birthday", "theme")
PEOPLE = tuple(f"p{number}" for number in range(12))
PLACES = tuple(f"place{number}" for number in range(15))
LABELS = ("dog", "food", "beach", "snow", "mountain", "flower", "boat", "bird", "car", "sunset", "cake", "tree")
START = date(2026, 1, 1)
OFFERED = 30
TOP = 5


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who likes one kind, one person, one place and one thing to look at."""

    seed: int
    kind: str
    person: str
    place: str
    label: str

    def matches(self, features: Mapping[str, float]) -> int:
        """How many of their tastes a story meets."""
        wanted = (f"kind:{self.kind}", f"person:{self.person}", f"place:{self.place}", f"label:{self.label}")
        return sum(features.get(name, 0.0) >= 0.5 for name in wanted)


def an_owner(seed: int) -> Owner:
    """One of many, by number."""
    dice = random.Random(f"owner {seed}")  # noqa: S311
    return Owner(seed, *(dice.choice(what) for what in (KINDS, PEOPLE, PLACES, LABELS)))


def a_story(dice: random.Random, number: int, day: date, owner: Owner | None = None) -> Candidate:
    """A story that could be told; of `owner`, where given, it meets two or three tastes."""
    tastes = dice.sample(range(4), dice.choice((2, 3))) if owner else []
    kind = owner.kind if owner and 0 in tastes else dice.choice(KINDS)
    person = owner.person if owner and 1 in tastes else dice.choice((*PEOPLE, None, None, None, None))
    place = owner.place if owner and 2 in tastes else dice.choice((*PLACES, None, None, None, None))
    label = owner.label if owner and 3 in tastes else dice.choice((*LABELS, None, None, None))
    photos = [_photo(dice, 100 * number + index, day, person, place, label) for index in range(10)]
    items = tuple(CandidateItem(photo, "simulated") for photo in photos)
    return Candidate(kind, f"{kind}:{number}", day, "simulated", round(dice.random(), 3), photos[0], items, (2020,))


def hit_rates(owner: Owner, *, told_days: int = 60, test_days: int = 40) -> tuple[float, float]:
    """How often a story that an owner likes is among the five told, personal and impersonal.

    They read what is told for some days, three stories a day, and answer as people do: they finish four of five that
    they like and a tenth of the others, skip half of the others, and say nothing of the rest. Then each day offers
    thirty stories, of which one meets at least two of their tastes.

    Returns
    -------
    tuple of float
        Hit-rate@5 of the personal and of the impersonal feed, 0 to 1.
    """
    dice = random.Random(f"days of {owner.seed}")  # noqa: S311
    signals: list[Signal] = []
    shown: list[Mapping[str, float]] = []
    for number in range(told_days):
        day = START + timedelta(days=number)
        taste = personal.learn(signals, shown, day)
        stories = [a_story(dice, 1000 * number + index, day) for index in range(OFFERED)]
        for story in ranked(stories, taste, day, most=3):
            features = personal.features_of(story)
            shown.append(features)
            likes = owner.matches(features) > 0
            if dice.random() < (0.8 if likes else 0.1):
                signals.append(Signal("finished", day, features))
            elif not likes and dice.random() < 0.5:
                signals.append(Signal("skipped", day, features))
    hits = [0, 0]
    for number in range(told_days, told_days + test_days):
        day = START + timedelta(days=number)
        wanted = a_story(dice, 1000 * number + OFFERED, day, owner)
        stories = [a_story(dice, 1000 * number + index, day) for index in range(OFFERED - 1)]
        others = [story for story in stories if owner.matches(personal.features_of(story)) < 2]
        for which, taste in enumerate((personal.learn(signals, shown, day), Taste())):
            told = ranked([*others, wanted], taste, day, most=TOP)
            hits[which] += any(story.key == wanted.key for story in told)
    return hits[0] / test_days, hits[1] / test_days


def circle_hit_rates(owner: Owner, *, days: int = 40) -> tuple[float, float]:
    """The same of an owner who has never said anything, and likes stories of the one they photograph most.

    Of the twelve people that one was seen on 120 days of two years, four others on 15 to 60, the rest on less than ten.
    """
    dice = random.Random(f"circle of {owner.seed}")  # noqa: S311
    others = [person for person in PEOPLE if person != owner.person]
    seen = {person: dice.randint(15, 60) if n < 4 else dice.randint(0, 9) for n, person in enumerate(others)}
    hits = [0, 0]
    for number in range(days):
        day = START + timedelta(days=number)
        stories = [a_story(dice, 1000 * number + index, day) for index in range(OFFERED)]
        liked = f"person:{owner.person}"
        for which, taste in enumerate((personal.learn([], [], day, seen={**seen, owner.person: 120}), Taste())):
            told = ranked(stories, taste, day, most=TOP)
            hits[which] += any(personal.features_of(story).get(liked, 0.0) >= 0.5 for story in told)
    return hits[0] / days, hits[1] / days


def ranked(stories: Sequence[Candidate], taste: Taste, day: date, *, most: int) -> list[Candidate]:
    """What is told of some stories, as the feed of a day chooses."""
    context = a_context([])
    weighed = [personal.weigh(story, taste, context) for story in stories]
    return selection.select(weighed, context, day, MemorySettings(stories=most))


def _photo(
    dice: random.Random, item_id: int, day: date, person: str | None, place: str | None, label: str | None
) -> Photo:
    taken = datetime(day.year - 3, 1, 1, 12) + timedelta(days=dice.randrange(360))
    seen = {dice.choice(PEOPLE)} if dice.random() < 0.3 else set()
    seen |= {person} if person and dice.random() < 0.8 else set()
    labels = {dice.choice(LABELS)} if dice.random() < 0.4 else set()
    labels |= {label} if label and dice.random() < 0.8 else set()
    faces = tuple(FaceBox(0.4, 0.3, 0.2, 0.2, 0.9, one) for one in sorted(seen))
    photo = a_memorable(item_id, taken, faces=faces, place=place, place_id=place)
    return replace(photo, labels=tuple(sorted(labels)))
