"""Who keeps their name? Ids of events, trips, groups and people survive when they are computed anew."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

LENGTH = 12

Member = TypeVar("Member", bound=Hashable)


def keep_ids(
    before: Mapping[Member, str],
    groups: Sequence[Sequence[Member]],
    fresh: Sequence[str],
    reserved: Collection[str] = (),
) -> list[str]:
    """An id for each new group: of the old group it shares most members with, else its fresh one.

    Each old id goes to one group; where several want it, the one that shares most has it, then the first.

    Parameters
    ----------
    before : mapping of member to id
        What the members belonged to.
    groups : sequence of sequences of members
        What belongs together now; a member is in one group.
    fresh : sequence of str
        An id of its own for each group, used where no old one fits.
    reserved : collection of str
        Ids that others have and keep.
    """
    wishes = []
    for number, members in enumerate(groups):
        shared = Counter(before[member] for member in members if member in before)
        wishes += [(-count, number, old) for old, count in shared.items()]
    given: dict[int, str] = {}
    taken: set[str] = set(reserved)
    for _, number, old in sorted(wishes):
        if number not in given and old not in taken:
            given[number] = old
            taken.add(old)
    for number, wanted in enumerate(fresh):
        if number not in given:
            name, tries = wanted, 1
            while name in taken:
                name, tries = stable_id(wanted, tries), tries + 1
            given[number] = name
            taken.add(name)
    return [given[number] for number in range(len(groups))]


def stable_id(*parts: object) -> str:
    """Twelve hex digits of these parts: the same parts, the same id."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:LENGTH]
