"""TIFF in all the ways samples can lie in it: every layout shows the same four colours."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from albumen.media.photo import decode_rendition, render
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings

Pixels = NDArray[Any]
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
LETTERS = {3: "H", 4: "I", 12: "d"}

COLOURS = np.array([[[200, 30, 30], [30, 160, 30]], [[30, 30, 200], [210, 200, 20]]], np.uint8)
GREYS = np.array([[250, 128], [60, 10]], np.uint8)


def quadrants(values: Pixels, height: int = 32, width: int = 48) -> Pixels:
    return values.repeat(height // 2, axis=0).repeat(width // 2, axis=1)


RGB8, GREY8 = quadrants(COLOURS), quadrants(GREYS)
RGB16, GREY16 = RGB8.astype(np.uint16) * 257, GREY8.astype(np.uint16) * 257


@dataclass
class Page:
    """One page as it is written: samples, and what the directory says of them."""

    samples: Pixels
    photometric: int
    order: str = "<"
    sample_format: int = UNSIGNED
    extras: tuple[int, ...] = ()
    planar: bool = False
    compression: int = 1
    predictor: int = 1
    tile: int = 0
    rows: int = 0
    bits: int = 0
    tags: dict[int, tuple[int, list[int]]] = field(default_factory=dict)

    def blocks(self) -> list[bytes]:
        pixels = self.samples if self.samples.ndim == 3 else self.samples[:, :, np.newaxis]
        planes = [pixels[:, :, n : n + 1] for n in range(pixels.shape[2])] if self.planar else [pixels]
        return [self.packed(part) for plane in planes for part in self.cut(plane)]

    def cut(self, plane: Pixels) -> list[Pixels]:
        height, width, _ = plane.shape
        if not self.tile:
            rows = self.rows or height
            return [plane[top : top + rows] for top in range(0, height, rows)]
        whole = np.pad(plane, ((0, -height % self.tile), (0, -width % self.tile), (0, 0)))
        return [
            whole[top : top + self.tile, left : left + self.tile]
            for top in range(0, height, self.tile)
            for left in range(0, width, self.tile)
        ]

    def packed(self, part: Pixels) -> bytes:
        if self.predictor == 2:
            part = np.concatenate([part[:, :1], np.diff(part, axis=1)], axis=1)
        data = part.astype(part.dtype.newbyteorder(self.order)).tobytes()
        if self.predictor == 3:
            data = self.shuffled(part)
        if self.bits == 12:
            data = b"".join(twelve_bits(row) for row in part.reshape(len(part), -1))
        return zlib.compress(data) if self.compression == 8 else data

    def shuffled(self, part: Pixels) -> bytes:
        """Photoshop's predictor for floating point: bytes by their place, then differences."""
        rows, _, channels = part.shape
        size = part.dtype.itemsize
        sorted_bytes = part.astype(part.dtype.newbyteorder(">")).view(np.uint8).reshape(rows, -1, size)
        row = sorted_bytes.transpose(0, 2, 1).reshape(rows, -1)
        row[:, channels:] = row[:, channels:] - row[:, :-channels].copy()
        return row.tobytes()

    def directory(self, offsets: list[int], counts: list[int]) -> dict[int, tuple[int, list[int]]]:
        channels = self.samples.shape[2] if self.samples.ndim == 3 else 1
        found: dict[int, tuple[int, list[int]]] = {
            256: (4, [self.samples.shape[1]]),
            257: (4, [self.samples.shape[0]]),
            258: (3, [self.bits or self.samples.dtype.itemsize * 8] * channels),
            259: (3, [self.compression]),
            262: (3, [self.photometric]),
            277: (3, [channels]),
            284: (3, [2 if self.planar else 1]),
            339: (3, [self.sample_format] * channels),
        }
        if self.extras:
            found[338] = (3, list(self.extras))
        if self.predictor > 1:
            found[317] = (3, [self.predictor])
        if self.tile:
            found |= {322: (4, [self.tile]), 323: (4, [self.tile]), 324: (4, offsets), 325: (4, counts)}
        else:
            found |= {273: (4, offsets), 278: (4, [self.rows or self.samples.shape[0]]), 279: (4, counts)}
        return found | self.tags


