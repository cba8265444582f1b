from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from albumen.vision.faces import Face, FaceFinder
from albumen.vision.manifest import models

Picture = NDArray[np.uint8]


@dataclass
class Portrait:
    person: str
    picture: Picture
    faces: list[Face]


@pytest.fixture(scope="module")
def portraits(corpus: Path, read: Callable[[Path], Picture], finder: FaceFinder) -> list[Portrait]:
    with (corpus / "people" / "IDENTITIES.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    pictures = [(row["person"], read(corpus / row["path"])) for row in rows]
    return [Portrait(person, picture, finder.find(picture)) for person, picture in pictures]


@pytest.fixture(scope="module")
def portrait(portraits: list[Portrait]) -> Portrait:
    return portraits[0]


def test_each_portrait_holds_one_face(portraits: list[Portrait]) -> None:
    assert [len(portrait.faces) for portrait in portraits] == [1] * len(portraits)


def test_faces_of_upright_pictures_are_upright(portraits: list[Portrait]) -> None:
    for portrait in portraits:
        eye_1, eye_2, nose, mouth_1, mouth_2 = np.reshape(portrait.faces[0].landmarks, (5, 2))
        assert eye_1[0] < eye_2[0]
        assert mouth_1[0] < mouth_2[0]
        assert max(eye_1[1], eye_2[1]) < nose[1] < min(mouth_1[1], mouth_2[1])


def test_landmarks_lie_in_the_box(portraits: list[Portrait]) -> None:
    for portrait in portraits:
        face = portrait.faces[0]
        points = np.reshape(face.landmarks, (5, 2))
        assert np.all(points > (face.x, face.y))
        assert np.all(points < (face.x + face.width, face.y + face.height))


def test_the_same_person_is_told_from_others(portraits: list[Portrait]) -> None:
    threshold = models()["sface-2021dec"].threshold
    for a, b in combinations(portraits, 2):
        cosine = float(a.faces[0].embedding @ b.faces[0].embedding)
        assert (cosine >= threshold) == (a.person == b.person), (a.person, b.person, cosine)


def test_a_small_face_has_the_vector_of_the_large_one(portrait: Portrait, finder: FaceFinder) -> None:
    small = np.asarray(cv2.resize(portrait.picture, (200, 200), interpolation=cv2.INTER_AREA), np.uint8)
    (face,) = finder.find(small)
    assert float(face.embedding @ portrait.faces[0].embedding) > 0.7


def test_vectors_have_length_one_and_repeat(portrait: Portrait, finder: FaceFinder) -> None:
    (again,) = finder.find(portrait.picture)
    assert again.embedding.shape == (128,)
    assert again.embedding.dtype == np.float32
    assert float(np.linalg.norm(again.embedding)) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(again.embedding, portrait.faces[0].embedding)


def test_every_face_of_a_group_is_found_best_first(portraits: list[Portrait], finder: FaceFinder) -> None:
    pictures = [np.asarray(cv2.resize(portrait.picture, (720, 720)), np.uint8) for portrait in portraits[::2][:12]]
    group = np.vstack([np.hstack(pictures[:6]), np.hstack(pictures[6:])])
    assert group.shape == (1440, 4320, 3)
    faces = finder.find(group)
    assert len(faces) == 12
    assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)


def test_a_face_cut_by_the_border_stays_within_the_picture(portrait: Portrait, finder: FaceFinder) -> None:
    face = portrait.faces[0]
    column = round((face.x + face.width * 0.3) * portrait.picture.shape[1])
    (found,) = finder.find(np.ascontiguousarray(portrait.picture[:, column:]))
    assert found.x == 0
    assert 0 < found.width < 1
    assert 0 <= found.y <= found.y + found.height <= 1


def test_a_blurred_face_is_less_sharp(portrait: Portrait, finder: FaceFinder) -> None:
    (face,) = finder.find(np.asarray(cv2.GaussianBlur(portrait.picture, (0, 0), 12), np.uint8))
    assert face.sharpness < portrait.faces[0].sharpness / 4


@pytest.mark.parametrize("shape", [(1, 1, 3), (31, 900, 3), (33, 40, 3), (40, 4320, 3), (1440, 1920, 3)])
def test_a_picture_of_nothing_has_no_faces(finder: FaceFinder, shape: tuple[int, int, int]) -> None:
    assert finder.find(np.full(shape, 128, np.uint8)) == []


@pytest.mark.parametrize("picture", [np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3), np.float32)])
def test_what_is_no_picture_is_refused(finder: FaceFinder, picture: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match="not an RGB picture"):
        finder.find(picture)  # type: ignore[arg-type]
