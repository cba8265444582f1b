"""What an owner likes, learnt from what they did with stories, and said in words.

Each feature of a story (its kind; who is in it, where, what it shows) weighs by how much more often it is in
what the owner liked than in what they did not: the relevance weight of Robertson and Spärck Jones [1]_, smoothed
towards how often stories have the feature at all. Signals fade by half within `HALF_LIFE_DAYS`. Without signals every
weight is zero, and the order is the impersonal one.

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
    """Weights of features, in nats: above zero liked, below not."""

    weights: Mapping[str, float] = field(default_factory=dict)

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
    return Taste({**weights, **dict.fromkeys(sorted(pinned), PINNED_WEIGHT)})


def _count(counted: defaultdict[str, float], features: Mapping[str, float], weight: float) -> float:
    for feature, share in features.items():
        counted[feature] += weight * share
    return weight


def features_of(candidate: Candidate) -> dict[str, float]:
    """What a story is about: its kind, and who, where and what is in a good part of its pictures, with that part."""
    found: Counter[str] = Counter()
    for item in candidate.items:
        photo = item.photo
        found.update(f"person:{person}" for person in photo.people)
        found.update(f"label:{label}" for label in set(photo.labels))
        found.update([f"place:{photo.place_id}"] if photo.place_id else [])
    shares = {name: round(count / len(candidate.items), 3) for name, count in sorted(found.items())}
    return {f"kind:{candidate.kind}": 1.0, **{name: share for name, share in shares.items() if share >= LEAST_SHARE}}


def weigh(candidate: Candidate, taste: Taste, context: Context) -> Candidate:
    """A story with its strength for this owner, and in `why` what made it so.

    Returns
    -------
    Candidate
        `why` holds `impersonal` and `personal`, which add up to the strength, `weights` (what each feature adds, with
        its share of the story and its weight, the largest first, in words) and `features`.
    """
    features = features_of(candidate)
    pulls = {name: share * taste.weight(name) for name, share in features.items() if taste.weight(name)}
    total = sum(pulls.values())
    wanted = candidate.strength + GAIN * math.tanh(total / 2)
    strength = round(max(0.0, min(wanted, 1.0)), 3)
    personal = round(strength - candidate.strength, 3)
    words = _words(candidate, context)
    largest = sorted(pulls, key=lambda name: (-abs(pulls[name]), name))[:TOLD_PARTS]
    weights = [
        {
            "feature": words.get(name, name.replace(":", " ", 1)),
            "share": features[name],
            "weight": taste.weight(name),
            "adds": round(personal * pulls[name] / total, 3) if total else 0.0,
        }
        for name in largest
    ]
    why: dict[str, Any] = {
        "impersonal": candidate.strength,
        "personal": personal,
        "weights": weights,
        "features": features,
    }
    return replace(candidate, strength=strength, why=why)


def _words(candidate: Candidate, context: Context) -> dict[str, str]:
    words = {f"kind:{candidate.kind}": f"stories of the kind {candidate.kind.replace('_', ' ')}"}
    words |= {f"person:{person.person_id}": person.name for person in context.people}
    photos = [item.photo for item in candidate.items]
    return words | {f"place:{photo.place_id}": photo.place for photo in photos if photo.place_id and photo.place}
