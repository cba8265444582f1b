"""Animations: counted within a limit, and shown by the first frame that shows something."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from albumen.media.photo import Rendered, decode_rendition, render
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings

RED, BLUE, WHITE = (200, 30, 30), (30, 30, 200), (255, 255, 255)
FORMATS = [
    ("GIF", "image/gif", {"disposal": 2}),
    ("PNG", "image/apng", {}),
    ("WEBP", "image/webp", {"lossless": True}),
    ("AVIF", "image/avif", {"quality": 95}),
]


def scene(colour: tuple[int, int, int] = RED) -> Image.Image:
    """A colour with a dark corner."""
    image = Image.new("RGBA", (48, 32), (*colour, 255))
    image.paste((0, 0, 0, 255), (0, 0, 12, 8))
    return image


def plain(number: int, *, clear: bool = False) -> Image.Image:
    """One colour all over, each a little different: encoders merge equal frames."""
    return Image.new("RGBA", (48, 32), (0, 0, 0, 0) if clear else (number, number, number, 255))


def animation(format: str, frames: list[Image.Image], duration: int = 100, **options: object) -> bytes:
    buffer = BytesIO()
    frames[0].save(buffer, format, save_all=True, append_images=frames[1:], duration=duration, **options)
    return buffer.getvalue()


def rendered(data: bytes, mime: str, **limits: int) -> Rendered:
    return render(data, mime, renditions=RenditionSettings(preview_quality=98), limits=LimitSettings(**limits))


def middle(data: bytes, mime: str) -> NDArray[np.int64]:
    pixels = decode_rendition(rendered(data, mime).preview.data)
    return pixels[24, 36].astype(int)


@pytest.mark.parametrize(("format", "mime", "options"), FORMATS)
@pytest.mark.parametrize("clear", [True, False], ids=["transparent", "of one colour"])
def test_a_blank_beginning_is_passed_over(format: str, mime: str, options: dict[str, object], clear: bool) -> None:
    frames = [plain(0, clear=clear), plain(9), scene(), scene(BLUE)]
    data = animation(format, frames, **options)
    assert rendered(data, mime).frames == 4
    np.testing.assert_allclose(middle(data, mime), RED, atol=8)


@pytest.mark.parametrize(("format", "mime", "options"), FORMATS)
def test_a_good_first_frame_is_shown(format: str, mime: str, options: dict[str, object]) -> None:
    data = animation(format, [scene(), scene(BLUE)], **options)
    np.testing.assert_allclose(middle(data, mime), RED, atol=8)


@pytest.mark.parametrize(("format", "mime", "options"), FORMATS)
def test_an_animation_that_is_blank_throughout_is_shown_as_it_begins(
    format: str, mime: str, options: dict[str, object]
) -> None:
    data = animation(format, [plain(40), plain(80), plain(120)], **options)
    np.testing.assert_allclose(middle(data, mime), (40, 40, 40), atol=6)


@pytest.mark.parametrize(("format", "mime", "options"), FORMATS)
@pytest.mark.parametrize(("blank", "duration"), [(35, 20), (4, 700)], ids=["thirty frames", "two seconds"])
def test_the_look_ahead_ends(format: str, mime: str, options: dict[str, object], blank: int, duration: int) -> None:
    data = animation(format, [*(plain(40 + 2 * n) for n in range(blank)), scene()], duration, **options)
    assert np.ptp(middle(data, mime)) < 12


def test_the_still_before_an_animated_png_is_none_of_its_frames() -> None:
    data = animation("PNG", [scene(BLUE), scene(), scene((20, 160, 20))], default_image=True)
    photo = rendered(data, "image/apng")
    assert photo.frames == 2
    np.testing.assert_allclose(middle(data, "image/apng"), RED, atol=8)


def test_a_damaged_second_frame_costs_nothing() -> None:
    data = animation("GIF", [plain(40), scene()])
    second = data.rindex(b"\x2c\0\0\0\0")
    broken = data[: second + 11] + b"\xff" * 40 + data[second + 51 :]
    assert rendered(broken, "image/gif").width == 48


def test_a_second_frame_beyond_the_canvas_is_not_looked_at() -> None:
    data = bytearray(animation("GIF", [plain(40), scene()]))
    second = data.rindex(b"\x2c\0\0\0\0")
    struct.pack_into("<4H", data, second + 1, 60000, 60000, 5000, 5000)
    photo = rendered(bytes(data), "image/gif")
    assert (photo.width, photo.height, photo.frames) == (48, 32, 2)


@pytest.mark.parametrize("colour", [RED, BLUE])
def test_the_canvas_around_a_small_first_frame_is_white(colour: tuple[int, int, int]) -> None:
    still = BytesIO()
    Image.new("P", (20, 10)).save(still, "GIF")
    data = bytearray(still.getvalue())
    table = data.index(b"\0\0\0", 13)
    data[table : table + 3] = bytes(colour)
    place = data.index(b"\x2c\0\0\0\0")
    struct.pack_into("<2H", data, 6, 48, 32)
    struct.pack_into("<2H", data, place + 1, 8, 6)
    pixels = decode_rendition(rendered(bytes(data), "image/gif").preview.data).astype(int)
    np.testing.assert_allclose(pixels[11, 18], colour, atol=8)
    for y, x in ((2, 2), (2, 40), (28, 2), (28, 40)):
        np.testing.assert_allclose(pixels[y, x], WHITE, atol=3)


def endless_gif(frames: int) -> bytes:
    """One pixel a frame, fifteen bytes each."""
    head = b"GIF89a" + struct.pack("<2H3B", 1, 1, 0x80, 0, 0) + bytes([0, 0, 0, 255, 255, 255])
    frame = b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\0"
    return head + frame * frames + b";"


def test_frames_are_counted_up_to_the_limit_and_refused_beyond() -> None:
    assert rendered(endless_gif(1000), "image/gif", photo_frames=1000).frames == 1000
    with pytest.raises(ItemFault) as caught:
        rendered(endless_gif(1_000_000), "image/gif")
    assert caught.value.reason is Reason.TOO_LARGE
    assert caught.value.detail == "100001 or more frames, limit 100000 (limits.photo_frames)"


@pytest.mark.parametrize(("format", "mime", "options"), FORMATS[1:])
def test_every_animated_format_keeps_the_limit(format: str, mime: str, options: dict[str, object]) -> None:
    data = animation(format, [scene(), scene(BLUE), scene((20, 160, 20))], **options)
    assert rendered(data, mime, photo_frames=3).frames == 3
    with pytest.raises(ItemFault) as caught:
        rendered(data, mime, photo_frames=2)
    assert caught.value.detail == "3 frames, limit 2 (limits.photo_frames)"


def test_the_primary_picture_of_several_is_shown_and_they_are_no_animation() -> None:
    for primary, colour in ((0, RED), (1, BLUE)):
        data = animation("HEIF", [scene(), scene(BLUE)], quality=95, primary_index=primary)
        photo = rendered(data, "image/heic")
        assert (photo.frames, photo.animated) == (1, False)
        np.testing.assert_allclose(middle(data, "image/heic"), colour, atol=10)
