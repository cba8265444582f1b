"""Objects, on a network made here that takes colours for things."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from albumen.settings import ModelSettings
from albumen.testing import tiny_networks
from albumen.vision import adding, opt_in
from albumen.vision.manifest import WeightsError
from albumen.vision.network import OnnxNetwork
from albumen.vision.objects import NAMES, ObjectFinder, surest

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)
Picture = NDArray[np.uint8]


def finder(folder: Path, **options: float) -> ObjectFinder:
    return ObjectFinder(OnnxNetwork(tiny_networks.detector(folder / "tiny.onnx", **options), threads=1))  # type: ignore[arg-type]


def black(height: int = 64, width: int = 64) -> Picture:
    return np.zeros((height, width, 3), np.uint8)


def test_an_object_is_named_and_lies_where_it_is(tmp_path: Path) -> None:
    picture = black()
    picture[16:24, 40:48] = RED
    (found,) = finder(tmp_path).find(picture)
    assert found.name == "car"
    assert found.score == pytest.approx(1, abs=1e-4)
    assert (found.x, found.y, found.width, found.height) == pytest.approx((40 / 64, 16 / 64, 8 / 64, 8 / 64), abs=1e-4)


@pytest.mark.parametrize("size", [(640, 320), (320, 640), (33, 33), (1, 400)])
def test_a_picture_of_any_shape_keeps_its_shape_and_what_fills_the_square_is_no_object(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    height, width = size
    picture = black(height, width)
    picture[: height // 2, : width // 2] = BLUE
    found = finder(tmp_path).find(picture)
    if min(size) < 8:
        return
    assert {one.name for one in found} == {"person"}
    right, bottom = max(one.x + one.width for one in found), max(one.y + one.height for one in found)
    assert (right, bottom) == pytest.approx((0.5, 0.5), abs=0.26)


def test_of_boxes_that_overlap_the_surest_of_each_name_stays(tmp_path: Path) -> None:
    picture = black()
    picture[24:32, 24:32], picture[24:32, 32:40], picture[32:40, 24:32] = RED, (200, 0, 0), BLUE
    found = finder(tmp_path, reach=float(np.log(4))).find(picture)
    assert {one.name: round(one.score, 2) for one in found} == {"car": 1.0, "person": 1.0}
    assert all(one.width == pytest.approx(0.5, abs=1e-4) for one in found)


def test_what_is_unsure_is_nothing_and_names_are_told_once(tmp_path: Path) -> None:
    picture = black()
    assert finder(tmp_path).find(picture) == []
    picture[0:8, 0:8], picture[40:48, 40:48], picture[56:64, 0:8] = (0, 60, 0), (0, 200, 0), GREEN
    found = finder(tmp_path).find(picture)
    assert [round(one.score, 2) for one in found] == [1.0, 0.78]
    assert surest(found) == {"bicycle": pytest.approx(1, abs=1e-4)}


def test_there_are_eighty_different_names() -> None:
    assert len(set(NAMES)) == 80


def test_other_networks_are_refused(tmp_path: Path) -> None:
    few = tiny_networks.detector(tmp_path / "few.onnx", classes=20)
    odd = tiny_networks.picture_tower(tmp_path / "odd.onnx", side=100)
    joint = tiny_networks.picture_tower(tmp_path / "joint.onnx")
    for file, words in ((few, r"not \[1, 84, 85\]"), (odd, "not pictures"), (joint, "not")):
        with pytest.raises(WeightsError, match=words):
            adding.add(tmp_path / "c", "tiny", family="yolox", version="1", licence="MIT", files={"picture": file})


def test_a_setting_has_an_added_one_look(tmp_path: Path) -> None:
    chosen = ModelSettings(directory=str(tmp_path / "cache"), objects="tiny")
    made = {"picture": tiny_networks.detector(tmp_path / "tiny.onnx")}
    assert opt_in.object_finder(ModelSettings()) is None
    with pytest.raises(WeightsError, match="no model 'tiny'"):
        opt_in.object_finder(chosen)
    adding.add(Path(chosen.directory), "tiny", family="yolox", version="1", licence="Apache-2.0", files=made)
    found = opt_in.object_finder(chosen)
    assert found is not None
    assert found.find(black()) == []
