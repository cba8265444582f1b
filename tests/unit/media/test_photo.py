"""Renditions from real bytes: what people see of a photo."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from albumen.media.photo import Rendered, decode_rendition, render
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings

Encode = Callable[..., bytes]
RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 30), (30, 30, 200), (210, 200, 20)
EXTRAS = (b"Exif", b"ICC_PROFILE", b"http://ns.adobe.com", b"EXIF", b"ICCP", b"XMP ")


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def rendered(data: bytes, mime: str, **renditions: int) -> Rendered:
    return render(data, mime, renditions=RenditionSettings(**renditions), limits=LimitSettings())


def fault_of(data: bytes, mime: str, limits: LimitSettings | None = None) -> ItemFault:
    with pytest.raises(ItemFault) as caught:
        render(data, mime, renditions=RenditionSettings(), limits=limits or LimitSettings())
    return caught.value


def quadrants(width: int = 64, height: int = 32) -> NDArray[np.uint8]:
    """Red, green above; blue, yellow below."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, YELLOW
    return pixels


def assert_quadrants(pixels: NDArray[np.uint8], tolerance: int = 12) -> None:
    height, width = pixels.shape[:2]
    corners = [pixels[y, x] for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    np.testing.assert_allclose(np.array(corners, int), [RED, GREEN, BLUE, YELLOW], atol=tolerance)


def stored_for(orientation: int) -> Image.Image:
    """The pixels a camera stores so that this orientation shows the quadrants upright."""
    upright = quadrants()
    undo: dict[int, NDArray[np.uint8]] = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    return Image.fromarray(np.ascontiguousarray(undo[orientation]))


def exif_with(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def noise(width: int, height: int, seed: int = 1, grain: int = 4) -> Image.Image:
    """A picture with detail everywhere, as a photo has."""
    size = (height // grain + 1, width // grain + 1, 3)
    coarse = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("format", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/avif"),
    ],
)
def test_a_photo_is_turned_upright_exactly_once(format: str, mime: str, orientation: int) -> None:
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "AVIF": {"quality": 95}}.get(format, {})
    photo = rendered(encoded(stored_for(orientation), format, exif=exif_with(orientation), **options), mime)
    assert (photo.width, photo.height) == (photo.preview.width, photo.preview.height) == (64, 32)
    assert_quadrants(decode_rendition(photo.preview.data), tolerance=25)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_heic_is_turned_by_its_decoder_alone(orientation: int) -> None:
    # Given as bytes, the encoder writes the turn both into the container and the EXIF block.
    data = encoded(stored_for(orientation), "HEIF", exif=exif_with(orientation).tobytes(), quality=95)
    assert (b"irot" in data or b"imir" in data) == (orientation > 1)
    photo = rendered(data, "image/heic")
    assert (photo.width, photo.height) == (64, 32)
    assert_quadrants(decode_rendition(photo.preview.data), tolerance=25)


def test_the_exif_of_a_heic_turns_nothing() -> None:
    data = encoded(stored_for(1), "HEIF", exif=exif_with(6), quality=95)
    assert b"irot" not in data
    assert_quadrants(decode_rendition(rendered(data, "image/heic").preview.data), tolerance=25)


@pytest.mark.parametrize(
    ("size", "preview", "thumb"),
    [
        ((4032, 3024), (1920, 1440), (333, 250)),
        ((3024, 4032), (1440, 1920), (250, 333)),
        ((3000, 2000), (2160, 1440), (375, 250)),
        ((4000, 1528), (3770, 1440), (654, 250)),
        ((800, 600), (800, 600), (333, 250)),
        ((120, 90), (120, 90), (120, 90)),
        ((12000, 1500), (4320, 540), (2000, 250)),
        ((20000, 10), (4320, 2), (4320, 2)),
        ((1, 1), (1, 1), (1, 1)),
    ],
)
def test_sizes_follow_the_short_side_and_are_never_upscaled(
    size: tuple[int, int], preview: tuple[int, int], thumb: tuple[int, int]
) -> None:
    photo = rendered(encoded(Image.new("RGB", size, RED), "JPEG"), "image/jpeg")
    assert (photo.width, photo.height) == size
    assert (photo.preview.width, photo.preview.height) == preview
    assert (photo.thumb.width, photo.thumb.height) == thumb
    assert Image.open(BytesIO(photo.preview.data)).size == preview
    assert Image.open(BytesIO(photo.thumb.data)).size == thumb


def test_the_settings_decide_the_sizes() -> None:
    photo = rendered(encoded(noise(900, 600), "PNG"), "image/png", preview_short_side=300, thumb_short_side=40)
    assert (photo.preview.width, photo.preview.height) == (450, 300)
    assert (photo.thumb.width, photo.thumb.height) == (60, 40)


def test_a_panorama_fits_into_webp() -> None:
    data = encoded(Image.new("L", (40000, 300), 90), "PNG")
    photo = rendered(data, "image/png", preview_long_side_max=60000)
    assert max(photo.thumb.width, photo.thumb.height) == 16383
    assert photo.preview.width == 40000


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_kind_of_jpeg_is_read_scaled_and_true_in_colour(mode: str, progressive: bool) -> None:
    image = noise(3000, 2000, grain=40).convert(mode)
    photo = rendered(encoded(image, "JPEG", quality=92, progressive=progressive), "image/jpeg")
    reference = image.convert("RGB").resize((2160, 1440), Image.Resampling.LANCZOS)
    shown = decode_rendition(photo.preview.data)
    assert np.abs(shown.astype(int) - np.asarray(reference, int)).mean() < 3


def test_alpha_is_flattened_on_white() -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((200, 0, 0, 128), (0, 0, 40, 20))
    for format, mime in (("PNG", "image/png"), ("WEBP", "image/webp")):
        pixels = decode_rendition(rendered(encoded(image, format), mime).preview.data)
        np.testing.assert_allclose(pixels[35, 20].astype(int), (255, 255, 255), atol=3)
        np.testing.assert_allclose(pixels[5, 20].astype(int), (227, 127, 127), atol=6)


def test_a_transparent_palette_is_flattened_on_white() -> None:
    image = Image.new("P", (16, 16), 0)
    image.putpalette([0, 0, 0, 200, 30, 30])
    pixels = decode_rendition(rendered(encoded(image, "GIF", transparency=0), "image/gif").preview.data)
    assert pixels.min() >= 252


@pytest.mark.parametrize(("format", "mime"), [("PNG", "image/png"), ("TIFF", "image/tiff")])
def test_sixteen_bits_keep_their_tones(format: str, mime: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    data = encoded(Image.fromarray(np.tile(ramp, (32, 1))), format)
    row = decode_rendition(rendered(data, mime).preview.data)[16, :, 0]
    np.testing.assert_allclose(row.astype(int), np.arange(256), atol=3)


def test_floating_point_tiff_is_shown_from_black_to_white() -> None:
    ramp = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (32, 1))
    row = decode_rendition(rendered(encoded(Image.fromarray(ramp), "TIFF"), "image/tiff").preview.data)[16, :, 0]
    np.testing.assert_allclose(row.astype(int), np.arange(256), atol=3)


@pytest.mark.parametrize(("format", "mime"), [("GIF", "image/gif"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_of_an_animation_the_first_frame_is_shown(format: str, mime: str) -> None:
    first, second, third = (Image.new("RGB", (30, 20), colour) for colour in (RED, GREEN, BLUE))
    data = encoded(first, format, save_all=True, append_images=[second, third], duration=100)
    photo = rendered(data, mime)
    assert photo.animated
    assert photo.frames == 3
    np.testing.assert_allclose(decode_rendition(photo.preview.data)[10, 15].astype(int), RED, atol=8)


def test_a_gif_with_a_broken_later_frame_is_readable() -> None:
    frames = [noise(60, 40, seed).convert("P") for seed in range(4)]
    whole = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    photo = rendered(whole[: len(whole) * 3 // 4], "image/gif")
    assert (photo.width, photo.height) == (60, 40)
    assert fault_of(whole[: len(whole) // 8], "image/gif").reason is Reason.UNREADABLE


@pytest.mark.parametrize(("format", "mime"), [("MPO", "image/jpeg"), ("TIFF", "image/tiff")])
def test_further_views_and_pages_are_no_animation(format: str, mime: str) -> None:
    data = encoded(noise(40, 30), format, save_all=True, append_images=[noise(40, 30, 2)])
    assert (rendered(data, mime).animated, rendered(data, mime).frames) == (False, 1)


@pytest.mark.parametrize(
    ("format", "mime", "options"),
    [
        ("JPEG", "image/jpeg", {}),
        ("JPEG", "image/jpeg", {"progressive": True}),
        ("PNG", "image/png", {}),
        ("GIF", "image/gif", {}),
        ("WEBP", "image/webp", {}),
        ("TIFF", "image/tiff", {}),
        ("TIFF", "image/tiff", {"compression": "tiff_lzw"}),
        ("BMP", "image/bmp", {}),
        ("AVIF", "image/avif", {}),
        ("HEIF", "image/heic", {}),
    ],
)
def test_a_file_cut_at_forty_percent_is_unreadable_and_says_so(
    format: str, mime: str, options: dict[str, object]
) -> None:
    data = encoded(noise(320, 240), format, **options)
    fault = fault_of(data[: len(data) * 4 // 10], mime)
    assert fault.reason is Reason.UNREADABLE
    assert fault.detail.startswith("cut off: ")


def test_a_cut_jpeg_with_a_false_end_is_still_unreadable() -> None:
    data = encoded(noise(640, 480), "JPEG")
    fault = fault_of(data[: len(data) * 4 // 10] + b"\xff\xd9", "image/jpeg")
    assert fault.reason is Reason.UNREADABLE
    assert "the last 6" in fault.detail


def test_a_jpeg_that_lost_only_its_end_marker_is_readable() -> None:
    data = encoded(noise(640, 480), "JPEG")
    assert rendered(data[:-2], "image/jpeg").width == 640


def test_a_jpeg_with_a_few_extraneous_bytes_is_readable() -> None:
    data = encoded(noise(640, 480), "JPEG")
    before_end = data[:-2] + b"\x11\x22\x33" + data[-2:]
    header = data.index(b"\xff\xdb")
    in_header = data[:header] + b"\x11\x22\x33" + data[header:]
    whole = decode_rendition(rendered(data, "image/jpeg").preview.data).astype(int)
    for odd in (before_end, in_header, data + b"trailing bytes"):
        shown = decode_rendition(rendered(odd, "image/jpeg").preview.data).astype(int)
        assert np.abs(shown - whole).mean() < 1


def test_an_odd_header_hides_no_cut() -> None:
    data = encoded(noise(640, 480), "JPEG")
    header = data.index(b"\xff\xdb")
    odd = data[:header] + b"\x11\x22\x33" + data[header:]
    assert fault_of(odd[: len(odd) * 4 // 10], "image/jpeg").reason is Reason.UNREADABLE


def test_damaged_exif_and_icc_cost_no_picture() -> None:
    data = encoded(noise(64, 48), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff", icc_profile=b"no profile" * 20)
    assert rendered(data, "image/jpeg").width == 64


@pytest.mark.parametrize(
    "mime", ["image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff", "image/heic", "image/avif"]
)
@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", bytes(4096)])
def test_rubbish_is_unreadable_with_words_that_do_not_change(data: bytes, mime: str) -> None:
    fault = fault_of(data, mime)
    assert fault.reason is Reason.UNREADABLE
    assert fault.detail
    assert fault.detail == fault_of(data, mime).detail
    assert "0x" not in fault.detail


@pytest.mark.parametrize("mime", ["image/svg+xml", "application/postscript", "application/pdf", "image/x-xcf", ""])
def test_types_without_a_safe_decoder_are_unsupported(mime: str) -> None:
    assert fault_of(encoded(noise(8, 8), "PNG"), mime).reason is Reason.UNSUPPORTED


def test_only_the_named_type_is_tried() -> None:
    assert fault_of(encoded(noise(8, 8), "PNG"), "image/gif").reason is Reason.UNREADABLE


def test_renditions_carry_no_metadata() -> None:
    from PIL import ImageCms

    exif = exif_with(6)
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(noise(640, 480), "JPEG", exif=exif, icc_profile=icc, comment=b"SecretCamera")
    photo = rendered(data, "image/jpeg")
    for picture in (photo.preview, photo.thumb):
        opened = Image.open(BytesIO(picture.data))
        assert not opened.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment"} & opened.info.keys()
        assert not any(word in picture.data for word in (*EXTRAS, b"SecretCamera"))


def test_renditions_are_the_formats_they_say() -> None:
    photo = rendered(encoded(noise(640, 480), "JPEG"), "image/jpeg")
    assert (photo.thumb.mime, Image.open(BytesIO(photo.thumb.data)).format) == ("image/webp", "WEBP")
    assert (photo.preview.mime, Image.open(BytesIO(photo.preview.data)).format) == ("image/jpeg", "JPEG")


def test_the_same_bytes_give_the_same_renditions() -> None:
    data = encoded(noise(1700, 1500), "JPEG")
    assert rendered(data, "image/jpeg") == rendered(data, "image/jpeg")


def test_a_rendition_that_is_damaged_is_unreadable() -> None:
    photo = rendered(encoded(noise(64, 48), "JPEG"), "image/jpeg")
    assert decode_rendition(photo.preview.data).shape == (48, 64, 3)
    with pytest.raises(ItemFault) as caught:
        decode_rendition(photo.preview.data[:-100])
    assert caught.value.reason is Reason.UNREADABLE


def corpus() -> Path | None:
    beside = (parent.parent / "shared" / "corpus" for parent in Path(__file__).resolve().parents)
    return next((path for path in beside if path.is_dir()), None)


@pytest.mark.skipif(corpus() is None, reason="the shared corpus is not beside this checkout")
def test_the_eight_orientations_of_a_real_photo_look_alike() -> None:
    folder = corpus()
    assert folder is not None
    hashes = [
        np.asarray(
            Image.open(BytesIO(rendered(path.read_bytes(), "image/jpeg").thumb.data)).convert("L").resize((16, 9))
        )
        for path in sorted((folder / "camera" / "orientation").glob("Landscape_[1-8].jpg"))
    ]
    assert len(hashes) == 8
    for other in hashes[1:]:
        # The number written into each picture differs.
        assert np.abs(other.astype(int) - hashes[0]).mean() < 6
