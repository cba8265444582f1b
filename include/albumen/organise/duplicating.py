"""Finding near-duplicates of items that changed, bursts and similar pictures on days that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import combinations

from scipy.cluster.hierarchy import DisjointSet
from sqlalchemy import Connection

from albumen.catalog import alike, duplicates, embeddings, models_in_use
from albumen.catalog.duplicates import FoundGroup
from albumen.organise.bursts import stacks
from albumen.organise.identity import keep_ids, stable_id
from albumen.organise.keepers import Rival, rank
from albumen.organise.similar import variations
from albumen.organise.structure import Alike, probes, same_picture
from albumen.organise.windows import spans

CANDIDATES = 12
APART = 0.3
LARGEST_GROUP = 200
"""Of more copies of one picture, only new ones are compared."""
DAY = timedelta(days=1)


def find_near(connection: Connection, library_id: int, items: Sequence[int]) -> None:
    """Find the near-duplicates of these items anew, and of what they were grouped with."""
    before = duplicates.members(connection, library_id, "near", items=items)
    changed = alike.miniatures(connection, library_id, items)
    looked = {item: probes(small) for item, small in changed.items()}
    pairs = alike.candidates(connection, library_id, looked, most=CANDIDATES, apart=APART)
    others = sorted({other for _, other in pairs})
    before |= duplicates.members(connection, library_id, "near", items=others)
    before |= duplicates.members(connection, library_id, "near", groups=sorted(set(before.values())))
    small = changed | alike.miniatures(connection, library_id, sorted(set(others) | set(before) - set(changed)))
    wanted = {(min(pair), max(pair)) for pair in pairs} | _within_groups(before, changed)
    found = _compared(small, alike.comparable(connection, library_id, wanted))
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


def _within_groups(before: Mapping[int, str], changed: Mapping[int, bytes]) -> set[tuple[int, int]]:
    groups: dict[str, list[int]] = {}
    for item, group in before.items():
        groups.setdefault(group, []).append(item)
    return {
        (min(pair), max(pair))
        for members in groups.values()
        for pair in combinations(sorted(members), 2)
        if len(members) <= LARGEST_GROUP or pair[0] in changed or pair[1] in changed
    }


def _compared(small: Mapping[int, bytes], pairs: set[tuple[int, int]]) -> dict[tuple[int, int], Alike]:
    compared = {
        (first, second): same_picture(small[first], small[second])
        for first, second in sorted(pairs)
        if first in small and second in small
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
