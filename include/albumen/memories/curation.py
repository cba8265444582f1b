"""Choosing the photos of a story: good ones, no two alike, spread over the years and over the day.

The order of rules, each stronger than the next: nothing below the quality gate; never two that
look alike; every year once before any year twice; some minutes apart, where that leaves enough;
the best first.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from albumen.memories.context import Photo

# Stands for a quality that was never measured: below that of an ordinary sharp photo, above that of a poor one.
UNKNOWN_QUALITY = 0.7
# What a face is worth next to a quality of 0 to 1; a third face adds less than a blur takes.
FACE_BONUS = 0.1
COUNTED_FACES = 3
# Short side below which a picture looks poor on any screen, and what that costs.
SMALL_SIDE = 480
SMALL_PENALTY = 0.2
# Comparing looks is quadratic: of more photos than this, each year's best of each moment stand for it.
COMPARED_PHOTOS = 4000


@dataclass(frozen=True, slots=True)
class Rules:
    """What a selection has to keep to.

    Attributes
    ----------
    min_photos, max_photos : int
        Fewer is no story, more is none either.
    min_gap : timedelta
        Least time between two photos, given up only where fewer than `min_photos` would remain.
    near_duplicate_bits : int
        Hamming distance of two perceptual hashes up to which two photos show the same.
    min_quality : float
        Measured quality below which a photo is not shown.
    """

    min_photos: int
    max_photos: int
    min_gap: timedelta
    near_duplicate_bits: int
    min_quality: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen photo with what speaks for it.

    Attributes
    ----------
    photo : Photo
        The photo.
    alike : tuple of Photo
        Others of the offered photos that look the same.
    of_year : int
        How many photos of its year were offered, itself included.
    best_of_year : bool
        Whether none of its year scores higher.
    crowded : bool
        Whether it is nearer to a chosen one than the least gap.
    """

    photo: Photo
    alike: tuple[Photo, ...]
    of_year: int
    best_of_year: bool
    crowded: bool


def score(photo: Photo) -> float:
    """How good a photo is by itself: its quality, more with faces, less where it is small."""
    quality = UNKNOWN_QUALITY if photo.quality is None else photo.quality
    small = SMALL_PENALTY if min(photo.width, photo.height) < SMALL_SIDE else 0.0
    return quality + FACE_BONUS * min(len(photo.faces), COUNTED_FACES) - small


def passes_gate(photo: Photo, min_quality: float) -> bool:
    """Whether a photo is good enough to be shown; one that was never measured is."""
    return photo.quality is None or photo.quality >= min_quality


def cover_of(photos: Sequence[Photo]) -> Photo:
    """The photo one would hang on the wall: good, large, landscape, with people in it.

    Parameters
    ----------
    photos : sequence of Photo
        At least one; of equals the earlier in the sequence wins.

    Returns
    -------
    Photo
        One of them.
    """

    def hanging(photo: Photo) -> float:
        ratio = photo.width / photo.height if photo.width > 0 and photo.height > 0 else 1.0
        if 1.2 <= ratio <= 2.0:
            shape = 0.25
        elif ratio > 2.6:
            shape = -0.3
        elif ratio < 0.9:
            shape = -0.05
        else:
            shape = 0.1
        people = 0.2 if 1 <= len(photo.faces) <= 6 else 0.05 if photo.faces else 0.0
        soft = 0.2 if max(photo.width, photo.height) < 1000 else 0.0
        quality = UNKNOWN_QUALITY if photo.quality is None else photo.quality
        return quality + shape + people - soft - 0.1 * min(len(photo.quality_reasons), 3)

    return max(photos, key=hanging)


def choose(photos: Sequence[Photo], distance: Callable[[Photo], int], rules: Rules, seed: int) -> list[Choice]:
    """Choose the photos of a story.

    Parameters
    ----------
    photos : sequence of Photo
        All that are offered, in any order.
    distance : callable
        How far a photo is from what the story is about; within a year, nearer ones go first.
    rules : Rules
        What the selection keeps to.
    seed : int
        Decides between equals.

    Returns
    -------
    list of Choice
        In time order, at most `rules.max_photos`; possibly fewer than `rules.min_photos`. The same
        arguments, photos in whatever order, give the same list.
    """
    best_first = sorted(
        (photo for photo in photos if passes_gate(photo, rules.min_quality)),
        key=lambda photo: (-score(photo), zlib.crc32(f"{seed}:{photo.item_id}".encode()), photo.item_id),
    )
    distinct = _without_alike(_reduced(best_first, distance, rules.min_gap), rules.near_duplicate_bits)
    chosen = _by_year(distinct, distance, [], rules.min_gap, rules.max_photos)
    if len(chosen) < rules.min_photos:
        # The best are in one another's way: take them as they come, which fits in the most.
        spread = _by_year(sorted(distinct, key=_when), lambda _: 0, [], rules.min_gap, rules.max_photos)
        chosen = max(chosen, spread, key=len)
    if len(chosen) < rules.min_photos:
        limit = min(rules.min_photos, rules.max_photos)
        chosen = _by_year(distinct, distance, chosen, timedelta(0), limit)
    return _explained(chosen, sorted(photos, key=_when), rules)


