import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from albumen.memories.context import FaceBox
from albumen.memories.covers import SHAPES, covers, crop_box
from albumen.testing.photos import a_photo

RATIOS = [width / height for width, height in SHAPES.values()]
EDGE = FaceBox(0.86, 0.05, 0.1, 0.16, 0.9)


@given(
    st.integers(1, 9000),
    st.integers(1, 9000),
    st.sampled_from(RATIOS),
    st.lists(st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 0.1), st.floats(0.01, 0.1)), max_size=5),
)
def test_every_crop_has_its_shape_and_lies_inside(width, height, ratio, boxes):
    left, top, right, bottom = crop_box(width, height, ratio, [FaceBox(*box, 0.9) for box in boxes])
    assert left >= -1e-6
    assert top >= -1e-6
    assert right <= width + 1e-6
    assert bottom <= height + 1e-6
    assert (right - left) / (bottom - top) == pytest.approx(ratio)
    assert right - left == pytest.approx(width) or bottom - top == pytest.approx(height)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (6000, 1500), (1500, 6000)])
def test_a_face_at_the_edge_is_not_cut(ratio, size):
    width, height = size
    for face in (EDGE, FaceBox(0.02, 0.8, 0.1, 0.16, 0.9), FaceBox(0.45, 0.4, 0.1, 0.1, 0.9)):
        left, top, right, bottom = crop_box(width, height, ratio, [face])
        if face.height * height > bottom - top or face.width * width > right - left:
            continue
        assert left <= face.x * width + 1e-6
        assert (face.x + face.width) * width <= right + 1e-6
        assert top <= face.y * height + 1e-6
        assert (face.y + face.height) * height <= bottom + 1e-6


def test_where_not_all_faces_fit_the_larger_one_is_whole():
    large, small = FaceBox(0.05, 0.3, 0.2, 0.3, 0.9), FaceBox(0.9, 0.3, 0.05, 0.08, 0.9)
    left, _, right, _ = crop_box(4000, 2000, 1.0, [small, large])
    assert left <= 0.05 * 4000
    assert right >= 0.25 * 4000


def test_covers_have_their_shapes_are_not_blown_up_and_the_same_each_time():
    picture = a_photo("cover", size=(1600, 1200))
    made = covers(picture, [EDGE])
    assert made == covers(picture, [EDGE])
    sizes = {name: Image.open(io.BytesIO(data)).size for name, data in made.items()}
    assert sizes == {"cover-1x1.jpg": (1080, 1080), "cover-4x5.jpg": (960, 1200), "cover-16x9.jpg": (1600, 900)}


@pytest.mark.parametrize("data", [b"", b"no picture", a_photo(1)[:300]])
def test_what_is_no_picture_gives_no_cover(data):
    assert covers(data, []) == {}
