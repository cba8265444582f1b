"""Grouping face vectors: conservative first, then by average linkage; never two faces of one photo."""

from __future__ import annotations

import numpy as np
import pytest

from albumen.organise.people import Group, agglomerate, first_pass, is_clear, overlap

DICE = np.random.default_rng(7)
FRONTAL = (0.3, 0.3, 0.5, 0.3, 0.4, 0.4, 0.32, 0.5, 0.48, 0.5)


def someone() -> np.ndarray:
    return unit(DICE.normal(size=128))


def unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def face(person: np.ndarray, spread: float = 0.9) -> np.ndarray:
    """A face whose cosine with the person is about 1 / sqrt(1 + spread²)."""
    return unit(person + spread * unit(DICE.normal(size=128)))


def grouped(vectors: list[np.ndarray], photos: list[int], known: list[Group] | None = None) -> list[list[int]]:
    stacked = np.stack(vectors)
    cosines = stacked @ stacked.T
    pairs = [(i, j, float(cosines[i, j])) for i in range(len(vectors)) for j in range(i) if cosines[i, j] > 0.42]
    return sorted(sorted(group.faces) for group in agglomerate([*(known or []), *first_pass(stacked, photos, pairs)]))


def test_faces_of_the_same_person_are_grouped_and_others_are_not() -> None:
    people = [someone() for _ in range(5)]
    vectors = [face(person) for person in people for _ in range(6)]
    assert grouped(vectors, list(range(30))) == [list(range(start, start + 6)) for start in range(0, 30, 6)]


def test_two_faces_of_one_photo_are_never_one_person_however_alike() -> None:
    twin = someone()
    vectors = [face(twin, 0.1) for _ in range(4)]
    groups = grouped(vectors, [1, 1, 2, 2])
    assert len(groups) == 2
    assert all(len({(0, 0, 1, 1)[number] for number in group}) == 2 for group in groups)


def known(person: np.ndarray, name: str, *, is_named: bool, apart: set[str] | None = None) -> Group:
    return Group([], 10 * face(person, 0.1), 10, set(), name, is_named, apart or set())


def test_a_new_face_joins_the_person_it_is_nearest_to() -> None:
    ann, bob = someone(), someone()
    people = [known(ann, "ann", is_named=True), known(bob, "bob", is_named=False)]
    left = agglomerate([*people, Group([0], face(bob), 1, {5})])
    assert {group.person_id: group.faces for group in left} == {"ann": [], "bob": [0]}


def test_two_single_faces_need_more_than_two_groups() -> None:
    """At a cosine of 0.45 two faces may be two strangers'; so near in the mean, ten and ten are one person's."""
    axis = np.eye(128, dtype=np.float32)
    one, other = axis[0], np.asarray(0.45 * axis[0] + np.sqrt(1 - 0.45**2) * axis[1], np.float32)
    for count, left in ((1, 2), (10, 1)):
        both = [Group([number], count * vector, count, {number}) for number, vector in enumerate((one, other))]
        assert len(agglomerate(both)) == left


def test_people_with_names_never_become_one_and_unnamed_ones_do() -> None:
    ann = someone()
    both = [known(ann, "a", is_named=True), known(ann, "b", is_named=True)]
    assert {group.person_id for group in agglomerate(both)} == {"a", "b"}
    (one,) = agglomerate([known(ann, "a", is_named=False), known(ann, "b", is_named=True)])
    assert (one.person_id, one.merged) == ("b", ["a"])


def test_who_was_told_apart_stays_apart() -> None:
    ann = someone()
    told = [known(ann, "a", is_named=False, apart={"b"}), known(ann, "b", is_named=False)]
    assert len(agglomerate(told)) == 2
    stranger = Group([0], face(ann, 0.1), 1, {1}, apart={"a"})
    assert len(agglomerate([known(ann, "a", is_named=True), stranger])) == 2


@pytest.mark.parametrize(
    ("side", "score", "sharpness", "landmarks", "clear"),
    [
        (80, 0.9, 100, FRONTAL, True),
        (20, 0.9, 100, FRONTAL, False),
        (80, 0.6, 100, FRONTAL, False),
        (80, 0.9, 5, FRONTAL, False),
        (80, 0.9, 100, (*FRONTAL[:4], 0.6, *FRONTAL[5:]), False),
        (80, 0.9, 100, (0.4, *FRONTAL[1:2], 0.4, *FRONTAL[3:]), False),
    ],
)
def test_small_blurred_unsure_and_turned_faces_found_nobody(side, score, sharpness, landmarks, clear) -> None:
    assert is_clear(side, score, sharpness, landmarks) is clear


def test_boxes_overlap_by_their_shared_area() -> None:
    assert overlap((0, 0, 1, 1), (0, 0, 1, 1)) == 1
    assert overlap((0, 0, 0.5, 0.5), (0.5, 0.5, 0.5, 0.5)) == 0
    assert overlap((0, 0, 1, 1), (0, 0, 0.5, 1)) == pytest.approx(0.5)
