"""One rendition of any size: never larger than the photo, upright, sRGB, without metadata."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from albumen.media.icc import adobe_rgb_profile
from albumen.media.photo import render
from albumen.media.single_rendition import FULL_SIZE, long_side, render_one
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings

LIMITS = LimitSettings()


def gradient(width: int, height: int) -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).convert("RGB")


def encoded(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def rendered(data: bytes, mime: str = "image/jpeg", *, size=FULL_SIZE, subsampling: str = "444") -> Image.Image:
    made = render_one(data, mime, size=size, quality=90, subsampling=subsampling, limits=LIMITS)
    picture = Image.open(BytesIO(made.data))
    assert made.mime == "image/jpeg"
    assert picture.format == "JPEG"
    assert picture.size == (made.width, made.height)
    return picture


@pytest.mark.parametrize(
    ("photo", "size"),
    [((4000, 3000), (2560, 1920)), ((3000, 4000), (1920, 2560)), ((8000, 500), (2560, 160)), ((800, 600), (800, 600))],
)
def test_a_large_picture_has_the_long_side_asked_for_and_a_small_one_its_own(photo, size) -> None:
    assert rendered(encoded(gradient(*photo)), size=long_side(2560)).size == size


def test_the_full_size_is_every_pixel_of_it() -> None:
    picture = gradient(1001, 701)
    full = rendered(encoded(picture, "PNG"), "image/png")
    assert full.size == (1001, 701)
    error = np.asarray(full, np.float64) - np.asarray(picture, np.float64)
    assert np.abs(error).mean() < 1.5


def test_a_picture_longer_than_a_jpeg_is_scaled_down_to_what_one_holds() -> None:
    assert rendered(encoded(Image.new("RGB", (70_000, 20), "teal"), "PNG"), "image/png").size == (65_500, 19)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(orientation: int) -> None:
    upright = Image.new("RGB", (60, 40), "white")
    upright.paste("red", (0, 0, 20, 20))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = rendered(encoded(stored, exif=exif, quality=95, subsampling=0))
    assert picture.size == (60, 40)
    colours = [picture.getpixel(at) for at in ((8, 8), (50, 8), (8, 34), (50, 34))]
    assert [colour[1] < 60 for colour in colours] == [True, False, False, False]


def test_wide_colours_are_converted_band_by_band_as_in_one_piece() -> None:
    profile = adobe_rgb_profile()
    # More rows than one band of 4 megapixels has.
    picture = gradient(4000, 1500)
    picture.paste((0, 255, 0), (0, 700, 4000, 1500))
    stored = encoded(picture, "PNG", icc_profile=profile)
    whole = ImageCms.profileToProfile(
        picture, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB"),
        ImageCms.Intent.RELATIVE_COLORIMETRIC, flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # fmt: skip
    made = np.asarray(rendered(stored, "image/png"), np.float64)
    assert np.abs(made - np.asarray(whole, np.float64)).mean() < 1.5


def test_nothing_of_the_metadata_is_left() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    exif.get_ifd(0x8825)[1] = "N"
    made = render_one(
        encoded(gradient(300, 200), exif=exif, icc_profile=adobe_rgb_profile(), comment=b"a secret comment"),
        "image/jpeg", size=FULL_SIZE, quality=90, subsampling="444", limits=LIMITS,
    )  # fmt: skip
    assert b"secret" not in made.data
    assert b"Exif" not in made.data
    assert Image.open(BytesIO(made.data)).info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(("subsampling", "factors"), [("420", (2, 2)), ("422", (2, 1)), ("444", (1, 1))])
def test_the_colours_have_the_sampling_asked_for(subsampling: str, factors: tuple[int, int]) -> None:
    picture = rendered(encoded(gradient(300, 200)), subsampling=subsampling)
    assert picture.layer[0][1:3] == factors


def test_it_is_the_preview_where_it_is_asked_for_the_preview() -> None:
    data = encoded(gradient(3000, 2000))
    preview = render(data, "image/jpeg", renditions=RenditionSettings(), limits=LIMITS).preview
    assert (preview.width, preview.height) == (2160, 1440)
    made = render_one(data, "image/jpeg", size=long_side(2160), quality=80, subsampling="420", limits=LIMITS)
    difference = np.asarray(Image.open(BytesIO(made.data)), np.float64) - np.asarray(
        Image.open(BytesIO(preview.data)), np.float64
    )
    assert np.abs(difference).mean() < 1


@pytest.mark.parametrize(
    ("data", "mime", "reason", "told"),
    [
        (encoded(gradient(300, 200))[:2000], "image/jpeg", Reason.UNREADABLE, "cut off"),
        (b"<svg/>", "image/svg+xml", Reason.UNSUPPORTED, "image/svg"),
        (encoded(gradient(300, 200), "PNG"), "image/png", Reason.TOO_LARGE, "limit 50000 "),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, mime: str, reason: Reason, told: str) -> None:
    limits = LimitSettings(photo_pixels=50_000) if reason is Reason.TOO_LARGE else LIMITS
    with pytest.raises(ItemFault, match=told) as refused:
        render_one(data, mime, size=FULL_SIZE, quality=90, subsampling="444", limits=limits)
    assert refused.value.reason is reason