def _when(photo: Photo) -> tuple[datetime, int]:
    return photo.taken_local, photo.item_id


def _hashes(photos: Sequence[Photo]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Perceptual hashes, (n,) uint64, and which of them are known, (n,) bool."""
    values = [0 if photo.phash is None else photo.phash & 0xFFFF_FFFF_FFFF_FFFF for photo in photos]
    return np.array(values, dtype=np.uint64), np.array([photo.phash is not None for photo in photos], dtype=np.bool_)


def _reduced(best_first: list[Photo], distance: Callable[[Photo], int], moment: timedelta) -> list[Photo]:
    """Few enough photos to compare, best first: of every year as many, of every moment its best before its second."""
    if len(best_first) <= COMPARED_PHOTOS:
        return best_first
    length = max(moment, timedelta(minutes=1))
    taken: Counter[int] = Counter()
    ranked: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for index, photo in enumerate(best_first):
        slot = (photo.taken_local - datetime.min) // length
        ranked[photo.taken_local.year].append((taken[slot], distance(photo), index))
        taken[slot] += 1
    share = max(COMPARED_PHOTOS // len(ranked), 1)
    kept = sorted(index for ranks in ranked.values() for _, _, index in sorted(ranks)[:share])
    return [best_first[index] for index in kept]


def _without_alike(best_first: Sequence[Photo], bits: int) -> list[Photo]:
    """Drop every photo that looks like a better one that is kept."""
    hashes, known = _hashes(best_first)
    alive = np.ones(len(best_first), dtype=np.bool_)
    for index in range(len(best_first)):
        if alive[index] and known[index]:
            rest = slice(index + 1, None)
            alive[rest] &= (np.bitwise_count(hashes[rest] ^ hashes[index]) > bits) | ~known[rest]
    return [photo for photo, kept in zip(best_first, alive.tolist(), strict=True) if kept]


def _by_year(
    ordered: Sequence[Photo],
    distance: Callable[[Photo], int],
    start: Sequence[Photo],
    gap: timedelta,
    limit: int,
) -> list[Photo]:
    """Add photos to those of `start`, the year with the fewest first, each year's nearest and best first."""
    chosen = list(start)
    moments = sorted(photo.taken_local for photo in chosen)
    counts = Counter(moment.year for moment in moments)
    ids = {photo.item_id for photo in chosen}
    queues: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for index, photo in enumerate(ordered):
        if photo.item_id not in ids:
            queues[photo.taken_local.year].append((distance(photo), index))
    for queue in queues.values():
        queue.sort(reverse=True)
    while queues and len(chosen) < limit:
        year = min(queues, key=lambda year: (counts[year], queues[year][-1][1]))
        queue = queues[year]
        photo = ordered[queue.pop()[1]]
        if not queue:
            del queues[year]
        if _clear(photo.taken_local, moments, gap):
            chosen.append(photo)
            insort(moments, photo.taken_local)
            counts[year] += 1
    return chosen


def _clear(moment: datetime, moments: Sequence[datetime], gap: timedelta) -> bool:
    """Whether a moment is at least the gap away from all of `moments`, which are sorted."""
    position = bisect_left(moments, moment)
    return all(abs(moment - other) >= gap for other in moments[max(position - 1, 0) : position + 1])


def _explained(chosen: Sequence[Photo], offered: Sequence[Photo], rules: Rules) -> list[Choice]:
    hashes, known = _hashes(offered)
    of_year = Counter(photo.taken_local.year for photo in offered)
    best: defaultdict[int, float] = defaultdict(lambda: float("-inf"))
    for photo in offered:
        best[photo.taken_local.year] = max(best[photo.taken_local.year], score(photo))
    choices = []
    for photo in chosen:
        alike: tuple[Photo, ...] = ()
        if photo.phash is not None:
            own = np.uint64(photo.phash & 0xFFFF_FFFF_FFFF_FFFF)
            near = np.flatnonzero(known & (np.bitwise_count(hashes ^ own) <= rules.near_duplicate_bits))
            alike = tuple(offered[index] for index in near.tolist() if offered[index].item_id != photo.item_id)
        year = photo.taken_local.year
        others = [other.taken_local for other in chosen if other is not photo]
        crowded = any(abs(photo.taken_local - other) < rules.min_gap for other in others)
        choices.append(Choice(photo, alike, of_year[year], score(photo) >= best[year], crowded))
    return sorted(choices, key=lambda choice: _when(choice.photo))