def twelve_bits(row: Pixels) -> bytes:
    values = row.astype(np.uint16) * 16 + row // 16
    first, second = np.pad(values, (0, len(values) % 2)).reshape(-1, 2).T
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1).astype(np.uint8).tobytes()
    return packed[: (12 * len(values) + 7) // 8]


def tiff(*pages: Page) -> bytes:
    order = pages[0].order
    data = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for page in pages:
        blocks = page.blocks()
        offsets = [len(data) + sum(map(len, blocks[:n])) for n in range(len(blocks))]
        data += b"".join(blocks)
        data += bytes(len(data) % 2)
        directory = sorted(page.directory(offsets, [len(block) for block in blocks]).items())
        struct.pack_into(f"{order}I", data, link, len(data))
        values_at = len(data) + 2 + 12 * len(directory) + 4
        entries, values = struct.pack(f"{order}H", len(directory)), b""
        for tag, (kind, numbers) in directory:
            packed = struct.pack(f"{order}{len(numbers)}{LETTERS[kind]}", *numbers)
            place = packed.ljust(4, b"\0")
            if len(packed) > 4:
                place, values = struct.pack(f"{order}I", values_at + len(values)), values + packed
            entries += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + place
        data += entries
        link = len(data)
        data += bytes(4) + values + bytes(len(values) % 2)
    return bytes(data)


def shown(data: bytes) -> NDArray[np.int64]:
    photo = render(data, "image/tiff", renditions=RenditionSettings(preview_quality=98), limits=LimitSettings())
    pixels = decode_rendition(photo.preview.data)
    height, width = pixels.shape[:2]
    return np.array([[pixels[y, x] for x in (width // 4, 3 * width // 4)] for y in (height // 4, 3 * height // 4)], int)


def with_alpha(samples: Pixels, alpha: int) -> Pixels:
    samples = samples if samples.ndim == 3 else samples[:, :, np.newaxis]
    return np.concatenate([samples, np.full((*samples.shape[:2], 1), alpha, samples.dtype)], axis=2)


def multiplied(samples: Pixels, alpha: int, full: int) -> Pixels:
    return with_alpha((samples.astype(float) * alpha / full).round().astype(samples.dtype), alpha)


INK8 = np.concatenate([255 - RGB8, np.zeros((*RGB8.shape[:2], 1), np.uint8)], axis=2)
HALF = np.asarray(COLOURS * (128 / 255) + 127, int)
HALF_GREY = np.repeat((GREYS * (128 / 255) + 127)[..., np.newaxis], 3, axis=2).astype(int)
GREY = np.repeat(GREYS[..., np.newaxis], 3, axis=2).astype(int)

LAYOUTS: dict[str, tuple[Callable[[str], Page], Pixels]] = {
    "8-bit RGB": (lambda order: Page(RGB8, RGB, order), COLOURS),
    "8-bit RGB in planes": (lambda order: Page(RGB8, RGB, order, planar=True), COLOURS),
    "16-bit RGB": (lambda order: Page(RGB16, RGB, order), COLOURS),
    "16-bit RGB in planes": (lambda order: Page(RGB16, RGB, order, planar=True), COLOURS),
    "16-bit RGB in planes of strips": (lambda order: Page(RGB16, RGB, order, planar=True, rows=5), COLOURS),
    "16-bit RGB in tiles": (lambda order: Page(RGB16, RGB, order, tile=32), COLOURS),
    "16-bit RGB in planes of tiles": (lambda order: Page(RGB16, RGB, order, tile=32, planar=True), COLOURS),
    "16-bit RGB, packed differences": (
        lambda order: Page(RGB16, RGB, order, compression=8, predictor=2, rows=7),
        COLOURS,
    ),
    "16-bit RGB, packed differences in tiles": (
        lambda order: Page(RGB16, RGB, order, compression=8, predictor=2, tile=32),
        COLOURS,
    ),
    "32-bit RGB": (lambda order: Page(RGB8.astype(np.uint32) * 16843009, RGB, order), COLOURS),
    "signed 16-bit RGB": (lambda order: Page((RGB16 >> 1).astype(np.int16), RGB, order, SIGNED), COLOURS),
    "half floats": (lambda order: Page((RGB8 / 255).astype(np.float16), RGB, order, FLOAT), COLOURS),
    "floats": (lambda order: Page((RGB8 / 255).astype(np.float32), RGB, order, FLOAT), COLOURS),
    "floats up to 255": (lambda order: Page(RGB8.astype(np.float32), RGB, order, FLOAT), COLOURS),
    "floats, packed and shuffled": (
        lambda order: Page((RGB8 / 255).astype(np.float32), RGB, order, FLOAT, compression=8, predictor=3),
        COLOURS,
    ),
    "floats, packed and shuffled in tiles": (
        lambda order: Page((RGB8 / 255).astype(np.float32), RGB, order, FLOAT, compression=8, predictor=3, tile=32),
        COLOURS,
    ),
    "doubles": (lambda order: Page(RGB8 / 255, RGB, order, FLOAT), COLOURS),
    "12-bit RGB": (lambda order: Page(RGB8, RGB, order, bits=12), COLOURS),
    "12-bit grey": (lambda order: Page(GREY8, BLACK_IS_ZERO, order, bits=12), GREY),
    "12-bit grey of an odd width": (lambda order: Page(GREY8[:, :47], BLACK_IS_ZERO, order, bits=12), GREY),
    "12-bit grey, white is zero": (lambda order: Page(255 - GREY8, WHITE_IS_ZERO, order, bits=12), GREY),
    "8-bit grey, white is zero": (lambda order: Page(255 - GREY8, WHITE_IS_ZERO, order), GREY),
    "16-bit grey": (lambda order: Page(GREY16, BLACK_IS_ZERO, order), GREY),
    "16-bit grey, white is zero": (lambda order: Page(65535 - GREY16, WHITE_IS_ZERO, order), GREY),
    "signed 16-bit grey": (lambda order: Page((GREY16 >> 1).astype(np.int16), BLACK_IS_ZERO, order, SIGNED), GREY),
    "32-bit grey": (lambda order: Page(GREY8.astype(np.uint32) * 16843009, BLACK_IS_ZERO, order), GREY),
    "grey floats": (lambda order: Page((GREY8 / 255).astype(np.float32), BLACK_IS_ZERO, order, FLOAT), GREY),
    "8-bit grey, alpha": (lambda order: Page(with_alpha(GREY8, 128), BLACK_IS_ZERO, order, extras=(2,)), HALF_GREY),
    "16-bit grey, alpha": (
        lambda order: Page(with_alpha(GREY16, 128 * 257), BLACK_IS_ZERO, order, extras=(2,)),
        HALF_GREY,
    ),
    "8-bit RGB, alpha": (lambda order: Page(with_alpha(RGB8, 128), RGB, order, extras=(2,)), HALF),
    "8-bit RGB, multiplied alpha": (lambda order: Page(multiplied(RGB8, 128, 255), RGB, order, extras=(1,)), HALF),
    "16-bit RGB, alpha": (lambda order: Page(with_alpha(RGB16, 128 * 257), RGB, order, extras=(2,)), HALF),
    "16-bit RGB, multiplied alpha": (
        lambda order: Page(multiplied(RGB16, 128 * 257, 65535), RGB, order, extras=(1,)),
        HALF,
    ),
    "16-bit RGB, an extra channel": (lambda order: Page(with_alpha(RGB16, 0), RGB, order, extras=(0,)), COLOURS),
    "8-bit inks": (lambda order: Page(INK8, INKS, order), COLOURS),
    "16-bit inks": (lambda order: Page(INK8.astype(np.uint16) * 257, INKS, order), COLOURS),
    "8-bit inks in planes": (lambda order: Page(INK8, INKS, order, planar=True), COLOURS),
    "16-bit inks in planes": (lambda order: Page(INK8.astype(np.uint16) * 257, INKS, order, planar=True), COLOURS),
    "8-bit inks, alpha": (lambda order: Page(with_alpha(INK8, 128), INKS, order, extras=(2,)), HALF),
    "8-bit inks, an extra channel": (lambda order: Page(with_alpha(INK8, 0), INKS, order, extras=(0,)), COLOURS),
    "palette": (lambda order: Page(indices(), PALETTE, order, tags={320: colour_map(257)}), COLOURS),
    "palette of eight bits": (lambda order: Page(indices(), PALETTE, order, tags={320: colour_map(1)}), COLOURS),
}


def indices() -> Pixels:
    return quadrants(np.array([[0, 1], [2, 3]], np.uint8))


def colour_map(scale: int) -> tuple[int, list[int]]:
    table = np.zeros((3, 256), int)
    table[:, :4] = COLOURS.reshape(4, 3).T.astype(int) * scale
    return 3, table.ravel().tolist()


@pytest.mark.parametrize("order", ["<", ">"], ids=["little-endian", "big-endian"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_shows_its_colours(name: str, order: str) -> None:
    page, expected = LAYOUTS[name]
    np.testing.assert_allclose(shown(tiff(page(order))), expected, atol=4)


def test_brightness_beyond_white_is_clipped() -> None:
    light = (RGB8 / 255).astype(np.float32)
    light[:4, :4] = 6.5
    light[4:8, :4] = np.nan
    light[8:12, :4] = -1
    np.testing.assert_allclose(shown(tiff(Page(light, RGB, sample_format=FLOAT))), COLOURS, atol=4)


@pytest.mark.parametrize("bits_are", [WHITE_IS_ZERO, BLACK_IS_ZERO])
def test_one_bit_a_pixel(bits_are: int) -> None:
    buffer = BytesIO()
    # Pillow turns the bits over where it is told that white is zero.
    Image.fromarray(GREY8 > 100).save(buffer, "TIFF", compression="group4", tiffinfo={262: bits_are})
    np.testing.assert_allclose(shown(buffer.getvalue()), np.where(GREY > 100, 255, 0), atol=2)


@pytest.mark.parametrize("compression", ["jpeg", "tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd", "lzma"])
def test_every_compression_of_libtiff(compression: str) -> None:
    buffer = BytesIO()
    Image.fromarray(RGB8).save(buffer, "TIFF", compression=compression)
    np.testing.assert_allclose(shown(buffer.getvalue()), COLOURS, atol=8)


def test_a_jpeg_of_the_old_style() -> None:
    """Compression 6: a whole JPEG file somewhere in the TIFF (TIFF 6.0, section 22)."""
    buffer = BytesIO()
    Image.fromarray(RGB8).save(buffer, "JPEG", quality=95, subsampling=0)
    stream = buffer.getvalue()
    tags = {256: (4, [48]), 257: (4, [32]), 258: (3, [8, 8, 8]), 259: (3, [6]), 262: (3, [YCBCR]), 273: (4, [8])}
    tags |= {277: (3, [3]), 278: (4, [32]), 279: (4, [len(stream)]), 513: (4, [8]), 514: (4, [len(stream)])}
    tags |= {530: (3, [1, 1])}

    class OldJpeg(Page):
        def blocks(self) -> list[bytes]:
            return [stream]

        def directory(self, offsets: list[int], counts: list[int]) -> dict[int, tuple[int, list[int]]]:
            return tags

    np.testing.assert_allclose(shown(tiff(OldJpeg(RGB8, YCBCR))), COLOURS, atol=8)


def test_lab_with_unsigned_channels() -> None:
    grey = np.zeros((32, 48, 3), np.uint8) + np.array([138, 128, 128], np.uint8)
    pixels = shown(tiff(Page(grey, ICCLAB)))
    assert np.ptp(pixels, axis=2).max() <= 2
    assert abs(int(pixels[0, 0, 0]) - 128) <= 3


@pytest.mark.parametrize("kind", [1, 4, 5])
def test_the_first_page_that_is_a_picture_of_its_own_is_shown(kind: int) -> None:
    thumbnail = Page(np.zeros((8, 12, 3), np.uint8), RGB, tags={254: (4, [kind])})
    for whole in (Page(RGB8, RGB, tags={254: (4, [0])}), Page(RGB16, RGB)):
        data = tiff(thumbnail, whole, Page(255 - RGB8, RGB))
        np.testing.assert_allclose(shown(data), COLOURS, atol=4)


def test_a_first_page_that_is_reduced_by_the_old_tag_is_passed_over() -> None:
    thumbnail = Page(np.zeros((8, 12, 3), np.uint8), RGB, tags={255: (3, [2])})
    np.testing.assert_allclose(shown(tiff(thumbnail, Page(RGB8, RGB))), COLOURS, atol=4)


def test_a_lone_reduced_page_is_better_than_nothing() -> None:
    np.testing.assert_allclose(shown(tiff(Page(RGB8, RGB, tags={254: (4, [1])}))), COLOURS, atol=4)


def test_a_full_picture_hanging_below_a_thumbnail_is_shown() -> None:
    pages = tiff(Page(RGB8, RGB), Page(np.zeros((8, 12, 3), np.uint8), RGB, tags={254: (4, [1]), 330: (4, [0])}))
    (full,) = struct.unpack_from("<I", pages, 4)
    count = struct.unpack_from("<H", pages, full)[0]
    (thumbnail,) = struct.unpack_from("<I", pages, full + 2 + 12 * count)
    data = bytearray(pages)
    struct.pack_into("<I", data, 4, thumbnail)
    struct.pack_into("<I", data, full + 2 + 12 * count, 0)
    entries = range(thumbnail + 2, thumbnail + 2 + 12 * struct.unpack_from("<H", data, thumbnail)[0], 12)
    place = next(at for at in entries if struct.unpack_from("<H", data, at)[0] == 330)
    struct.pack_into("<I", data, place + 8, full)
    np.testing.assert_allclose(shown(bytes(data)), COLOURS, atol=4)


def test_pages_in_a_ring_end() -> None:
    data = bytearray(tiff(Page(RGB8, RGB, tags={254: (4, [1])})))
    (first,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, first + 2 + 12 * struct.unpack_from("<H", data, first)[0], first)
    np.testing.assert_allclose(shown(bytes(data)), COLOURS, atol=4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("samples", [RGB16, RGB8], ids=["16-bit", "8-bit"])
def test_deep_pages_are_turned_once_too(samples: Pixels, orientation: int) -> None:
    undo: dict[int, Pixels] = {
        1: samples,
        2: samples[:, ::-1],
        3: samples[::-1, ::-1],
        4: samples[::-1],
        5: samples.transpose(1, 0, 2),
        6: np.rot90(samples),
        7: samples[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(samples, -1),
    }
    page = Page(np.ascontiguousarray(undo[orientation]), RGB, tags={274: (3, [orientation])})
    photo = render(tiff(page), "image/tiff", renditions=RenditionSettings(), limits=LimitSettings())
    assert (photo.width, photo.height) == (48, 32)
    np.testing.assert_allclose(shown(tiff(page)), COLOURS, atol=4)


def fault_of(data: bytes, **limits: int) -> ItemFault:
    with pytest.raises(ItemFault) as caught:
        render(data, "image/tiff", renditions=RenditionSettings(), limits=LimitSettings(**limits))
    return caught.value


def test_a_deep_page_keeps_the_limits() -> None:
    data = tiff(Page(RGB16, RGB))
    fault = fault_of(data, photo_pixels=1535)
    assert (fault.reason, fault.detail) == (
        Reason.TOO_LARGE,
        "48 x 32 = 1536 pixels, limit 1535 (limits.photo_pixels)",
    )
    assert render(data, "image/tiff", renditions=RenditionSettings(), limits=LimitSettings(photo_pixels=1536)).width


@pytest.mark.parametrize("compression", [1, 8])
def test_a_deep_page_that_is_cut_off_is_unreadable(compression: int) -> None:
    noise = np.random.default_rng(2).integers(0, 65536, (64, 64, 3), np.uint16)
    data = tiff(Page(noise, RGB, compression=compression, rows=8))
    directory_first = struct.unpack_from("<I", data, 4)[0]
    fault = fault_of(data[: directory_first // 3])
    assert fault.reason is Reason.UNREADABLE
    broken = data[: directory_first // 3] + bytes(directory_first - directory_first // 3) + data[directory_first:]
    if compression == 8:
        assert fault_of(broken).reason is Reason.UNREADABLE


@pytest.mark.parametrize("tag", [273, 278, 279, 277, 258, 317, 339])
def test_a_deep_page_with_a_senseless_number_costs_only_itself(tag: int) -> None:
    for value in (0, 1, 7, 65535):
        page = Page(RGB16, RGB, compression=8, predictor=2)
        data = bytearray(tiff(page))
        (first,) = struct.unpack_from("<I", data, 4)
        entries = range(first + 2, first + 2 + 12 * struct.unpack_from("<H", data, first)[0], 12)
        place = next(at for at in entries if struct.unpack_from("<H", data, at)[0] == tag)
        struct.pack_into("<HII", data, place + 2, 4, 1, value)
        try:
            found = render(bytes(data), "image/tiff", renditions=RenditionSettings(), limits=LimitSettings()).width
        except ItemFault as fault:
            found = fault.reason
        assert found in (48, Reason.UNREADABLE, Reason.TOO_LARGE)
