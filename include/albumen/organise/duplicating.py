"""Finding near-duplicates of items that changed, bursts and similar pictures on days that changed."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import combinations
from typing import Any

from scipy.cluster.hierarchy import DisjointSet
from sqlalchemy import Connection

from albumen.catalog import alike, duplicates, embeddings, models_in_use
from albumen.catalog.duplicates import FoundGroup
from albumen.organise import footage, structure
from albumen.organise.bursts import stacks
from albumen.organise.identity import keep_ids, stable_id
from albumen.organise.keepers import Rival, rank
from albumen.organise.similar import variations
from albumen.organise.structure import Alike
from albumen.organise.windows import spans

CANDIDATES = 12
APART = 0.3
LARGEST_GROUP = 200
"""Of more copies of one picture, only new ones are compared."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sort:
    """How one sort of items is read, looked for and compared; those of different sorts are never copies.

    Attributes
    ----------
    table : str
        Where its structures are.
    read : callable
        From items to what is compared of them.
    probes : callable
        From that to vectors to look for it with.
    compare : callable
        Of two of them, how alike they are, None where they do not show the same.
    """

    table: str
    read: Callable[[Connection, int, Sequence[int]], dict[int, Any]]
    probes: Callable[[Any], Sequence[Any]]
    compare: Callable[[Any, Any], Alike | None]


SORTS = (
    Sort("likenesses", alike.miniatures, structure.probes, structure.same_picture),
    Sort("video_signatures", alike.signatures, footage.probes, footage.same_footage),
)


def find_near(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Find the near-duplicates of these items anew, and of what they were grouped with."""
    before = duplicates.members(connection, library_id, "near", items=items)
    found: dict[tuple[int, int], Alike] = {}
    for sort in SORTS:
        changed = sort.read(connection, library_id, items)
        looked = {item: sort.probes(one) for item, one in changed.items()}
        pairs = alike.candidates(connection, library_id, sort.table, looked, most=CANDIDATES, apart=APART)
        others = sorted({other for _, other in pairs})
        before |= duplicates.members(connection, library_id, "near", items=others)
        before |= duplicates.members(connection, library_id, "near", groups=sorted(set(before.values())))
        known = changed | sort.read(connection, library_id, sorted(set(others) | set(before) - set(changed)))
        wanted = {(min(pair), max(pair)) for pair in pairs} | _within_groups(before, changed)
        found |= _compared(known, wanted, sort.compare)
    _store(connection, library_id, "near", before, _components(found), found)


def find_in_time(connection: Connection, library_id: int, changed: Sequence[date]) -> None:
    """Find the bursts and the similar pictures of these local days anew."""
    scene = models_in_use.model_ids(connection)[models_in_use.SCENE]
    for first, last in spans(changed, apart=DAY):
        start, end = datetime.combine(first, time()) - DAY, datetime.combine(last, time()) + 2 * DAY
        frames = alike.frames(connection, library_id, start, end)
        items = [frame.item_id for frame in frames]
        bursts = stacks(frames)
        _replace(connection, library_id, "stack", items, bursts)
        points = embeddings.vectors(connection, library_id, items, model_id=scene)
        near = duplicates.members(connection, library_id, "near", items=items)
        _replace(connection, library_id, "similar", items, _told_once(variations(frames, points), bursts, near))


def _replace(
    connection: Connection, library_id: int, kind: str, items: Sequence[int], groups: Sequence[Sequence[int]]
) -> None:
    before = duplicates.members(connection, library_id, kind, items=items)
    before |= duplicates.members(connection, library_id, kind, groups=sorted(set(before.values())))
    _store(connection, library_id, kind, before, groups, {})


def _told_once(
    similar: Sequence[Sequence[int]], bursts: Sequence[Sequence[int]], near: Mapping[int, str]
) -> list[Sequence[int]]:
    """Without groups that are a burst, or copies of one picture, all of them."""
    whole = [set(burst) for burst in bursts]
    return [
        group
        for group in similar
        if not any(set(group) <= burst for burst in whole) and len({near.get(item, item) for item in group}) > 1
    ]


def _within_groups(before: Mapping[int, str], changed: Container[int]) -> set[tuple[int, int]]:
    groups: dict[str, list[int]] = {}
    for item, group in before.items():
        groups.setdefault(group, []).append(item)
    return {
        (min(pair), max(pair))
        for members in groups.values()
        for pair in combinations(sorted(members), 2)
        if len(members) <= LARGEST_GROUP or pair[0] in changed or pair[1] in changed
    }


def _compared(
    known: Mapping[int, Any], pairs: set[tuple[int, int]], compare: Callable[[Any, Any], Alike | None]
) -> dict[tuple[int, int], Alike]:
    compared = {
        (first, second): compare(known[first], known[second])
        for first, second in sorted(pairs)
        if first in known and second in known
    }
    return {pair: alike for pair, alike in compared.items() if alike is not None}


def _components(found: Mapping[tuple[int, int], Alike]) -> list[list[int]]:
    linked = DisjointSet(sorted({item for pair in found for item in pair}))
    for first, second in found:
        linked.merge(first, second)
    return [sorted(subset) for subset in linked.subsets()]


def _store(
    connection: Connection,
    library_id: int,
    kind: str,
    before: Mapping[int, str],
    groups: Sequence[Sequence[int]],
    found: Mapping[tuple[int, int], Alike],
) -> None:
    gone = sorted(set(before.values()))
    fresh = [stable_id(kind, library_id, min(group)) for group in groups]
    ids = keep_ids(before, groups, fresh)
    chosen = duplicates.resolved_keepers(connection, library_id, gone)
    known = alike.rivals(connection, library_id, sorted({item for group in groups for item in group}))
    rows = []
    for group_id, group in zip(ids, groups, strict=True):
        ranked = rank([Rival(**known[item]) for item in group if item in known], is_burst=kind != "near")
        if len(ranked) < 2:
            continue
        if chosen.get(group_id) in group:
            ranked.sort(key=lambda entry, keeper=chosen[group_id]: entry[0].item_id != keeper)  # type: ignore[misc]
        items = [rival.item_id for rival, _ in ranked]
        alikes = [_to_keeper(items[0], item, found) for item in items]
        reasons = next((reasons for _, reasons in ranked if reasons), [])
        scores, turns = [one.score for one in alikes], [one.turned for one in alikes]
        rows.append(FoundGroup(group_id, items, scores, turns, reasons))
    duplicates.replace(connection, library_id, kind, gone, rows)


def _to_keeper(keeper: int, item: int, found: Mapping[tuple[int, int], Alike]) -> Alike:
    """How alike an item is to the keeper; 0 where it is so by way of another member only."""
    if item == keeper:
        return Alike(1.0, 0)
    return found.get((min(keeper, item), max(keeper, item)), Alike(0.0, 0))
