from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from albumen.settings import Settings
from albumen.vision import label_vectors
from albumen.vision.labels import MOST_LABELS, class_names, groups, labels_of
from albumen.vision.network import OnnxNetwork
from albumen.vision.scene import SceneEye, SceneModel, squared
from albumen.vision.sentences import TextEncoder
from albumen.vision.weights import WeightsError, path_of
from albumen.vision.word_pieces import WordPieces

Picture = NDArray[np.uint8]
CHOSEN = Settings().models


@pytest.fixture(scope="module")
def model(weights_directory: Path) -> SceneModel:
    network = OnnxNetwork(path_of(CHOSEN.scene, weights_directory), threads=1)
    return SceneModel(SceneEye(network), label_vectors.load(CHOSEN.sentences, weights_directory))


@pytest.fixture(scope="module")
def encoder(weights_directory: Path) -> TextEncoder:
    vocabulary = path_of(label_vectors.VOCABULARY, weights_directory)
    return TextEncoder(path_of(CHOSEN.sentences, weights_directory), vocabulary, threads=1)


SHOWN = {
    "skiing in the snow": ("life/derived-cerknica-2019/IMG_0030.jpg", "winter sport"),
    "dinner in a restaurant": ("life/derived-visnjan-2020/IMG_0015.jpg", "restaurant"),
    "someone's guitar": ("near-duplicates/imagededup/ukbench09012.jpg", "musical instrument"),
    "a church in an old town": ("life/arezzo-2008-10-22/DSCN0040.jpg", "church"),
}


def test_real_photos_are_labelled_and_found_by_a_sentence(
    model: SceneModel, encoder: TextEncoder, corpus: Path, read: Callable[[Path], Picture]
) -> None:
    seen = model.predict([read(corpus / path) for path, _ in SHOWN.values()])
    for scene, (path, label) in zip(seen, SHOWN.values(), strict=True):
        assert label in {one.name for one in scene.labels}, path
    for sentence, point in zip(SHOWN, encoder.predict(list(SHOWN)), strict=True):
        best = max(zip(SHOWN, seen, strict=True), key=lambda pair: float(pair[1].text_vector @ point))
        assert best[0] == sentence


def test_there_are_a_thousand_different_names_and_every_class_of_a_group_exists() -> None:
    assert len(set(class_names())) == 1000
    assert all(0 <= number < 1000 for classes in groups().values() for number in classes)
    assert len(groups()["dog"]) == 118


def test_a_wide_word_sums_its_classes() -> None:
    probabilities = np.zeros(1000, np.float32)
    probabilities[151:159] = 0.11
    assert {label.name for label in labels_of(probabilities)} == {"animal", "dog"}
    probabilities[:] = 0
    probabilities[281] = 0.9
    found = {label.name: label.score for label in labels_of(probabilities)}
    assert found == pytest.approx({"animal": 0.9, "cat": 0.9, "tabby": 0.9})


def test_a_model_that_knows_nothing_says_nothing() -> None:
    assert labels_of(np.full(1000, 0.001, np.float32)[::-1] * 0.2) == []
    assert len(labels_of(np.ones(1000, np.float32))) == MOST_LABELS


def test_points_have_length_one_and_a_batch_changes_nothing(model: SceneModel, scene: Picture) -> None:
    pictures = [scene, np.ascontiguousarray(scene[::-1]), np.zeros((40, 900, 3), np.uint8)]
    together = model.predict(pictures)
    for picture, found in zip(pictures, together, strict=True):
        (alone,) = model.predict([picture])
        assert found.vector.shape == (1280,)
        assert float(np.linalg.norm(found.vector)) == pytest.approx(1, abs=1e-5)
        assert float(np.linalg.norm(found.text_vector)) == pytest.approx(1, abs=1e-5)
        assert np.allclose(found.vector, alone.vector, atol=1e-5)
        assert [one.name for one in found.labels] == [one.name for one in alone.labels]


def test_a_smaller_copy_is_nearer_than_another_picture(model: SceneModel, scene: Picture) -> None:
    copy = np.asarray(cv2.resize(scene, (320, 240), interpolation=cv2.INTER_AREA), np.uint8)
    other = np.random.default_rng(1).integers(0, 256, scene.shape, np.uint8)
    here, near, far = (found.vector for found in model.predict([scene, copy, other]))
    assert here @ near > 0.95 > here @ far


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 4000, 3), (4000, 1, 3), (3, 2, 3)])
def test_any_size_is_squared(model: SceneModel, shape: tuple[int, int, int]) -> None:
    assert squared(np.full(shape, 9, np.uint8), 260).shape == (260, 260, 3)
    assert len(model.predict([np.full(shape, 9, np.uint8)])) == 1


def test_of_a_panorama_the_middle_is_looked_at() -> None:
    picture = np.zeros((100, 1000, 3), np.uint8)
    picture[:, 425:575] = 200
    assert squared(picture, 50).min() == 200


def test_sentences_that_mean_alike_are_near(encoder: TextEncoder) -> None:
    dog, puppy, rocket = encoder.predict(["a dog on the beach", "A puppy plays by the sea", "rocket science"])
    assert dog @ puppy > 0.6 > 0.3 > dog @ rocket
    assert encoder.predict([]).shape == (0, 384)


def test_the_words_of_a_sentence_are_cut_as_the_model_learned_them(weights_directory: Path) -> None:
    pieces = WordPieces(path_of(label_vectors.VOCABULARY, weights_directory))
    assert pieces.ids("Hello, World! it's", most=128) == [101, 7592, 1010, 2088, 999, 2009, 1005, 1055, 102]
    assert pieces.ids("naïve CAFÉ", most=128) == pieces.ids("naive cafe", most=128)
    assert pieces.ids("東京", most=128) == [101, *pieces.ids("東", most=9)[1:-1], *pieces.ids("京", most=9)[1:-1], 102]
    assert pieces.ids("x" * 101, most=128) == [101, 100, 102]
    assert pieces.ids("", most=128) == [101, 102]
    assert len(pieces.ids("word " * 500, most=128)) == 128


def test_missing_and_altered_label_vectors_name_the_fix(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"missing.*albumen models fetch"):
        label_vectors.load(CHOSEN.sentences, tmp_path)
    path = label_vectors.cached_path(CHOSEN.sentences, tmp_path)
    path.write_bytes(b"\x93NUMPY")
    with pytest.raises(WeightsError, match="albumen models fetch"):
        label_vectors.load(CHOSEN.sentences, tmp_path)
    np.save(path, np.ones((1000, 384), np.float32))
    with pytest.raises(WeightsError, match="altered"):
        label_vectors.load(CHOSEN.sentences, tmp_path)
