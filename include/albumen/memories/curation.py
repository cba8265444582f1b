"""Choosing the photos of a story: good ones, no two alike, spread over the years and over the day.

The order of rules, each stronger than the next: nothing below the quality gate; never two that
look alike; every year (or whatever the story is told in) once before any twice; some minutes
apart, where that leaves enough; good and unlike those that are chosen (`diversity`).
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from albumen.memories.context import Photo
from albumen.memories.diversity import Field, Picker, hashes_of
from albumen.settings import MemorySettings

# Below are blurred and black pictures, 0.2 to 0.44 where sharp ones measure 0.7 and more (`vision.quality`).
MIN_QUALITY = 0.4

# Stands for a quality that was never measured: below that of an ordinary sharp photo, above that of a poor one.
UNKNOWN_QUALITY = 0.7
# What a face is worth next to a quality of 0 to 1; a third face adds less than a blur takes.
FACE_BONUS = 0.1
COUNTED_FACES = 3
# What its owner's stars are worth: more than anything we measure tells apart.
FAVOURITE_BONUS = 0.3
BEST_SCORE = 1.0 + FACE_BONUS * COUNTED_FACES + FAVOURITE_BONUS
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
    of_group : int
        How many photos of its year, or whatever the story is told in, were offered, itself included.
    best_of_group : bool
        Whether none of them scores higher.
    crowded : bool
        Whether it is nearer to a chosen one than the least gap.
    """

    photo: Photo
    alike: tuple[Photo, ...]
    of_group: int
    best_of_group: bool
    crowded: bool


def rules_of(settings: MemorySettings, *, min_photos: int | None = None) -> Rules:
    """What the settings ask of every story; a kind may need more or fewer photos."""
    return Rules(
        min_photos=settings.min_photos if min_photos is None else min_photos,
        max_photos=settings.max_photos,
        min_gap=timedelta(minutes=settings.min_gap_minutes),
        near_duplicate_bits=settings.near_duplicate_bits,
        min_quality=MIN_QUALITY,
    )


def score(photo: Photo) -> float:
    """How good a photo is by itself: its quality, more with faces and stars, less where it is small."""
    quality = UNKNOWN_QUALITY if photo.quality is None else photo.quality
    small = SMALL_PENALTY if min(photo.width, photo.height) < SMALL_SIDE else 0.0
    return quality + FACE_BONUS * min(len(photo.faces), COUNTED_FACES) + FAVOURITE_BONUS * photo.is_favourite - small


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
        loved = 0.2 if photo.is_favourite else 0.0
        return quality + shape + people + loved - soft - 0.1 * min(len(photo.quality_reasons), 3)

    return max(photos, key=hanging)


def by_camera_first(photos: Sequence[Photo]) -> Iterator[list[Photo]]:
    """What to tell a story from: photos that name a camera, then all, where there are others.

    Drawings, screenshots and renderings name no camera. Nor do old scans: without enough others they are told.
    """
    made = [photo for photo in photos if photo.camera]
    yield made
    if len(made) < len(photos):
        yield list(photos)


def year_of(photo: Photo) -> int:
    """The local year of a photo, which most stories are told in."""
    return photo.taken_local.year


