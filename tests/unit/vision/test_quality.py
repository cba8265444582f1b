from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from albumen.vision.quality import assess, edge_acuity

Picture = NDArray[np.uint8]


def moved(picture: Picture, length: int, angle: float) -> Picture:
    """The picture as a camera moving in a straight line sees it."""
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), angle, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def blurred(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def area_under_curve(good: list[float], bad: list[float]) -> float:
    better = np.array(good)[:, None] - np.array(bad)[None]
    return float((better > 0).mean() + 0.5 * (better == 0).mean())


def test_a_sharp_well_lit_picture_has_no_faults(scene: Picture) -> None:
    quality = assess(scene)
    assert quality.reasons == ()
    assert quality.score > 0.7


def test_blur_is_named_and_lowers_the_score(scene: Picture) -> None:
    quality = assess(blurred(scene, 4))
    assert quality.reasons == ("blurred",)
    assert quality.score < assess(scene).score


@pytest.mark.parametrize("angle", [0, 45, 90, 135])
def test_movement_in_any_direction_is_blur(scene: Picture, angle: float) -> None:
    assert "blurred" in assess(moved(scene, 25, angle)).reasons


def test_a_sharp_subject_before_a_soft_background_is_not_blurred(scene: Picture) -> None:
    picture = blurred(scene, 8)
    picture[250:550, 300:700] = scene[250:550, 300:700]
    assert "blurred" not in assess(picture).reasons


FACE = (300 / 960, 250 / 720, 200 / 960, 240 / 720)


def with_face(around: Picture, face: Picture) -> Picture:
    picture = around.copy()
    picture[250:490, 300:500] = face[250:490, 300:500]
    return picture


def test_faces_that_are_not_sharp_before_a_sharp_background_are_a_fault(scene: Picture) -> None:
    picture = with_face(scene, blurred(scene, 6))
    without, judged = assess(picture), assess(picture, [FACE])
    assert without.reasons == ()
    assert without.faces is None
    assert judged.reasons == ("blurred_faces",)
    assert judged.faces is not None
    assert judged.faces < 0.45 < judged.sharpness
    assert judged.score < 0.85 * without.score


def test_sharp_faces_cost_nothing_wherever_else_it_is_soft(scene: Picture) -> None:
    for picture in (scene, with_face(blurred(scene, 8), scene)):
        judged = assess(picture, [FACE])
        assert "blurred_faces" not in judged.reasons
        assert judged.score == pytest.approx(assess(picture).score, rel=0.15)


def test_larger_faces_weigh_more_and_specks_are_no_evidence(scene: Picture) -> None:
    picture = with_face(scene, blurred(scene, 6))
    small = (0.05, 0.5, 60 / 960, 60 / 720)
    alone, both = assess(picture, [FACE]).faces, assess(picture, [FACE, small]).faces
    assert alone is not None
    assert both is not None
    assert alone < both < (alone + 1) / 2
    assert assess(picture, [(0.4, 0.4, 0.01, 0.01), (-0.5, 0.2, 0.1, 0.1), (2.0, 2.0, 0.5, 0.5)]).faces is None


def test_contrast_does_not_pass_for_sharpness(scene: Picture) -> None:
    faint = (scene * 0.4 + 70).astype(np.uint8)
    assert assess(faint).sharpness > assess(blurred(scene, 4)).sharpness


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda picture: picture * 0.1, "dark"),
        (lambda picture: np.clip(picture * 3.0 + 120, 0, 255), "overexposed"),
        (lambda picture: picture * 0.1 + 110, "low_contrast"),
        (lambda picture: picture[::5, ::5], "tiny"),
    ],
)
def test_each_fault_is_named(scene: Picture, change: Callable[[Picture], Picture], reason: str) -> None:
    quality = assess(change(scene).astype(np.uint8))
    assert reason in quality.reasons
    assert quality.score < assess(scene).score


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 4000, 3), (4000, 1, 3), (7, 7, 3), (64, 64, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_degenerate_pictures_get_numbers_between_0_and_1(shape: tuple[int, int, int], value: int) -> None:
    quality = assess(np.full(shape, value, np.uint8))
    for number in (quality.score, quality.sharpness, quality.exposure, quality.contrast):
        assert 0 <= number <= 1
    assert "tiny" in quality.reasons


def test_flat_pictures_have_no_edges() -> None:
    assert edge_acuity(np.full((600, 800), 90, np.uint8)) == 0


def test_blur_of_real_photos_is_told_from_sharpness(corpus: Path, read: Callable[[Path], Picture]) -> None:
    photos = [read(path) for path in sorted((corpus / "life").glob("derived-*/*.jpg"))]
    sharp = [assess(photo).sharpness for photo in photos]
    strong = [assess(blurred(photo, 2.7)).sharpness for photo in photos]
    mild = [assess(blurred(photo, 1.3)).sharpness for photo in photos]
    motion = [assess(moved(photo, 15, 37 * number % 180)).sharpness for number, photo in enumerate(photos)]
    assert len(photos) >= 15
    assert area_under_curve(sharp, strong) > 0.96
    assert area_under_curve(sharp, mild) > 0.86
    assert area_under_curve(sharp, motion) > 0.89
