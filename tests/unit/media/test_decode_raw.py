"""Camera RAW: which picture of the file is shown, its colours, its turn and its size."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from albumen.media.colour import to_srgb
from albumen.media.decode_raw import NAMES, decode
from albumen.media.decoded import DecodedPhoto, Wanted
from albumen.media.decoders import DECODERS
from albumen.media.geometry import turn_upright, upright_size
from albumen.media.icc import DISPLAY_P3, matrix_profile
from albumen.media.photo import render
from albumen.media.raw_layout import read_raw_layout
from albumen.media.signatures import READ_TYPES
from albumen.media.sniff import sniff
from albumen.pipeline.contract import StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings, Settings

DNG = "image/x-adobe-dng"
RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 30), (30, 30, 200), (210, 200, 20)
SHORT, LONG, RATIONAL, SIGNED = 3, 4, 5, 10
# XYZ to linear sRGB (IEC 61966-2-1): a camera whose own colours are those of sRGB.
SRGB_MATRIX = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
Entry = tuple[int, int, tuple[int, ...] | bytes]


def quadrants(width: int, height: int) -> NDArray[np.uint8]:
    """Red, green above; blue, yellow below; a white stripe between left and right."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, YELLOW
    pixels[:, width * 9 // 20 : width * 11 // 20] = 255
    return pixels


def assert_quadrants(pixels: NDArray[np.uint8], tolerance: int) -> None:
    height, width = pixels.shape[:2]
    corners = [pixels[y, x] for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    np.testing.assert_allclose(np.array(corners, int), [RED, GREEN, BLUE, YELLOW], atol=tolerance)


def stored_for(orientation: int, upright: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the sensor sees so that this orientation shows the picture upright."""
    undo = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[orientation]
    return np.ascontiguousarray(turn_upright(upright, undo))


def jpeg(pixels: NDArray[np.uint8], **options: object) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=95, subsampling=0, **options)
    return out.getvalue()


def light(pixels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Sixteen bits of linear light, as a sensor counts it."""
    signal = pixels / 255
    linear = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.round(linear * 65535), np.uint16)


def mosaic(samples: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """One colour a pixel: red and green, then green and blue."""
    cells = samples[:, :, 1].copy()
    cells[::2, ::2], cells[1::2, 1::2] = samples[::2, ::2, 0], samples[1::2, 1::2, 2]
    return cells


def directory(entries: list[Entry], at: int) -> bytes:
    """A TIFF directory and, after it, the values that do not fit into it."""
    layouts = {SHORT: "H", LONG: "I", RATIONAL: "I", SIGNED: "i"}
    body, values = b"", b""
    values_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        raw = value if isinstance(value, bytes) else struct.pack(f"<{len(value)}{layouts[kind]}", *value)
        count = len(raw) if isinstance(value, bytes) else len(value) // (2 if kind in (RATIONAL, SIGNED) else 1)
        body += struct.pack("<HHI", tag, kind, count)
        if len(raw) <= 4:
            body += raw.ljust(4, b"\0")
        else:
            body += struct.pack("<I", values_at + len(values))
            values += raw + b"\0" * (len(raw) % 2)
    return struct.pack("<H", len(entries)) + body + bytes(4) + values


def dng(
    pixels: NDArray[np.uint8],
    *,
    orientation: int = 1,
    preview: bytes | None = None,
    cfa: bool = False,
    compression: int = 1,
    extra: tuple[Entry, ...] = (),
) -> bytes:
    """A DNG as a camera writes it: linear or mosaic data, and the preview in a directory of its own."""
    height, width = pixels.shape[:2]
    samples = mosaic(light(pixels)) if cfa else light(pixels)
    planes = 1 if cfa else 3
    data, preview_at = samples.astype("<u2").tobytes(), 8
    data_at = preview_at + len(preview or b"")
    data_at += data_at % 2
    entries: list[Entry] = [
        (254, LONG, (0,)),
        (256, LONG, (width,)),
        (257, LONG, (height,)),
        (258, SHORT, (16,) * planes),
        (259, SHORT, (compression,)),
        (262, SHORT, (32803 if cfa else 34892,)),
        (271, 2, b"Albumen\0"),
        (272, 2, b"Test\0"),
        (273, LONG, (data_at,)),
        (274, SHORT, (orientation,)),
        (277, SHORT, (planes,)),
        (278, LONG, (height,)),
        (279, LONG, (len(data),)),
        (284, SHORT, (1,)),
        (50706, 1, bytes((1, 4, 0, 0))),
        (50708, 2, b"Albumen Test\0"),
        (50714, SHORT, (0,) * planes),
        (50717, SHORT, (65535,) * planes),
        (50721, SIGNED, tuple(part for value in SRGB_MATRIX for part in (round(value * 10000), 10000))),
        (50728, RATIONAL, (1, 1, 1, 1, 1, 1)),
        (50778, SHORT, (21,)),
        *extra,
    ]
    if cfa:
        entries += [(33421, SHORT, (2, 2)), (33422, 1, bytes((0, 1, 1, 2))), (50711, SHORT, (1,))]
    first_at = data_at + len(data)
    if preview is not None:
        inside = Image.open(BytesIO(preview))
        sub: list[Entry] = [
            (254, LONG, (1,)),
            (256, LONG, (inside.width,)),
            (257, LONG, (inside.height,)),
            (258, SHORT, (8, 8, 8)),
            (259, SHORT, (7,)),
            (262, SHORT, (6,)),
            (273, LONG, (preview_at,)),
            (277, SHORT, (3,)),
            (278, LONG, (inside.height,)),
            (279, LONG, (len(preview),)),
        ]
        first_at += first_at % 2
        second = directory(sub, first_at)
        entries.append((330, LONG, (first_at,)))
    else:
        second = b""
    head = struct.pack("<2sHI", b"II", 42, first_at + len(second)) + (preview or b"")
    body = (head.ljust(data_at, b"\0") + data).ljust(first_at, b"\0")
    return body + second + directory(entries, first_at + len(second))


def shown(data: bytes, wanted: tuple[int, int] = (1440, 4320), **limits: int) -> DecodedPhoto:
    return decode(data, DNG, LimitSettings(**limits), Wanted(*wanted))


def upright(photo: DecodedPhoto) -> NDArray[np.uint8]:
    return turn_upright(to_srgb(photo.pixels, photo.mode, photo.icc), photo.orientation)


def fault_of(data: bytes, mime: str = DNG, **limits: int) -> ItemFault:
    with pytest.raises(ItemFault) as caught:
        decode(data, mime, LimitSettings(**limits), Wanted(1440, 4320))
    return caught.value


def test_every_type_that_is_told_as_readable_has_a_decoder() -> None:
    assert DECODERS.keys() >= READ_TYPES
    assert NAMES.keys() <= READ_TYPES


@pytest.mark.parametrize("cfa", [False, True])
def test_without_a_preview_the_sensor_is_developed_true_in_colour(cfa: bool) -> None:
    data = dng(quadrants(240, 160), cfa=cfa)
    assert sniff(data, len(data), "a.dng").mime == DNG
    photo = shown(data)
    assert (photo.width, photo.height, photo.orientation) == (240, 160, 1)
    assert_quadrants(upright(photo), tolerance=3)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("with_preview", [False, True])
def test_a_raw_is_turned_upright_exactly_once(orientation: int, with_preview: bool) -> None:
    sensor = stored_for(orientation, quadrants(240, 160))
    photo = shown(dng(sensor, orientation=orientation, preview=jpeg(sensor) if with_preview else None))
    assert (photo.width, photo.height) == (sensor.shape[1], sensor.shape[0])
    assert upright_size(photo.width, photo.height, photo.orientation) == (240, 160)
    assert_quadrants(upright(photo), tolerance=5)


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_preview_that_was_turned_already_is_not_turned_again(orientation: int) -> None:
    picture = quadrants(240, 160)
    photo = shown(dng(stored_for(orientation, picture), orientation=orientation, preview=jpeg(picture)))
    assert upright_size(photo.width, photo.height, photo.orientation) == (240, 160)
    assert_quadrants(upright(photo), tolerance=5)


def test_the_preview_is_shown_where_it_has_the_pixels_wanted() -> None:
    grey = np.full((160, 240, 3), 128, np.uint8)
    half = np.array(Image.fromarray(quadrants(240, 160)).resize((120, 80), Image.Resampling.NEAREST))
    data = dng(grey, preview=jpeg(half))
    small = shown(data, wanted=(80, 4320))
    assert small.pixels.shape == (80, 120, 3)
    assert (small.width, small.height) == (240, 160)
    assert_quadrants(small.pixels, tolerance=5)
    large = shown(data, wanted=(160, 4320))
    assert large.pixels.shape == (160, 240, 3)
    assert int(np.ptp(large.pixels)) < 20


def framed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Between black bars, in the shape of the whole."""
    bars = np.zeros_like(picture)
    bars[20:-20] = picture[20:-20]
    return bars


@pytest.mark.parametrize(
    "preview",
    [
        jpeg(np.zeros((160, 240, 3), np.uint8)),
        jpeg(np.full((160, 240, 3), 255, np.uint8)),
        jpeg(framed(np.full((160, 240, 3), 128, np.uint8))),
        jpeg(np.full((180, 240, 3), 128, np.uint8)),
        jpeg(np.random.default_rng(1).integers(0, 256, (160, 240, 3), np.uint8))[:9000],
    ],
    ids=["black", "white", "letterboxed", "another shape", "cut off"],
)
def test_a_preview_that_is_no_real_picture_is_passed_over(preview: bytes) -> None:
    assert_quadrants(upright(shown(dng(quadrants(240, 160), preview=preview))), tolerance=3)


def test_a_preview_keeps_its_own_colours() -> None:
    profile = matrix_profile(DISPLAY_P3)
    data = dng(quadrants(240, 160), preview=jpeg(quadrants(240, 160), icc_profile=profile))
    assert shown(data).icc == profile
    assert shown(dng(quadrants(240, 160), preview=jpeg(quadrants(240, 160)))).icc is None


def test_a_preview_in_adobe_rgb_is_told_by_the_raw_around_it() -> None:
    data = dng(quadrants(240, 160), preview=jpeg(quadrants(240, 160)), extra=((0xC71A, LONG, (3,)),))
    red = upright(shown(data))[40, 60]
    assert int(red[0]) > RED[0] + 20


def test_half_the_sensor_is_developed_where_that_is_enough() -> None:
    photo = shown(dng(quadrants(480, 320), cfa=True), wanted=(100, 4320))
    assert photo.pixels.shape == (160, 240, 3)
    assert (photo.width, photo.height) == (480, 320)
    assert_quadrants(photo.pixels, tolerance=3)


def test_what_libraw_cannot_unpack_is_shown_by_its_largest_preview() -> None:
    small = np.array(Image.fromarray(quadrants(240, 160)).resize((120, 80), Image.Resampling.NEAREST))
    data = dng(quadrants(240, 160), preview=jpeg(small), compression=52546)
    photo = shown(data)
    assert photo.pixels.shape == (80, 120, 3)
    assert (photo.width, photo.height) == (240, 160)
    rendered = render(data, DNG, renditions=RenditionSettings(), limits=LimitSettings())
    assert (rendered.width, rendered.height) == (240, 160)
    assert (rendered.preview.width, rendered.preview.height) == (120, 80)


def test_without_a_preview_what_libraw_cannot_unpack_is_unsupported() -> None:
    assert fault_of(dng(quadrants(240, 160), compression=52546)).reason is Reason.UNSUPPORTED


def test_a_camera_that_libraw_does_not_know_is_unsupported_by_name() -> None:
    fault = fault_of(b"II*\0\x08\0\0\0" + directory([(256, LONG, (9,))], 8) + bytes(4000), "image/x-nikon-nef")
    assert fault.reason is Reason.UNSUPPORTED
    assert "Nikon NEF" in fault.detail


def test_data_that_end_too_early_are_cut_off() -> None:
    picture = quadrants(240, 160)
    whole = dng(picture)
    # The directory first, so that only sensor data are lost.
    at = struct.unpack_from("<I", whole, 4)[0]
    moved = bytearray(whole) + bytes(len(whole))
    moved[at : len(whole)] = whole[at:]
    entry = moved.index(struct.pack("<HHI", 273, LONG, 1), at)
    struct.pack_into("<I", moved, entry + 8, len(whole))
    moved[len(whole) : len(whole) + at - 8] = whole[8:at]
    assert_quadrants(upright(shown(bytes(moved))), tolerance=3)
    fault = fault_of(bytes(moved[: len(whole) + 20_000]))
    assert fault.reason is Reason.UNREADABLE
    assert fault.detail.startswith("cut off: ")


def test_black_sensor_data_are_unreadable() -> None:
    assert fault_of(dng(np.zeros((160, 240, 3), np.uint8))).reason is Reason.UNREADABLE


def test_the_size_is_refused_by_the_header() -> None:
    fault = fault_of(dng(quadrants(240, 160), preview=jpeg(quadrants(240, 160))), photo_pixels=38_399)
    assert (fault.reason, fault.detail.split(",")[0]) == (Reason.TOO_LARGE, "240 x 160 = 38400 pixels")
    assert shown(dng(quadrants(240, 160)), photo_pixels=38_400).width == 240


@pytest.mark.parametrize("mime", sorted(NAMES))
@pytest.mark.parametrize("data", [b"", b"II*\0", bytes(4096), b"FUJIFILMCCD-RAW " + bytes(300), b"\xff\xd8\xff" * 400])
def test_rubbish_is_a_fault_of_the_item_with_words_that_do_not_change(data: bytes, mime: str) -> None:
    fault = fault_of(data, mime)
    assert fault.reason in (Reason.UNREADABLE, Reason.UNSUPPORTED)
    assert fault.detail
    assert fault.detail == fault_of(data, mime).detail


@given(st.integers(0, 700), st.binary(min_size=1, max_size=16))
def test_no_damage_of_its_directories_makes_the_layout_reader_raise(at: int, noise: bytes) -> None:
    head, rest = struct.pack("<2sHI", b"II", 42, 8), bytes(200)
    data = bytearray(head + directory([(262, SHORT, (34892,)), (273, RATIONAL, (1, 0)), (279, LONG, (9,))], 8) + rest)
    data[at : at + len(noise)] = noise
    assert read_raw_layout(bytes(data), DNG, 1024**2).ends_at >= 0


def test_the_sandbox_lets_libraw_work() -> None:
    items = [
        WorkItem(number, data, "photo", DNG, {"file_name": f"{number}.dng"}, ("renditions",))
        for number, data in enumerate([dng(quadrants(960, 640), cfa=True), dng(quadrants(240, 160))[:60_000]])
    ]
    with Sandbox(["albumen.pipeline.steps.renditions:RenditionsStep"], Settings()) as sandbox:
        developed, cut = sorted(sandbox.run(items), key=lambda outcome: outcome.subject_id)
    assert isinstance(developed.result, StepResult), developed.result
    assert isinstance(cut.result, ItemFault)
    assert cut.result.reason is not Reason.BUG


def test_libraw_writes_nothing_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    fault_of(dng(quadrants(240, 160))[:60_000])
    assert capfd.readouterr().err == ""


CORPUS = next((up / "shared" / "corpus" for up in Path(__file__).parents if (up / "shared" / "corpus").is_dir()), None)


@pytest.mark.skipif(CORPUS is None, reason="the corpus is not beside this checkout")
def test_no_real_camera_file_however_cut_crashes_the_sandbox() -> None:
    assert CORPUS is not None
    items = []
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file() and (told := sniff(path.read_bytes()[:65536], path.stat().st_size, path.name)).mime in NAMES:
            context = {"file_name": path.name}
            items.append(WorkItem(len(items), path.read_bytes(), "photo", told.mime, context, ("renditions",)))
    with Sandbox(["albumen.pipeline.steps.renditions:RenditionsStep"], Settings()) as sandbox:
        outcomes = list(sandbox.run(items))
    assert len(outcomes) == len(items) > 10
    bad = {Reason.CRASHED, Reason.BUG, Reason.TIMED_OUT}
    faults = [outcome.result for outcome in outcomes if isinstance(outcome.result, ItemFault)]
    assert [str(fault) for fault in faults if fault.reason in bad] == []
