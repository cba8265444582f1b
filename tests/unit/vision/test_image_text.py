"""Models of pictures and sentences, on networks made here: what goes in, what comes out, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from albumen.settings import ModelSettings
from albumen.testing import tiny_networks
from albumen.testing.tiny_networks import COLOURS
from albumen.vision import adding, asking, opt_in
from albumen.vision.image_text import FAMILIES, PictureTower, SentenceTower, prepared
from albumen.vision.manifest import WeightsError
from albumen.vision.network import OnnxNetwork

Picture = NDArray[np.uint8]


def plain(colour: tuple[int, int, int], height: int = 60, width: int = 90) -> Picture:
    return np.full((height, width, 3), colour, np.uint8)


def files(folder: Path, family: str) -> dict[str, Path]:
    joint = {"clip": ("image_embeds", "text_embeds", 224), "siglip2": ("pooler_output", "pooler_output", "any")}
    picture, text, side = joint[family]
    folder.mkdir(exist_ok=True)
    return {
        "picture": tiny_networks.picture_tower(folder / "vision_model.onnx", output=picture, side=side),
        "text": tiny_networks.sentence_tower(folder / "text_model.onnx", family, output=text),
        "tokenizer": tiny_networks.tokenizer(folder / "tokenizer.json", family),
    }


@pytest.fixture(params=["clip", "siglip2"])
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def chosen(tmp_path: Path, family: str) -> ModelSettings:
    directory = tmp_path / "cache"
    adding.add(directory, "tiny", family=family, version="1", licence="MIT", files=files(tmp_path / "from", family))
    return ModelSettings(directory=str(directory), image_text="tiny")


def test_a_sentence_is_nearest_to_the_picture_that_it_describes(chosen: ModelSettings) -> None:
    tower = opt_in.picture_tower(chosen)
    assert tower is not None
    seen = tower.predict([plain(colour) for colour in COLOURS.values()])
    assert np.allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-5)
    for number, name in enumerate(COLOURS):
        asked = asking.point_of(f"Something {name.upper()}", "tiny", chosen)
        assert asked is not None
        assert int((seen @ asked[0]).argmax()) == number
        assert float(seen[number] @ asked[0]) == pytest.approx(1, abs=1e-5)


def test_pixels_are_scaled_as_the_family_was_trained(family: str) -> None:
    chosen = FAMILIES[family]
    found = prepared(plain((255, 0, 51)), 8, chosen)
    assert found.shape == (3, 8, 8)
    assert found.dtype == np.float32
    wanted = (np.array([1.0, 0.0, 0.2]) - chosen.means) / chosen.spans
    assert np.allclose(found.mean(axis=(1, 2)), wanted, atol=1e-5)
    assert np.allclose(found.std(axis=(1, 2)), 0, atol=1e-5)


def test_clip_sees_the_middle_and_siglip_all_of_it() -> None:
    wide = np.concatenate([plain((255, 0, 0), 40, 30), plain((0, 0, 255), 40, 40), plain((255, 0, 0), 40, 30)], axis=1)
    red = {name: prepared(wide, 20, FAMILIES[name])[0] for name in FAMILIES}
    high = (1 - FAMILIES["siglip2"].means[0]) / FAMILIES["siglip2"].spans[0]
    assert red["clip"][10, 8] == pytest.approx(-FAMILIES["clip"].means[0] / FAMILIES["clip"].spans[0], abs=1e-4)
    assert red["siglip2"][10, 2] == pytest.approx(high, abs=1e-4)
    assert red["siglip2"][10, 10] == pytest.approx(-1, abs=1e-4)


def test_sentences_are_cut_and_filled_up_to_one_length(tmp_path: Path, family: str) -> None:
    made = files(tmp_path, family)
    reader = SentenceTower(made["text"], made["tokenizer"], FAMILIES[family], threads=1)
    short, long, empty = reader.predict(["red", "red " * 500, ""])
    assert np.allclose(short, long, atol=1e-5)
    assert np.allclose(empty, 0)


def test_a_model_is_listed_pinned_and_verified_like_any_other(chosen: ModelSettings) -> None:
    directory = Path(chosen.directory)
    model = opt_in.rival("tiny", directory)
    assert (model.licence, model.optional, model.capability) == ("MIT", True, "image-text")
    path = adding.cached_path(model, directory)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match=r"tiny are altered.*albumen models add tiny"):
        opt_in.picture_tower(chosen)
    path.unlink()
    with pytest.raises(WeightsError, match=r"tiny are missing.*albumen models add tiny"):
        opt_in.picture_tower(chosen)


def test_adding_the_same_files_again_brings_them_back_and_others_need_another_id(
    chosen: ModelSettings, tmp_path: Path, family: str
) -> None:
    directory, made = Path(chosen.directory), files(tmp_path / "from", family)
    adding.cached_path(opt_in.rival("tiny", directory), directory).unlink()
    before = (directory / "added.toml").read_text()
    adding.add(directory, "tiny", family=family, version="1", licence="MIT", files=made)
    assert (directory / "added.toml").read_text() == before
    assert opt_in.picture_tower(chosen) is not None
    tiny_networks.sentence_tower(made["text"], family, output="pooler_output", dimensions=4)
    with pytest.raises(WeightsError, match="tiny-text is another file already"):
        adding.add(directory, "tiny", family=family, version="1", licence="MIT", files=made)


def test_files_that_are_none_of_such_a_model_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    cache, made = tmp_path / "cache", files(tmp_path / "from", "clip")
    (tmp_path / "junk.onnx").write_bytes(b"no network")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "words.json").write_text('{"vocab": {}}')
    wide = tiny_networks.sentence_tower(tmp_path / "wide.onnx", "clip", dimensions=4)
    small = tiny_networks.picture_tower(tmp_path / "small.onnx", side=32)
    detector = tiny_networks.detector(tmp_path / "detector.onnx")
    siglip = tiny_networks.tokenizer(tmp_path / "siglip.json", "siglip2")
    for change, words in (
        ({"picture": tmp_path / "junk.onnx"}, "picture is not what it should be"),
        ({"picture": detector}, "not pictures of 3 x 224 x 224"),
        ({"picture": small}, r"pixel_values \['batch', 3, 32, 32\]"),
        ({"picture": made["text"]}, "input_ids"),
        ({"text": made["picture"]}, "not input_ids"),
        ({"text": wide}, "pictures have 3 numbers, sentences 4"),
        ({"tokenizer": tmp_path / "words.json"}, "no tokenizer.json"),
        ({"tokenizer": siglip}, "endoftext"),
        ({"tokenizer": tmp_path / "absent.json"}, "cannot be read"),
        ({"text": tmp_path / "empty"}, "greater than 0"),
        ({"other": made["text"]}, "is made of picture, text, tokenizer"),
    ):
        with pytest.raises(WeightsError, match=words):
            adding.add(cache, "tiny", family="clip", version="1", licence="MIT", files={**made, **change})
    with pytest.raises(WeightsError, match="cannot be listed: id"):
        adding.add(cache, "Tiny!", family="clip", version="1", licence="MIT", files=made)
    with pytest.raises(WeightsError, match="yolox-s is another file already"):
        adding.add(cache, "yolox-s", family="clip", version="1", licence="MIT", files=made)
    assert not cache.exists() or {path.name for path in cache.iterdir()} == {".fetch.lock"}


def test_a_network_without_points_is_refused(tmp_path: Path) -> None:
    made = tiny_networks.picture_tower(tmp_path / "vision.onnx", output="last_hidden_state")
    tower = PictureTower(OnnxNetwork(made, threads=1), FAMILIES["clip"])
    with pytest.raises(ValueError, match="gives last_hidden_state, none of image_embeds"):
        tower.predict([plain((1, 2, 3))])


def test_without_the_library_for_vocabularies_search_goes_without_meaning_and_adding_says_what_to_install(
    chosen: ModelSettings, tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    asking._encoder.cache_clear()
    assert asking.point_of("red", "tiny", chosen) is None
    with pytest.raises(WeightsError, match=r"pip install 'albumen\[image-text\]'"):
        adding.add(
            tmp_path / "other", "tiny", family=family, version="1", licence="MIT",
            files={part: tmp_path / "from" / name for part, name in NAMES.items()},
        )  # fmt: skip


NAMES = {"picture": "vision_model.onnx", "text": "text_model.onnx", "tokenizer": "tokenizer.json"}


def test_points_of_another_space_are_never_compared_with_a_sentence(chosen: ModelSettings) -> None:
    assert asking.point_of("red", "efficientnet-lite2.other-sentences", chosen) is None
    assert asking.point_of("red", "yolox-s", chosen) is None


def test_a_setting_that_names_something_else_is_an_error(chosen: ModelSettings) -> None:
    for change, words in (
        ({"image_text": "absent"}, "no model 'absent'.*albumen models add"),
        ({"image_text": "tiny-text"}, "tiny-text is no model of pictures and sentences"),
        ({"objects": "tiny"}, "tiny is no model of objects"),
        ({"objects": "yolox-s"}, "yolox-s are missing.*albumen models fetch yolox-s"),
    ):
        with pytest.raises(WeightsError, match=words):
            opt_in.check(chosen.model_copy(update=change))


def test_a_manifest_that_is_damaged_is_named(chosen: ModelSettings) -> None:
    for words in ("[[model]\n", "model = 3\n", '[[model]]\nid = "x"\n', '[[model]]\nid = "open-nsfw"\n'):
        (Path(chosen.directory) / "added.toml").write_text(words)
        with pytest.raises(WeightsError, match=r"added\.toml"):
            opt_in.picture_tower(chosen)
