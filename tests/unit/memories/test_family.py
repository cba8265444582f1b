"""A day of two libraries: told where they were together, with pictures of both, and of nobody who was elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from albumen.memories.context import Photo, Relative, Told
from albumen.memories.contract import Candidate
from albumen.memories.kinds.family import Family, shared_days
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable

DAY, TODAY = date(2019, 6, 15), date(2026, 6, 15)
ANN = Relative(2, "ann", {DAY: 6})
HERE, ELSEWHERE = (43.4628, 11.8825), (45.44, 12.33)


def taken(count: int, start: int, minute: int, **changes: object) -> list[Photo]:
    return [
        a_memorable(
            start + n, datetime(DAY.year, DAY.month, DAY.day, 10, minute) + timedelta(minutes=40 * n), **changes
        )
        for n in range(count)
    ]


def lent(photos: Sequence[Photo], lender: Relative = ANN) -> list[Photo]:
    return [replace(photo, lender=Relative(lender.library_id, lender.name)) for photo in photos]


def told(photos: Sequence[Photo], today: date = TODAY, **changes: object) -> list[tuple[Candidate, str]]:
    kind = Family(MemorySettings())
    own = {DAY: sum(photo.lender is None for photo in photos)}
    context = a_context(list(photos), days=own, **{"relatives": (ANN,), **changes})
    return [(story, kind.title(story, "en_GB")) for story in kind.candidates(context, today, seed=1)]


def test_who_was_at_the_same_place_is_in_the_story() -> None:
    photos = [*taken(6, 1, 0, gps=HERE, place="Arezzo"), *lent(taken(6, 100, 20, gps=HERE, place="Arezzo"))]
    ((story, title),) = told(photos)
    assert title == "Together in Arezzo, 15 June 2019"
    assert story.key == "family:2019-06-15"
    assert story.reason == "12 photos of one day, 6 of them from ann"
    assert [photo.taken_local for photo in (item.photo for item in story.items)] == sorted(
        photo.taken_local for photo in photos
    )
    assert {item.photo.lender for item in story.items} == {None, Relative(2, "ann")}
    assert story.items[0].reason.startswith("the best of 6 from Home")


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [({"gps": HERE}, {"gps": ELSEWHERE}), ({"place_id": "a"}, {"place_id": "b"}), ({}, {}), ({"gps": HERE}, {})],
)
def test_who_was_elsewhere_or_who_knows_where_is_not(mine: dict[str, object], theirs: dict[str, object]) -> None:
    assert told([*taken(6, 1, 0, **mine), *lent(taken(6, 100, 20, **theirs))]) == []


def test_a_place_by_name_is_enough_where_there_is_no_position() -> None:
    assert told([*taken(6, 1, 0, place_id="it-arezzo"), *lent(taken(6, 100, 20, place_id="it-arezzo"))])


def test_of_three_only_those_who_were_there_lend() -> None:
    tom = Relative(3, "tom", {DAY: 6})
    here = {"gps": HERE}
    photos = [*taken(6, 1, 0, **here), *lent(taken(6, 100, 20, **here)), *lent(taken(6, 200, 30, gps=ELSEWHERE), tom)]
    ((story, title),) = told(photos, relatives=(ANN, tom))
    assert title == "Together, 15 June 2019"
    assert {item.photo.lender.name for item in story.items if item.photo.lender} == {"ann"}


def test_a_day_is_not_told_before_all_is_in_nor_again_soon() -> None:
    photos = [*taken(6, 1, 0, gps=HERE), *lent(taken(6, 100, 20, gps=HERE))]
    assert told(photos, DAY + timedelta(days=1)) == []
    ((fresh, _),) = told(photos, DAY + timedelta(days=3))
    ((later, _),) = told(photos, TODAY + timedelta(days=90))
    assert fresh.strength > later.strength
    before = Told("family", fresh.key, TODAY - timedelta(days=20), frozenset())
    assert told(photos, told=(before,)) == []


def test_only_days_with_photos_of_both_are_looked_at() -> None:
    context = a_context([], days={DAY: 9, DAY + timedelta(days=1): 9, DAY + timedelta(days=2): 1}, relatives=(ANN,))
    assert shared_days(context) == [DAY]
    assert shared_days(replace(context, relatives=())) == []
    assert Family(MemorySettings()).window(context, TODAY).with_relatives
