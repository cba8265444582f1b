"""Picking photos that are good and unlike one another: maximal marginal relevance.

Each pick is the photo with the most left of its merit after what it shares with those picked
already [1]_. What two photos share is how they look, when and where they were taken, and who is
in them.

References
----------
.. [1] J. Carbonell, J. Goldstein, "The use of MMR, diversity-based reranking for reordering
   documents and producing summaries", SIGIR 1998.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from albumen.memories.context import Photo

Floats = NDArray[np.float64]

# How much of the merit counts; the rest is what is new in it.
MERIT = 0.6
LOOK, TIME, PLACE, PEOPLE = 0.45, 0.3, 0.15, 0.1
# Perceptual hashes of unrelated pictures differ in about half of their 64 bits.
UNRELATED_BITS = 32
# In a stretch of time or space, so many parts are told apart.
PARTS = 20
LEAST_KM = 0.2
KM_A_DEGREE = 111.2
# Processors differ in the last digits; a pick must not.
DIGITS = 9


class Field:
    """Photos as columns, to be compared with one another.

    Parameters
    ----------
    photos : sequence of Photo
        n of them, best first.
    merits : sequence of float
        How good each is by itself, 0 to 1.
    least_gap : timedelta
        Nearer in time than this is the same moment.
    """

    def __init__(self, photos: Sequence[Photo], merits: Sequence[float], least_gap: timedelta) -> None:
        self.photos = photos
        self.merits: Floats = np.array(merits, dtype=np.float64)
        start = min((photo.taken_local for photo in photos), default=None)
        self.seconds: Floats = np.array(
            [0.0 if start is None else (photo.taken_local - start).total_seconds() for photo in photos], np.float64
        )
        self.hashes, self.has_hash = hashes_of(photos)
        spots = [photo.gps or (np.nan, np.nan) for photo in photos]
        self.spots: Floats = np.array(spots, dtype=np.float64).reshape(len(photos), 2)
        self.people = np.array([len(photo.faces) for photo in photos], dtype=np.int64)
        self.moment = max(float(np.ptp(self.seconds)) / PARTS if len(photos) else 0.0, least_gap.total_seconds(), 60.0)

    @cached_property
    def reach_km(self) -> float:
        """How far apart two places of this field are different ones."""
        known = self.spots[~np.isnan(self.spots[:, 0])]
        if not len(known):
            return LEAST_KM
        return max(float(np.max(np.ptp(known, axis=0))) * KM_A_DEGREE / PARTS, LEAST_KM)

    def likeness(self, index: int) -> Floats:
        """How much each photo shares with one of them, (n,) 0 to 1; what is not known of both does not count."""
        bits = np.bitwise_count(self.hashes ^ self.hashes[index]).astype(np.float64)
        look = np.clip(1.0 - bits / UNRELATED_BITS, 0.0, 1.0)
        time = np.exp(-np.abs(self.seconds - self.seconds[index]) / self.moment)
        north, east = (self.spots - self.spots[index]).T
        east = east * np.cos(np.radians(self.spots[index, 0]))
        distance = np.hypot(north, east) * KM_A_DEGREE
        is_placed = ~np.isnan(distance)
        place = np.exp(-np.where(is_placed, distance, 0.0) / self.reach_km)
        is_hashed = self.has_hash & self.has_hash[index]
        people = (np.minimum(self.people, 3) == min(int(self.people[index]), 3)).astype(np.float64)
        weights = TIME + PEOPLE + LOOK * is_hashed + PLACE * is_placed
        shared = TIME * time + PEOPLE * people + LOOK * look * is_hashed + PLACE * place * is_placed
        return np.asarray(shared / weights, dtype=np.float64)


class Picker:
    """Picks one photo after the other from a field.

    Parameters
    ----------
    field : Field
        What there is.
    gap : timedelta
        Least time between two picks.
    """

    def __init__(self, field: Field, gap: timedelta) -> None:
        self.field = field
        self.gap_s = gap.total_seconds()
        self.is_free = np.ones(len(field.photos), dtype=np.bool_)
        self.shared: Floats = np.zeros(len(field.photos), dtype=np.float64)
        self.picked: list[int] = []

    def best(self, among: NDArray[np.bool_]) -> int | None:
        """The photo to pick next among some, by index; None where none of them is free."""
        offered = among & self.is_free
        if not offered.any():
            return None
        value = np.round(MERIT * self.field.merits - (1 - MERIT) * self.shared, DIGITS)
        return int(np.argmax(np.where(offered, value, -np.inf)))

    def pick(self, index: int) -> None:
        """Take a photo; what is too near to it in time is free no more."""
        self.picked.append(index)
        self.is_free &= np.abs(self.field.seconds - self.field.seconds[index]) >= self.gap_s
        self.is_free[index] = False
        self.shared = np.maximum(self.shared, self.field.likeness(index))


def hashes_of(photos: Sequence[Photo]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Perceptual hashes, (n,) uint64, and which of them are known, (n,) bool."""
    values = [0 if photo.phash is None else photo.phash & 0xFFFF_FFFF_FFFF_FFFF for photo in photos]
    return np.array(values, dtype=np.uint64), np.array([photo.phash is not None for photo in photos], dtype=np.bool_)
