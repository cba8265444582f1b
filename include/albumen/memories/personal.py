"""What an owner likes, learnt from what they did with stories and whom they photograph, and said in words.

Each feature of a story (its kind, and that at weekends or on other days; who is in it, where, what it shows) weighs by
how much more often it is in what the owner liked than in what they did not: the relevance weight of Robertson and
Spärck Jones [1]_, smoothed towards how often stories have the feature at all. Signals fade by half within
`HALF_LIFE_DAYS`. Those close to the owner, whom they named and photograph on the most days, weigh up by how many days
that is. Without either every weight is zero, and the order is the impersonal one.

References
----------
.. [1] S. E. Robertson, K. Spärck Jones, "Relevance weighting of search terms", Journal of the American Society for
   Information Science 27(3), 1976.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from albumen.memories.context import Context
from albumen.memories.contract import Candidate

LIKED = {"opened": 0.5, "finished": 1.0, "favourite": 1.5, "shared": 2.0}
"""What each signal counts for; a feature's weight grows with it."""
DISLIKED = {"skipped": 1.0, "less": 2.0}
SIGNALS = (*LIKED, *DISLIKED)
HALF_LIFE_DAYS = 180
# A picture with stars counts for less than a story that was read, and all of them for no more than some stories.
FAVOURITE, MOST_FAVOURITES = 0.2, 10.0
# So many imagined signals stand behind every feature: few real ones move it little.
PRIOR = 5.0
LEAST_SHARE = 0.3
MOST_WEIGHT = 2.0
PINNED_WEIGHT = 2.0
# Named people seen on so many days of the last two years are close, the closest of them that many.
CIRCLE_DAYS, CIRCLE_LEAST, CIRCLE_MOST = 730, 10, 8
CIRCLE_WEIGHT = 1.2
GAIN = 0.4
"""The most that taste adds to a strength of 0 to 1, or takes from it."""
TOLD_PARTS = 6


