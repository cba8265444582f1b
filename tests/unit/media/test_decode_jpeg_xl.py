"""JPEG XL: turned once, true in colour, flattened, and its image header read."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pylibjxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from albumen.media.colour import to_srgb
from albumen.media.decode_jpeg_xl import MIME, decode
from albumen.media.decoded import DecodedPhoto, Wanted
from albumen.media.geometry import upright_size
from albumen.media.icc import ADOBE_RGB, DISPLAY_P3, adobe_rgb_profile, cicp_profile, matrix_profile
from albumen.media.jpeg_xl_header import JpegXlHeader, read_jpeg_xl_header
from albumen.media.sniff import sniff
from albumen.pipeline.contract import StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, Settings

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 30), (30, 30, 200), (210, 200, 20)
# Three frames of 30 x 20 pixels, red, green, blue, a tenth of a second each; made with cjxl 0.7.0 from a GIF.
ANIMATION = bytes.fromhex(
    "ff0a98404100161497040808a002000068004b188b1500d4176330f22e20014022214101a401c194037d45180808a0020000"
    "70004b188b15001c2ec61863c678790109000a069241f82101c100d8800c0808a042000068004b188b1500d419638c3133e6"
    "0524003018a100702ee15430492e"
)


def quadrants(width: int = 64, height: int = 32) -> NDArray[np.uint8]:
    """Red, green above; blue, yellow below."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, YELLOW
    return pixels


