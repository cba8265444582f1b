from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from albumen.pipeline.steps.text import DETECTOR, RECOGNISER
from albumen.vision.network import OnnxNetwork
from albumen.vision.text import TextReader
from albumen.vision.weights import WeightsError, path_of

Picture = NDArray[np.uint8]
WORDS = ("Invoice 2041", "Two coffees 7.80", "Thank you for your visit", "Calle Mayor 12")


@pytest.fixture(scope="module")
def reader(weights_directory: Path) -> TextReader:
    try:
        detector, recogniser = (
            OnnxNetwork(path_of(name, weights_directory), threads=1) for name in (DETECTOR, RECOGNISER)
        )
    except WeightsError as error:
        pytest.skip(str(error))
    return TextReader(detector, recogniser, recogniser.metadata["character"].split("\n"))


def page(*lines: str, turned: float = 0.0) -> Picture:
    sheet = Image.new("RGB", (900, 700), "#f4f0e6")
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        draw.text((90, 90 + 120 * number), line, fill="#222222", font=ImageFont.load_default(44))
    return np.asarray(sheet.rotate(turned, fillcolor="#f4f0e6", resample=Image.Resampling.BICUBIC))


def test_lines_are_read_from_the_top_with_their_boxes(reader: TextReader) -> None:
    lines = reader.read(page(*WORDS))
    assert tuple(line.text for line in lines) == WORDS
    for number, line in enumerate(lines):
        assert line.score > 0.9
        assert line.x == pytest.approx(0.1, abs=0.03)
        assert line.y == pytest.approx((90 + 120 * number) / 700, abs=0.03)
        assert 0 < line.height < 0.15


def test_a_tilted_page_is_read(reader: TextReader) -> None:
    assert {line.text for line in reader.read(page(*WORDS, turned=8))} == set(WORDS)


def test_what_has_no_text_is_stopped_at_the_gate_or_read_as_nothing(reader: TextReader, scene: Picture) -> None:
    assert not reader.may_hold_text(np.full((600, 800, 3), 180, np.uint8))
    assert reader.read(scene) == []
    assert reader.may_hold_text(page("Open"))


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 900, 3), (900, 1, 3), (40, 4320, 3)])
def test_any_size_can_be_read(reader: TextReader, shape: tuple[int, int, int]) -> None:
    assert reader.read(np.full(shape, 255, np.uint8)) == []
