"""Samples of TIFF pages that Pillow has no mode for, or reads at less than they are: deep, float, packed, planar.

libtiff unpacks the page as if it were a wide grey picture of plain bytes; what the bytes mean is decided here.

References
----------
TIFF 6.0 (Adobe, 1992); Adobe Photoshop TIFF Technical Note 3 (predictor 3, floating point).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from albumen.media.decoded import Mode
from albumen.media.eight_bit import bands, finite, full_scale, scaled, signs_turned
from albumen.media.tiff_layout import (
    BLACK_IS_ZERO,
    CHANNELS,
    CIELAB,
    FLOAT,
    FLOATING,
    HORIZONTAL,
    ICCLAB,
    INKS,
    KINDS,
    PACKED_DEPTHS,
    PALETTE,
    SIGNED,
    UNASSOCIATED,
    WHITE_IS_ZERO,
    Layout,
    number,
    numbers,
)

_LONG = 4


def read(
    data: bytes, page: ImageFileDirectory_v2, layout: Layout, table: NDArray[np.uint8] | None = None
) -> tuple[NDArray[np.uint8], Mode]:
    """The page as eight bits a channel on white, not yet turned.

    Parameters
    ----------
    data : bytes
        The file.
    page : ImageFileDirectory_v2
        Its directory.
    layout : Layout
        As of `layout_of`; must be `readable`.
    table : ndarray of uint8, optional
        The number for each of 65,536 levels; by default in proportion.

    Returns
    -------
    pixels : ndarray of uint8
        Height x width, or height x width x channels.
    mode : str
        What the channels mean.

    Raises
    ------
    OSError
        Of libtiff, for damaged data.
    """
    channels, mode = CHANNELS[layout.photometric]
    used = channels + (layout.alpha != 0 and layout.samples > channels)
    planes = _planes(data, page, layout, used)
    white = _white(layout, planes)
    shape = (layout.height, layout.width) if mode == "L" else (layout.height, layout.width, channels)
    if layout.photometric == PALETTE:
        shape = (layout.height, layout.width, 3)
    pixels = np.empty(shape, np.uint8)
    for top, bottom, samples in _sample_bands(planes, layout, used):
        if layout.photometric == PALETTE:
            pixels[top:bottom] = _looked_up(samples[..., 0], layout.colour_map)
            continue
        part = _eight_bit(samples[..., :channels], layout, white, table)
        if used > channels:
            alpha = scaled(samples[..., channels], white)[..., np.newaxis]
            part = _on_white(part, alpha, layout)
        pixels[top:bottom] = part[..., 0] if mode == "L" else part
    return pixels, mode


def _planes(data: bytes, page: ImageFileDirectory_v2, layout: Layout, used: int) -> list[Image.Image]:
    """The page's bytes, unpacked: one picture, or one for each plane."""
    tag = TiffImagePlugin
    together = 1 if layout.planar else layout.samples
    across = layout.width
    tags = {
        tag.IMAGELENGTH: [layout.height],
        tag.BITSPERSAMPLE: [8],
        tag.COMPRESSION: [layout.compression],
        tag.PHOTOMETRIC_INTERPRETATION: [BLACK_IS_ZERO],
    }
    if layout.tile_width:
        # Whole tiles, since a floating-point predictor shuffles the bytes of a tile's full row.
        across = -(-layout.width // layout.tile_width) * layout.tile_width
        tags[tag.TILEWIDTH] = [layout.tile_width * together * layout.bits // 8]
        tags[tag.TILELENGTH] = list(numbers(page, tag.TILELENGTH))
        places = (tag.TILEOFFSETS, tag.TILEBYTECOUNTS)
    else:
        tags[tag.ROWSPERSTRIP] = [min(number(page, tag.ROWSPERSTRIP, layout.height), layout.height)]
        places = (tag.STRIPOFFSETS, tag.STRIPBYTECOUNTS)
    tags[tag.IMAGEWIDTH] = [(across * together * layout.bits + 7) // 8]
    offsets, counts = (numbers(page, place) for place in places)
    each = len(offsets) // (layout.samples if layout.planar else 1)
    if not each or len(counts) < len(offsets):
        raise OSError("the directory names no strips or tiles")
    images: list[Image.Image] = []
    for plane in range(used if layout.planar else 1):
        own = slice(plane * each, (plane + 1) * each)
        view = _as_bytes(data, tags | {places[0]: list(offsets[own]), places[1]: list(counts[own])})
        image = Image.open(BytesIO(view), formats=["TIFF"])
        image.load()
        images.append(image)
    return images


def _as_bytes(data: bytes, tags: dict[int, list[int]]) -> bytes:
    """The file with another header, and a directory of these numbers at its end."""
    start = len(data) + len(data) % 2
    values_at = start + 2 + 12 * len(tags) + 4
    entries, values = struct.pack("<H", len(tags)), b""
    for tag, value in sorted(tags.items()):
        packed = struct.pack(f"<{len(value)}I", *value)
        place = packed if len(value) == 1 else struct.pack("<I", values_at + len(values))
        values += packed if len(value) > 1 else b""
        entries += struct.pack("<HHI", tag, _LONG, len(value)) + place
    return b"".join((b"II*\0", struct.pack("<I", start), data[8:], b"\0" * (len(data) % 2), entries, bytes(4), values))


def _sample_bands(
    planes: list[Image.Image], layout: Layout, used: int
) -> Iterator[tuple[int, int, NDArray[np.generic]]]:
    """Bands of height x width x `used` samples, in the machine's byte order."""
    for cut in zip(*(bands(plane) for plane in planes), strict=True):
        top, bottom, _ = cut[0]
        parts = [_unpacked(np.asarray(band, np.uint8), layout) for _, _, band in cut]
        samples = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
        yield top, bottom, samples[:, : layout.width, :used]


def _unpacked(rows: NDArray[np.uint8], layout: Layout) -> NDArray[np.generic]:
    """Rows of bytes as height x width x samples."""
    together = 1 if layout.planar else layout.samples
    height = len(rows)
    if layout.bits in PACKED_DEPTHS:
        count = rows.shape[1] * 8 // layout.bits // together * together
        bits = np.unpackbits(rows, axis=1, count=count * layout.bits).reshape(height, count, layout.bits)
        powers = (1 << np.arange(layout.bits)[::-1]).astype(np.float32)
        return np.asarray((bits.astype(np.float32) @ powers).astype(np.uint16).reshape(height, -1, together))
    size = layout.bits // 8
    if layout.predictor == FLOATING:
        return _floats(rows, layout, together, size)
    samples = rows.view(np.dtype(f"{layout.order}{KINDS[layout.sample_format]}{size}")).reshape(height, -1, together)
    samples = samples.astype(samples.dtype.newbyteorder("="))
    if layout.predictor == HORIZONTAL:
        for start, end in _tile_columns(samples.shape[1], layout):
            part = samples[:, start:end]
            np.cumsum(part, axis=1, dtype=part.dtype, out=part)
    return samples


def _floats(rows: NDArray[np.uint8], layout: Layout, together: int, size: int) -> NDArray[np.generic]:
    """Undo predictor 3: differences of bytes, sorted by their place in the number, highest first."""
    height = len(rows)
    columns = rows.shape[1] // (together * size)
    samples = np.empty((height, columns, together), np.dtype(f"=f{size}"))
    for start, end in _tile_columns(columns, layout):
        row = rows[:, start * together * size : end * together * size].reshape(height, -1, together)
        summed = np.cumsum(row, axis=1, dtype=np.uint8).reshape(height, size, -1)
        whole = np.ascontiguousarray(summed.transpose(0, 2, 1)).view(f">f{size}")
        samples[:, start:end] = whole.reshape(height, end - start, together)
    return samples


def _tile_columns(columns: int, layout: Layout) -> Iterator[tuple[int, int]]:
    step = layout.tile_width or columns
    for start in range(0, columns, step):
        yield start, min(start + step, columns)


def _white(layout: Layout, planes: list[Image.Image]) -> float:
    if layout.sample_format == FLOAT or layout.bits > 16:
        channels = CHANNELS[layout.photometric][0]
        brightest = max(float(finite(samples).max()) for _, _, samples in _sample_bands(planes, layout, channels))
        return full_scale(brightest, KINDS[layout.sample_format])
    return float((1 << layout.bits - (layout.sample_format == SIGNED)) - 1)


def _eight_bit(
    samples: NDArray[np.generic], layout: Layout, white: float, table: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    if layout.photometric in (CIELAB, ICCLAB):
        high = (np.asarray(samples).astype(np.uint16) >> max(0, layout.bits - 8)).astype(np.uint8)
        return high if layout.photometric == ICCLAB else signs_turned(high)
    if samples.dtype.kind == "f" or samples.dtype.itemsize > 2:
        samples = finite(samples)
    if table is not None:
        levels = np.clip(samples.astype(np.float32) * (65535 / white), 0, 65535).astype(np.uint16)
        return np.asarray(table[np.invert(levels) if layout.photometric == WHITE_IS_ZERO else levels])
    pixels = scaled(np.ascontiguousarray(samples), white).reshape(samples.shape)
    return np.invert(pixels) if layout.photometric == WHITE_IS_ZERO else pixels


def _on_white(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], layout: Layout) -> NDArray[np.uint8]:
    opacity = alpha.astype(np.uint16)
    colour = pixels.astype(np.uint16)
    if layout.alpha == UNASSOCIATED:
        colour = (colour * opacity + 127) // 255
    # White paper is no ink; white light is full light.
    ground = 0 if layout.photometric == INKS else 255 - opacity
    return np.asarray(np.minimum(colour + ground, 255), np.uint8)


def _looked_up(indices: NDArray[np.generic], colour_map: tuple[int, ...]) -> NDArray[np.uint8]:
    table = np.array(colour_map, np.int64).reshape(3, -1).T
    # Some writers fill the map with eight bits.
    levels = (table if table.max() < 256 else table >> 8).astype(np.uint8)
    return np.asarray(levels[np.clip(np.asarray(indices, np.int64), 0, len(levels) - 1)])
