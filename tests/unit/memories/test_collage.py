import io
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from albumen.memories.collage import MOST, chosen, collages, cut_faces, fitted, layout
from albumen.memories.context import FaceBox
from albumen.memories.covers import crop_box
from albumen.memories.profiles import FRAME, PHONE, PROFILES
from albumen.testing.memories import a_memorable

SHAPES = ((4000, 3000), (3000, 4000), (4000, 4000), (1920, 1080), (6000, 1500))


def photos(shapes, faces=()):
    start = datetime(2022, 7, 1, 8)
    return [
        a_memorable(n + 1, start + timedelta(hours=n), width=width, height=height, faces=tuple(faces))
        for n, (width, height) in enumerate(shapes)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=MOST), st.sampled_from(PROFILES))
def test_cells_fill_the_screen_and_do_not_overlap(shapes, profile):
    cells = layout(photos(shapes), profile)
    assert len(cells) == len(shapes)
    assert sum(cell.area for cell in cells) == pytest.approx(1.0)
    for at, one in enumerate(cells):
        assert 0 <= one.left < one.right <= 1 + 1e-9
        assert 0 <= one.top < one.bottom <= 1 + 1e-9
        for other in cells[:at]:
            wide = min(one.right, other.right) - max(one.left, other.left)
            high = min(one.bottom, other.bottom) - max(one.top, other.top)
            assert wide < 1e-9 or high < 1e-9


def test_the_layout_follows_the_shapes():
    """Two landscapes stand above one another on a phone and beside one another on a wide screen; uprights the same."""
    wide = layout(photos([(4000, 3000)] * 2), PHONE)
    assert wide[0].bottom == pytest.approx(wide[1].top)
    uprights = layout(photos([(3000, 4000)] * 2), FRAME)
    assert uprights[0].right == pytest.approx(uprights[1].left)


def test_little_is_cut_of_ordinary_pictures():
    mixed = photos([(4000, 3000), (3000, 4000), (4000, 3000), (3000, 4000), (4000, 3000), (4000, 3000)])
    for profile in PROFILES:
        for photo, cell in zip(mixed, layout(mixed, profile), strict=True):
            ratio, shape = photo.width / photo.height, cell.shape(profile)
            assert min(ratio, shape) / max(ratio, shape) > 0.6


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(SHAPES), min_size=2, max_size=MOST),
    st.lists(st.tuples(st.floats(0, 0.85), st.floats(0, 0.85)), min_size=1, max_size=4),
    st.sampled_from(PROFILES),
)
def test_no_face_is_cut_whatever_the_layout(shapes, spots, profile):
    faces = [FaceBox(x, y, 0.12, 0.15, 0.9) for x, y in spots]
    for photo, cell in zip(photos(shapes, faces), layout(photos(shapes, faces), profile), strict=True):
        picture = Image.new("RGB", (photo.width // 20, photo.height // 20), "white")
        size = (max(round((cell.right - cell.left) * 200), 8), max(round((cell.bottom - cell.top) * 200), 8))
        box = crop_box(picture.width, picture.height, size[0] / size[1], photo.faces)
        shown = fitted(picture, photo, size)
        assert shown.size == size
        if cut_faces(faces, box, picture.size):
            draw = ImageDraw.Draw(picture)
            draw.rectangle((0, 0, 2, picture.height), fill="red")
            draw.rectangle((picture.width - 3, 0, picture.width, picture.height), fill="red")
            whole = fitted(picture, photo, (size[0] * 4, size[1] * 4))
            reds = [x for x in range(whole.width) if whole.getpixel((x, whole.height // 2))[1] < 128]
            assert reds, "the whole picture is there, to its edges"


def test_of_many_pictures_nine_are_shown_the_cover_among_them():
    many = photos([(4000, 3000)] * 20)
    for cover in (many[0], many[7], many[19]):
        some = chosen(many, cover)
        assert len(some) == MOST
        assert cover in some
        assert [photo.item_id for photo in some] == sorted(photo.item_id for photo in some)


def test_collages_have_the_sizes_of_screens_and_are_the_same_each_time():
    many = photos([(400, 300), (300, 400), (400, 300)])
    files = {}
    for photo, colour in zip(many, ("teal", "olive", "maroon"), strict=True):
        out = io.BytesIO()
        Image.new("RGB", (photo.width, photo.height), colour).save(out, "JPEG")
        files[photo.item_id] = out.getvalue()
    made = collages(many, many[0], files)
    assert made == collages(many, many[0], files)
    sizes = {name: Image.open(io.BytesIO(data)).size for name, data in made.items()}
    assert sizes == {f"collage-{one.name}.jpg": (one.width, one.height) for one in PROFILES}
    files[1] = b"no picture"
    assert len(collages(many, many[0], files)) == len(PROFILES), "what cannot be read is left out"
    assert collages(many, many[0], {2: files[2]}) == {}
