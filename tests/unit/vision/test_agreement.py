"""How far two models agree, on looks made for it."""

from __future__ import annotations

import numpy as np
import pytest

from albumen.vision.agreement import Look, compare


def look(words: str, *point: float) -> Look:
    vector = np.array(point, np.float32)
    return Look(tuple(words.split()), vector / np.linalg.norm(vector))


CIRCLE = {n: look(f"w{n} all", np.cos(n / 5), np.sin(n / 5)) for n in range(30)}


def test_a_model_agrees_with_itself() -> None:
    found = compare(CIRCLE, CIRCLE)
    assert (found.pictures, found.same_first, found.shared_labels, found.shared_neighbours) == (30, 1, 1, 1)
    assert found.worst(3) == [0, 1, 2]


def test_words_and_neighbours_that_differ_are_counted_and_come_first() -> None:
    other = {**CIRCLE, 7: look("elephant", -np.cos(7 / 5), -np.sin(7 / 5)), 9: look("w9", np.cos(9 / 5), np.sin(9 / 5))}
    found = compare(CIRCLE, other)
    assert found.same_first == pytest.approx(29 / 30)
    assert found.shared_labels == pytest.approx((28 + 0 + 0.5) / 30)
    assert found.shared_neighbours < 1
    assert found.worst(2) == [7, 9]


def test_only_what_both_have_seen_counts_and_no_word_is_agreement_too() -> None:
    found = compare({1: look("", 1, 0), 2: look("a", 0, 1)}, {1: look("", 1, 0), 3: look("b", 0, 1)})
    assert (found.pictures, found.same_first, found.shared_labels, found.shared_neighbours) == (1, 1, 1, 1)


def test_nothing_in_common_is_told() -> None:
    with pytest.raises(ValueError, match="both"):
        compare({1: look("a", 1)}, {2: look("a", 1)})