@dataclass(frozen=True, slots=True)
class Signal:
    """What the owner did on a day, with the shares, 0 to 1, of what it was about."""

    signal: str
    day: date
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Taste:
    """What is learnt of an owner.

    Attributes
    ----------
    weights : mapping of str to float
        Of features, in nats: above zero liked, below not.
    circle : mapping of str to int
        On how many days of the last two years each of those close to the owner was seen, by person.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    circle: Mapping[str, int] = field(default_factory=dict)

    def closeness(self, person: str) -> float:
        """What being close to the owner weighs, 0 to `CIRCLE_WEIGHT`; 0 of who is not."""
        return round(CIRCLE_WEIGHT * self.circle.get(person, 0) / max(self.circle.values(), default=1), 4)

    def weight(self, feature: str) -> float:
        """Of one feature; 0 of one that nothing is known of."""
        return self.weights.get(feature, 0.0)


def learn(
    signals: Iterable[Signal],
    shown: Sequence[Mapping[str, float]],
    day: date,
    *,
    favourites: tuple[int, Mapping[str, float]] = (0, {}),
    pinned: Iterable[str] = (),
    seen: Mapping[str, int] | None = None,
) -> Taste:
    """What an owner likes on a day.

    Parameters
    ----------
    signals : iterable of Signal
        What they did; later ones than `day` are left aside.
    shown : sequence of mapping
        Features of the stories they were told, liked or not.
    day : date
        The local day.
    favourites : tuple
        How many pictures have stars, and the share of them that each feature is in.
    pinned : iterable of str
        Features they asked for.
    seen : mapping of str to int
        On how many of the last `CIRCLE_DAYS` days the people they named were seen.

    Returns
    -------
    Taste
        The same arguments give the same.
    """
    liked: defaultdict[str, float] = defaultdict(float)
    disliked: defaultdict[str, float] = defaultdict(float)
    likes = dislikes = 0.0
    for signal in signals:
        age = (day - signal.day).days
        if age < 0:
            continue
        fade = 0.5 ** (age / HALF_LIFE_DAYS)
        if signal.signal in LIKED:
            likes += _count(liked, signal.features, LIKED[signal.signal] * fade)
        elif signal.signal in DISLIKED:
            dislikes += _count(disliked, signal.features, DISLIKED[signal.signal] * fade)
    likes += _count(liked, favourites[1], min(FAVOURITE * favourites[0], MOST_FAVOURITES))
    usual: Counter[str] = Counter()
    for features in shown:
        usual.update(features)
    weights = {}
    for feature in sorted({*liked, *disliked}):
        base = (usual[feature] + 0.5) / (len(shown) + 1)
        for_it = (liked[feature] + PRIOR * base) / (likes + PRIOR)
        against = (disliked[feature] + PRIOR * base) / (dislikes + PRIOR)
        weights[feature] = round(max(-MOST_WEIGHT, min(math.log(for_it / against), MOST_WEIGHT)), 4)
    return Taste({**weights, **dict.fromkeys(sorted(pinned), PINNED_WEIGHT)}, circle_of(seen or {}))


def circle_of(seen: Mapping[str, int]) -> dict[str, int]:
    """Those whom the owner sees on the most days, the closest first."""
    often = [(days, person) for person, days in seen.items() if days >= CIRCLE_LEAST]
    return {person: days for days, person in sorted(often, key=lambda each: (-each[0], each[1]))[:CIRCLE_MOST]}


def _count(counted: defaultdict[str, float], features: Mapping[str, float], weight: float) -> float:
    for feature, share in features.items():
        counted[feature] += weight * share
    return weight


def features_of(candidate: Candidate) -> dict[str, float]:
    """What a story is about: its kind, also on such a day; who, where and what is in how much of its pictures."""
    found: Counter[str] = Counter()
    for item in candidate.items:
        found.update(item.photo.features)
    shares = {name: round(count / len(candidate.items), 3) for name, count in sorted(found.items())}
    own = {f"kind:{candidate.kind}": 1.0, f"{rhythm(candidate.date)}:{candidate.kind}": 1.0}
    return {**own, **{name: share for name, share in shares.items() if share >= LEAST_SHARE}}


def rhythm(day: date) -> str:
    """What sort of day a story is told on: people read other things at weekends."""
    return "weekend" if day.isoweekday() > 5 else "weekday"


def weigh(candidate: Candidate, taste: Taste, context: Context) -> Candidate:
    """A story with its strength for this owner, and in `why` what made it so.

    Returns
    -------
    Candidate
        `why` holds `impersonal` and `personal`, which add up to the strength, `weights` (what each feature adds, with
        its share of the story and its weight, the largest first, in words) and `features`.
    """
    features = features_of(candidate)
    shares, weights = dict(features), {name: taste.weight(name) for name in features}
    for name, share in features.items():
        noun, _, person = name.partition(":")
        if noun == "person" and (closeness := taste.closeness(person)):
            shares[f"circle:{person}"], weights[f"circle:{person}"] = share, closeness
    pulls = {name: shares[name] * weight for name, weight in weights.items() if weight}
    total = sum(pulls.values())
    wanted = candidate.strength + GAIN * math.tanh(total / 2)
    strength = round(max(0.0, min(wanted, 1.0)), 3)
    personal = round(strength - candidate.strength, 3)
    words = _words(candidate, context, taste)
    largest = sorted(pulls, key=lambda name: (-abs(pulls[name]), name))[:TOLD_PARTS]
    told = [
        {
            "feature": words.get(name, name.replace(":", " ", 1)),
            "share": shares[name],
            "weight": weights[name],
            "adds": round(personal * pulls[name] / total, 3) if total else 0.0,
        }
        for name in largest
    ]
    why: dict[str, Any] = {
        "impersonal": candidate.strength,
        "personal": personal,
        "weights": told,
        "features": features,
    }
    return replace(candidate, strength=strength, why=why)


def _words(candidate: Candidate, context: Context, taste: Taste) -> dict[str, str]:
    kind = f"stories of the kind {candidate.kind.replace('_', ' ')}"
    on = {"weekend": "at weekends", "weekday": "from Monday to Friday"}[rhythm(candidate.date)]
    words = {f"kind:{candidate.kind}": kind, f"{rhythm(candidate.date)}:{candidate.kind}": f"{kind} {on}"}
    words |= {f"person:{person.person_id}": person.name for person in context.people}
    for person in context.people:
        if days := taste.circle.get(person.person_id):
            words[f"circle:{person.person_id}"] = f"{person.name}, photographed on {days} days of the last two years"
    photos = [item.photo for item in candidate.items]
    return words | {f"place:{photo.place_id}": photo.place for photo in photos if photo.place_id and photo.place}
