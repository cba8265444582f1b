"""More than eight bits, and more light than a screen has: middle grey stays, white is near white, nothing inverts."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from albumen.media.photo import decode_rendition, render
from albumen.settings import LimitSettings, RenditionSettings

Floats = NDArray[np.float64]

# cd/m2: black, 18 % grey under the white of ITU-R BT.2408 (203), that white, the peak of most masters, and beyond.
LIGHTS = np.array([0, 36.5, 203, 1000, 4000])
PQ, HLG = 16, 18


def pq(light: Floats) -> Floats:
    """SMPTE ST 2084."""
    power = (light / 10000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def hlg(light: Floats) -> Floats:
    """ITU-R BT.2100, on a display of 1000 cd/m2 (system gamma 1.2)."""
    scene = np.minimum(light / 1000, 1) ** (1 / 1.2)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def squares(signal: Floats, depth: int) -> NDArray[np.generic]:
    numbers = (signal * (2**depth - 1)).round().astype(np.uint8 if depth == 8 else np.uint16)
    return np.repeat(np.repeat(np.repeat(numbers[np.newaxis, :, np.newaxis], 32, 0), 32, 1), 3, 2)


def heic(signal: Floats, **code_points: int) -> bytes:
    """Ten bits."""
    pixels = squares(signal, 16)
    buffer = BytesIO()
    image = pillow_heif.from_bytes("RGB;16", pixels.shape[1::-1], pixels.tobytes())
    image.save(buffer, quality=95, chroma=444, full_range_flag=1, **code_points)
    return buffer.getvalue()


def avif(signal: Floats, primaries: int, transfer: int) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.asarray(squares(signal, 8), np.uint8)).save(buffer, "AVIF", quality=98, subsampling="4:4:4")
    data = bytearray(buffer.getvalue())
    struct.pack_into(">HH", data, data.index(b"nclx") + 4, primaries, transfer)
    return bytes(data)


def shown(data: bytes, mime: str) -> NDArray[np.int64]:
    photo = render(data, mime, renditions=RenditionSettings(preview_quality=98), limits=LimitSettings())
    return decode_rendition(photo.preview.data)[16, 16::32].astype(int)


def assert_sensible(pixels: NDArray[np.int64]) -> None:
    assert np.ptp(pixels, axis=1).max() <= 2
    black, grey, white, peak, beyond = pixels[:, 1]
    assert black <= 1
    # 18 % of white is 118 in sRGB.
    assert abs(grey - 118) <= 4
    assert 215 <= white <= 245
    assert peak >= 252
    assert beyond == 255


@pytest.mark.parametrize(("transfer", "curve"), [(PQ, pq), (HLG, hlg)], ids=["PQ", "HLG"])
@pytest.mark.parametrize("primaries", [1, 9, 12])
def test_light_beyond_white_is_rolled_off(primaries: int, transfer: int, curve: type[object]) -> None:
    signal = curve(LIGHTS)  # type: ignore[call-arg]
    codes = {"color_primaries": primaries, "transfer_characteristics": transfer, "matrix_coefficients": 9}
    assert_sensible(shown(heic(signal, **codes), "image/heic"))
    assert_sensible(shown(avif(signal, primaries, transfer), "image/avif"))


def test_ten_and_twelve_bits_are_brought_to_eight() -> None:
    signal = np.linspace(0, 1, 16)
    found = shown(heic(signal), "image/heic")
    np.testing.assert_allclose(found[:, 1], signal * 255, atol=3)


def test_the_colours_of_an_avif_are_those_of_its_primary_picture() -> None:
    """A gain map or a thumbnail in the same file has code points of its own, which may come first."""
    data = avif(pq(LIGHTS), 9, PQ)
    properties = data.index(b"ipco") - 4
    (size,) = struct.unpack_from(">I", data, properties)
    other = struct.pack(">I4s4sHHHB", 19, b"colr", b"nclx", 1, 13, 6, 0x80)
    # At the head of the file, in a box that is nobody's: a search for the bytes finds it first.
    first = struct.unpack_from(">I", data)[0]
    free = struct.pack(">I4s", 8 + len(other), b"free") + other
    moved = bytearray(data[:first] + free + data[first:])
    shift_places(moved, len(free))
    assert size > 8
    assert_sensible(shown(bytes(moved), "image/avif"))


def shift_places(data: bytearray, by: int) -> None:
    """Move where `iloc` says that the pictures lie (version 0, four bytes each: what libavif writes)."""
    at = data.index(b"iloc") + 4
    version, sizes, items = data[at], data[at + 4], struct.unpack_from(">H", data, at + 6)[0]
    assert (version, sizes) == (0, 0x44)
    at += 8
    for _ in range(items):
        extents = struct.unpack_from(">H", data, at + 4)[0]
        for extent in range(extents):
            place = at + 6 + 8 * extent
            struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + by)
        at += 6 + 8 * extents


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def test_a_gain_map_is_never_shown() -> None:
    """Ultra HDR: the base picture, an index of pictures (CIPA DC-007), and the map after it."""
    base = np.asarray(squares(np.linspace(0.2, 0.8, 5), 8), np.uint8)
    whole, gain = jpeg(base), jpeg(np.asarray(255 - base[::4, ::4, 0], np.uint8))
    entries = struct.pack("<IIIHH", 0x030000, len(whole), 0, 0, 0) + struct.pack(
        "<IIIHH", 0, len(gain), len(whole), 0, 0
    )
    index = b"II*\0" + struct.pack("<IH", 8, 3)
    index += struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, 2)
    index += struct.pack("<HHII", 0xB002, 7, 32, 50) + bytes(4) + entries
    xmp = b"http://ns.adobe.com/xap/1.0/\0"
    xmp += b"<x:xmpmeta xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' hdrgm:Version='1.0'/>"
    segments = b"".join(
        marker + struct.pack(">H", 2 + len(body)) + body
        for marker, body in ((b"\xff\xe1", xmp), (b"\xff\xe2", b"MPF\0" + index))
    )
    with_map = whole[:2] + segments + whole[2:] + gain
    np.testing.assert_array_equal(shown(with_map, "image/jpeg"), shown(whole, "image/jpeg"))