def assert_quadrants(pixels: NDArray[np.uint8], tolerance: int) -> None:
    height, width = pixels.shape[:2]
    corners = [pixels[y, x] for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    np.testing.assert_allclose(np.array(corners, int), [RED, GREEN, BLUE, YELLOW], atol=tolerance)


def packed(pixels: NDArray[np.uint8], **options: object) -> bytes:
    return pylibjxl.encode(np.ascontiguousarray(pixels), lossless=True, effort=3, **options)


def repacked(pixels: NDArray[np.uint8], **options: object) -> bytes:
    """A JPEG, packed anew without loss as a JPEG XL."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=95, subsampling=0, **options)
    return pylibjxl.jpeg_to_jxl(out.getvalue())


def shown(data: bytes, **limits: int) -> DecodedPhoto:
    return decode(data, MIME, LimitSettings(**limits), Wanted(1440, 4320))


def fault_of(data: bytes, **limits: int) -> ItemFault:
    with pytest.raises(ItemFault) as caught:
        shown(data, **limits)
    return caught.value


def header_of(data: bytes) -> JpegXlHeader:
    header = read_jpeg_xl_header(data)
    assert header is not None
    return header


class Bits:
    """Writes the fields of a codestream's header."""

    def __init__(self) -> None:
        self.value, self.length = 0, 0

    def put(self, value: int, count: int) -> Bits:
        self.value |= value << self.length
        self.length += count
        return self

    def choose(self, selector: int, value: int = 0, count: int = 0) -> Bits:
        return self.put(selector, 2).put(value, count)

    def size(self, width: int, height: int) -> Bits:
        self.put(0, 1).choose(1, height - 1, 13).put(0, 3)
        return self.choose(1, width - 1, 13)

    def enum(self, value: int) -> Bits:
        if value < 2:
            return self.choose(value)
        return self.choose(2, value - 2, 4) if value < 18 else self.choose(3, value - 18, 6)

    def coordinate(self, millionths: int) -> Bits:
        folded = 2 * millionths
        if folded < 524288:
            return self.choose(0, folded, 19)
        return self.choose(1, folded - 524288, 19) if folded < 1048576 else self.choose(2, folded - 1048576, 20)

    def codestream(self) -> bytes:
        return b"\xff\x0a" + self.value.to_bytes((self.length + 7) // 8, "little")


def named_space(primaries: int, transfer: int, *, white: int = 1) -> bytes:
    """The header of an eight-bit picture of 300 x 200 pixels in a colour space that is named by numbers."""
    bits = Bits().size(300, 200).put(0, 1).put(0, 1)  # not all default, no extra fields
    bits.put(0, 1).choose(0).put(1, 1).choose(0)  # integers, 8 bits, no extra channels
    bits.put(1, 1).put(0, 1).put(0, 1)  # XYB; colours not default, no profile
    return bits.enum(0).enum(white).enum(primaries).put(0, 1).enum(transfer).enum(0).codestream()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_by_its_decoder_alone(orientation: int) -> None:
    upright = quadrants()
    stored: dict[int, NDArray[np.uint8]] = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = repacked(np.ascontiguousarray(stored[orientation]), exif=exif)
    header, photo = header_of(data), shown(data)
    assert header.orientation == orientation
    assert upright_size(header.width, header.height, orientation) == (64, 32)
    assert (photo.width, photo.height, photo.orientation) == (64, 32, 1)
    assert_quadrants(photo.pixels, tolerance=3)


def test_an_exif_block_alone_turns_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = shown(packed(quadrants(), exif=exif.tobytes()))
    assert (photo.width, photo.height, photo.orientation) == (64, 32, 1)


def test_grey_and_colour_come_as_they_are() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(1, 256).repeat(16, axis=0)
    photo = shown(packed(grey))
    assert (photo.mode, photo.icc, photo.frames) == ("L", None, 1)
    np.testing.assert_array_equal(photo.pixels, grey)
    np.testing.assert_array_equal(shown(packed(quadrants())).pixels, quadrants())


def test_lossy_pictures_are_true_in_colour() -> None:
    data = pylibjxl.encode(quadrants(256, 128), distance=0.5)
    assert_quadrants(shown(data).pixels, tolerance=8)


def test_alpha_is_flattened_on_white() -> None:
    pixels = np.dstack([quadrants(), np.full((32, 64), 128, np.uint8)])
    pixels[:, :8, 3] = 0
    flat = shown(packed(pixels)).pixels
    np.testing.assert_array_equal(flat[8, 2], (255, 255, 255))
    np.testing.assert_allclose(flat[8, 20].astype(int), (227, 142, 142), atol=1)


@pytest.mark.parametrize("profile", [adobe_rgb_profile(), matrix_profile(DISPLAY_P3)], ids=["Adobe RGB", "P3"])
@pytest.mark.parametrize("make", [repacked, packed], ids=["repacked JPEG", "lossless"])
def test_an_embedded_profile_is_kept(make: object, profile: bytes) -> None:
    option = "icc_profile" if make is repacked else "icc"
    photo = shown(make(quadrants(), **{option: profile}))  # type: ignore[operator]
    expected = to_srgb(quadrants(), "RGB", profile)
    np.testing.assert_allclose(to_srgb(photo.pixels, photo.mode, photo.icc).astype(int), expected, atol=4)


@pytest.mark.parametrize(
    ("primaries", "transfer", "profile"),
    [
        (1, 13, None),
        (1, 1, None),
        (11, 13, cicp_profile(12, 13)),
        (9, 16, cicp_profile(9, 16)),
        (9, 18, cicp_profile(9, 18)),
        (1, 8, cicp_profile(1, 8)),
    ],
    ids=["sRGB", "BT.709", "Display P3", "PQ", "HLG", "linear"],
)
def test_a_colour_space_that_is_only_named_gets_its_profile(
    primaries: int, transfer: int, profile: bytes | None
) -> None:
    header = header_of(named_space(primaries, transfer))
    assert (header.width, header.height, header.embedded_profile) == (300, 200, False)
    assert header.implied_profile == profile


def test_primaries_of_ones_own_are_read() -> None:
    bits = Bits().size(40, 30).put(0, 1).put(0, 1).put(0, 1).choose(0).put(1, 1).choose(0).put(1, 1).put(0, 1).put(0, 1)
    bits.enum(0).enum(1).enum(2)
    for millionths in (640000, 330000, 210000, 710000, 150000, 60000):
        bits.coordinate(millionths)
    bits.put(1, 1).put(round(1e7 * 256 / 563), 24).enum(0)
    assert header_of(bits.codestream()).implied_profile == matrix_profile(ADOBE_RGB, 1e7 / 4547069)


def test_of_an_animation_the_first_frame_is_shown() -> None:
    photo = shown(ANIMATION)
    assert (photo.width, photo.height) == (30, 20)
    assert photo.frames > 1
    np.testing.assert_array_equal(np.unique(photo.pixels.reshape(-1, 3), axis=0), [RED])


@pytest.mark.parametrize("kept", [0.1, 0.4, 0.9, 0.99])
def test_a_file_cut_off_is_unreadable(kept: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    for data in (packed(noise), pylibjxl.encode(noise, distance=1.0), repacked(noise)):
        assert fault_of(data[: int(len(data) * kept)]).reason is Reason.UNREADABLE


def test_the_size_is_refused_by_the_header() -> None:
    data = packed(quadrants(300, 200))
    fault = fault_of(data, photo_pixels=59_999)
    assert (fault.reason, fault.detail.split(",")[0]) == (Reason.TOO_LARGE, "300 x 200 = 60000 pixels")
    assert shown(data, photo_pixels=60_000).width == 300
    bomb = Bits().put(0, 1).choose(3, (1 << 30) - 1, 30).put(1, 3).put(1, 1).codestream()
    assert fault_of(bomb).reason is Reason.TOO_LARGE


def test_a_profile_above_the_limit_is_refused() -> None:
    fault = fault_of(packed(quadrants(), icc=adobe_rgb_profile()), icc_bytes=100)
    assert fault.reason is Reason.TOO_LARGE
    assert "limits.icc_bytes" in fault.detail


def test_black_ink_is_unsupported() -> None:
    bits = Bits().size(40, 30).put(0, 1).put(0, 1).put(0, 1).choose(0).put(1, 1)
    bits.choose(1).put(0, 1).enum(4).put(0, 1).choose(0).choose(0).choose(0)  # one extra channel: black, 8 bits
    bits.put(0, 1).put(0, 1).put(1, 1).enum(0)
    fault = fault_of(bits.codestream() + bytes(100))
    assert (fault.reason, "CMYK" in fault.detail) == (Reason.UNSUPPORTED, True)


@given(st.binary(max_size=200))
def test_no_header_makes_the_reader_raise(rest: bytes) -> None:
    read_jpeg_xl_header(b"\xff\x0a" + rest)
    box = struct.pack(">I4s", len(rest) + 10, b"jxlc") + b"\xff\x0a" + rest
    read_jpeg_xl_header(b"\0\0\0\x0cJXL \r\n\x87\n" + box)


def test_rubbish_is_unreadable_with_words_that_do_not_change() -> None:
    for data in (
        b"",
        b"\xff\x0a",
        b"\xff\x0a" + bytes(range(256)),
        bytes(100),
        b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50),
    ):
        fault = fault_of(data)
        assert fault.reason in (Reason.UNREADABLE, Reason.TOO_LARGE, Reason.UNSUPPORTED)
        assert fault.detail == fault_of(data).detail


def test_the_sandbox_lets_the_decoder_work() -> None:
    data = repacked(quadrants(640, 480))
    assert sniff(data, len(data), "a.jxl").reason is None
    references = ["albumen.pipeline.steps.renditions:RenditionsStep"]
    with Sandbox(references, Settings()) as sandbox:
        (outcome,) = sandbox.run([WorkItem(1, data, "photo", MIME, {"file_name": "a.jxl"}, ("renditions",))])
    assert isinstance(outcome.result, StepResult), outcome.result
    assert {made.name for made in outcome.result.objects} >= {"thumb", "preview"}


def corpus() -> Path | None:
    beside = (parent.parent / "shared" / "corpus" for parent in Path(__file__).resolve().parents)
    return next((path for path in beside if path.is_dir()), None)


@pytest.mark.skipif(corpus() is None, reason="the shared corpus is not beside this checkout")
def test_a_real_picture_looks_like_itself() -> None:
    folder = corpus()
    assert folder is not None
    photo = shown((folder / "camera" / "immich" / "8bit-sRGB.jxl").read_bytes())
    assert (photo.width, photo.height, photo.mode) == (1440, 1080, "RGB")
    assert photo.pixels.std() > 30
