"""Copies of footage are told from other takes of one scene by how the picture changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from albumen.catalog.alike import Signature
from albumen.organise import footage
from albumen.organise.footage import PER_SECOND, SIDE

SCENE = cv2.resize(
    np.random.default_rng(1).integers(0, 255, (9, 9)).astype(np.uint8), (64, 64), interpolation=cv2.INTER_CUBIC
)


def take(seed: int, seconds: float = 6.0, *, first: float = 0.0, noise: float = 1.5, gain: float = 1.0) -> Signature:
    """A hand holds a camera; every take begins at the same place. `first` and `seconds` say what is kept of it."""
    dice, hand = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
    steps = np.cumsum(hand.normal(scale=1.2, size=(round(8 * PER_SECOND), 2)), axis=0) - 0.0
    places = np.vstack([[0, 0], steps[:-1]]) + 26
    frames = [cv2.getRectSubPix(SCENE, (SIDE, SIDE), tuple(map(float, at))).astype(float) for at in places]
    kept = np.array(frames)[round(first * PER_SECOND) : round((first + seconds) * PER_SECOND)]
    noisy = kept * gain + dice.normal(scale=noise, size=kept.shape)
    return Signature(np.clip(noisy, 0, 255).astype(np.uint8).tobytes(), seconds)


def still(seconds: float, *, level: int = 0) -> Signature:
    frame = SCENE[20:32, 20:32].astype(int) + level
    frames = np.repeat(np.clip(frame, 0, 255).astype(np.uint8)[None], round(seconds * PER_SECOND), axis=0)
    return Signature(frames.tobytes(), seconds)


@pytest.mark.parametrize(
    "copy",
    [
        take(3, noise=4.0),
        take(3, gain=0.8),
        take(3, 5.0),
        take(3, 5.0, first=1.0),
        take(3, 5.06, first=0.44),
        take(3, 3.0, first=2.0),
    ],
    ids=["recompressed", "darker", "less at the end", "at the beginning", "at both ends", "half of it"],
)
def test_copies_are_found_also_when_they_lack_a_second(copy: Signature) -> None:
    for a, b in ((take(3), copy), (copy, take(3))):
        found = footage.same_footage(a, b)
        assert found is not None
        assert 0.88 <= found.score <= 1
    assert max(float(probe @ footage.view(take(3).frames)) for probe in footage.probes(copy)) > 0.7


@pytest.mark.parametrize("seed", range(10, 30))
def test_another_take_of_the_scene_is_no_copy_though_it_begins_with_the_same_picture(seed: int) -> None:
    assert footage.same_footage(take(3), take(seed)) is None


def test_an_excerpt_is_no_copy() -> None:
    assert footage.same_footage(take(3), take(3, 2.5)) is None


def test_where_nothing_moves_length_and_picture_decide() -> None:
    assert footage.same_footage(still(5.0), still(5.1, level=3)) is not None
    assert footage.same_footage(still(5.0), still(4.0)) is None
    assert footage.same_footage(still(5.0), take(3, 5.0)) is None
    black = Signature(bytes(40 * SIDE * SIDE), 5.0)
    assert footage.same_footage(black, black) is None


def test_one_frame_is_enough_for_a_video_that_has_no_more() -> None:
    one = Signature(still(1.0).frames[: SIDE * SIDE], 0.1)
    assert footage.same_footage(one, one) is not None