def choose(
    photos: Sequence[Photo],
    distance: Callable[[Photo], int],
    rules: Rules,
    seed: int,
    *,
    group: Callable[[Photo], Hashable] = year_of,
) -> list[Choice]:
    """Choose the photos of a story.

    Parameters
    ----------
    photos : sequence of Photo
        All that are offered, in any order.
    distance : callable
        How far a photo is from what the story is about; within a group, nearer ones go first.
    rules : Rules
        What the selection keeps to.
    seed : int
        Decides between equals.
    group : callable
        What the story is told in: no group comes twice before every group came once.

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
    field = Field(distinct, [score(photo) / BEST_SCORE for photo in distinct], rules.min_gap)
    picked = _grouped(field, distance, group, [], rules.min_gap, rules.max_photos)
    if len(picked) < rules.min_photos:
        # The best are in one another's way: take them as they come, which fits in the most.
        picked = max(picked, _as_they_come(distinct, rules.min_gap)[: rules.max_photos], key=len)
    if len(picked) < rules.min_photos:
        picked = _grouped(field, distance, group, picked, timedelta(0), min(rules.min_photos, rules.max_photos))
    return _explained([distinct[index] for index in picked], sorted(photos, key=_when), rules, group)


def _when(photo: Photo) -> tuple[datetime, int]:
    return photo.taken_local, photo.item_id


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
    hashes, known = hashes_of(best_first)
    alive = np.ones(len(best_first), dtype=np.bool_)
    for index in range(len(best_first)):
        if alive[index] and known[index]:
            rest = slice(index + 1, None)
            alive[rest] &= (np.bitwise_count(hashes[rest] ^ hashes[index]) > bits) | ~known[rest]
    return [photo for photo, kept in zip(best_first, alive.tolist(), strict=True) if kept]


def _grouped(
    field: Field,
    distance: Callable[[Photo], int],
    group: Callable[[Photo], Hashable],
    start: Sequence[int],
    gap: timedelta,
    limit: int,
) -> list[int]:
    """Add picks to those of `start`, the group with the fewest first, each group's nearest first."""
    picker = Picker(field, gap)
    for index in start:
        picker.pick(index)
    tiers: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, photo in enumerate(field.photos):
        tiers[group(photo)].append(index)
    away = np.array([distance(photo) for photo in field.photos], dtype=np.int64)
    members = {name: np.isin(np.arange(len(field.photos)), indexes) for name, indexes in tiers.items()}
    counts = Counter(group(field.photos[index]) for index in start)
    open_groups = dict.fromkeys(tiers)
    while open_groups and len(picker.picked) < limit:
        options = []
        for name in list(open_groups):
            free = members[name] & picker.is_free
            if not free.any():
                del open_groups[name]
                continue
            options.append((counts[name], int(away[free].min()), int(np.argmax(free)), name))
        if not options:
            break
        _, nearest, _, name = min(options, key=lambda option: option[:3])
        best = picker.best(members[name] & (away == nearest))
        if best is None:
            break
        picker.pick(best)
        counts[name] += 1
    return picker.picked


def _as_they_come(photos: Sequence[Photo], gap: timedelta) -> list[int]:
    """The most photos that are a gap apart: the earliest, then always the next that is far enough."""
    taken: list[int] = []
    for index in sorted(range(len(photos)), key=lambda index: _when(photos[index])):
        if not taken or photos[index].taken_local - photos[taken[-1]].taken_local >= gap:
            taken.append(index)
    return taken


def _explained(
    chosen: Sequence[Photo], offered: Sequence[Photo], rules: Rules, group: Callable[[Photo], Hashable]
) -> list[Choice]:
    hashes, known = hashes_of(offered)
    of_group = Counter(map(group, offered))
    best: defaultdict[Hashable, float] = defaultdict(lambda: float("-inf"))
    for photo in offered:
        best[group(photo)] = max(best[group(photo)], score(photo))
    choices = []
    for photo in chosen:
        alike: tuple[Photo, ...] = ()
        if photo.phash is not None:
            own = np.uint64(photo.phash & 0xFFFF_FFFF_FFFF_FFFF)
            near = np.flatnonzero(known & (np.bitwise_count(hashes ^ own) <= rules.near_duplicate_bits))
            alike = tuple(offered[index] for index in near.tolist() if offered[index].item_id != photo.item_id)
        name = group(photo)
        others = [other.taken_local for other in chosen if other is not photo]
        crowded = any(abs(photo.taken_local - other) < rules.min_gap for other in others)
        choices.append(Choice(photo, alike, of_group[name], score(photo) >= best[name], crowded))
    return sorted(choices, key=lambda choice: _when(choice.photo))
