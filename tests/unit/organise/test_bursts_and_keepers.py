"""Bursts by what the camera says, then time and looks; which member is kept, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from albumen.catalog.alike import Frame
from albumen.organise.bursts import stacks
from albumen.organise.keepers import Rival, rank

START = datetime(2020, 5, 1, 12, tzinfo=UTC)


def frame(number: int, seconds: float, *, camera: str = "X", burst: str | None = None, phash: int = 0) -> Frame:
    return Frame(number, START + timedelta(seconds=seconds), camera, burst, phash)


def test_frames_within_two_seconds_that_look_alike_are_a_burst() -> None:
    assert stacks([frame(1, 0), frame(2, 1), frame(3, 2.5), frame(4, 60), frame(5, 61)]) == [[1, 2, 3]]


def test_two_cameras_and_two_scenes_make_no_burst() -> None:
    assert stacks([frame(1, 0, camera="X"), frame(2, 1, camera="X"), frame(3, 1, camera="Y")]) == []
    assert stacks([frame(1, 0), frame(2, 1, phash=-1), frame(3, 2)]) == []
    assert stacks([frame(n, n, camera="") for n in range(5)]) == []


def test_what_the_camera_says_counts_before_time() -> None:
    assert stacks([frame(1, 0, burst="a"), frame(2, 900, burst="a"), frame(3, 901)]) == [[1, 2]]


ORIGINAL = Rival(1, "image/jpeg", 4_000_000, 12_000_000, True, True, 0.6, 0)


def test_the_original_is_kept_before_its_copies() -> None:
    smaller = replace(ORIGINAL, item_id=2, pixels=2_000_000, bytes=300_000, is_located=False, quality=0.9)
    recompressed = replace(ORIGINAL, item_id=3, bytes=900_000)
    ranked = rank([smaller, recompressed, ORIGINAL], is_burst=False)
    assert [rival.item_id for rival, _ in ranked] == [1, 3, 2]
    assert ranked[0][1] == ["less compressed"]
    assert rank([smaller, ORIGINAL], is_burst=False)[0][1] == ["more pixels", "tells where it was taken"]


def test_of_a_burst_the_best_picture_is_kept_and_the_owners_stars_decide() -> None:
    sharp = replace(ORIGINAL, item_id=2, quality=0.9)
    starred = replace(ORIGINAL, item_id=3, quality=0.1, rating=5)
    assert [rival.item_id for rival, _ in rank([ORIGINAL, sharp, starred], is_burst=True)] == [3, 2, 1]
    assert rank([ORIGINAL, sharp], is_burst=True)[0][1] == ["the better picture"]


def test_of_the_very_same_the_first_stays() -> None:
    assert rank([replace(ORIGINAL, item_id=9), ORIGINAL], is_burst=False)[0][0].item_id == 1
