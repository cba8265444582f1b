from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from albumen.vision.picture_kind import PRINTED, WEBSITE, Clues, measure, picture_kind

Picture = NDArray[np.uint8]


def probabilities(**classes: float) -> NDArray[np.float32]:
    """None of the printed classes, but those given as `c916=0.5`."""
    found = np.full(1000, 0.0005, np.float32)
    found[PRINTED] = 0
    for name, share in classes.items():
        found[int(name[1:])] = share
    return found


def written(paper: str = "#ffffff") -> Picture:
    sheet = Image.new("RGB", (700, 990), paper)
    draw = ImageDraw.Draw(sheet)
    for row in range(28):
        draw.text(
            (50, 40 + 33 * row), "The quick brown fox jumps over the lazy dog", "#111111", ImageFont.load_default(28)
        )
    return np.asarray(sheet)


def test_a_photo_is_a_photo(scene: Picture) -> None:
    assert picture_kind(scene, probabilities(), Clues()).kind == "photo"


@pytest.mark.parametrize("name", ["Screenshot_20260101-101010.png", "2024/Bildschirmfoto 2.png", "screen shot.png"])
def test_a_name_tells_a_screenshot(scene: Picture, name: str) -> None:
    assert picture_kind(scene, probabilities(), Clues(name)).kind == "screenshot"


def test_a_scanner_tells_a_scan(scene: Picture) -> None:
    assert picture_kind(scene, probabilities(), Clues("a.jpg", "EPSON Perfection V600")).kind == "scan"
    assert picture_kind(scene, probabilities(), Clues("albums/scan 12.jpg")).kind == "scan"
    assert picture_kind(scene, probabilities(), Clues("scan.jpg", "Canon EOS 40D")).kind == "photo"
    assert picture_kind(scene, probabilities(), Clues("tuscany/scandicci.jpg")).kind == "photo"


def test_a_page_of_writing_is_a_document_with_and_without_a_camera() -> None:
    for camera in ("", "Apple iPhone 15"):
        assert picture_kind(written(), probabilities(c922=0.1), Clues(camera=camera)).kind == "document"


def test_what_looks_like_a_site_is_a_screenshot_unless_a_camera_took_it(scene: Picture) -> None:
    seen = probabilities(**{f"c{WEBSITE}": 0.6})
    assert picture_kind(scene, seen, Clues()).kind == "screenshot"
    assert picture_kind(scene, seen, Clues(camera="Canon EOS 40D")).kind == "photo"


def test_a_drawing_of_few_colours_is_a_graphic_and_a_white_wall_is_not() -> None:
    drawing = Image.new("RGB", (400, 400), "#ffffff")
    ImageDraw.Draw(drawing).ellipse((60, 60, 340, 340), fill="#dd2222", outline="#000000", width=20)
    for number in range(6):
        ImageDraw.Draw(drawing).line((0, 60 * number, 400, 50 * number), fill="#0000aa", width=6)
    assert picture_kind(np.asarray(drawing), probabilities(), Clues()).kind == "graphic"
    wall = np.full((400, 400, 3), 235, np.uint8)
    assert picture_kind(wall, probabilities(), Clues()).kind == "photo"


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (3000, 1, 3)])
def test_any_size_is_measured(shape: tuple[int, int, int]) -> None:
    found = measure(np.full(shape, 200, np.uint8))
    assert found.flat == 1
    assert found.colours == 1
