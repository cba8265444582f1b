"""Photoshop's PSD and PSB: the merged composite that stands after the layers.

References
----------
Adobe Photoshop File Formats Specification: file header, colour mode data, image resources, layer and
mask information, image data.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from albumen.media.decoded import DecodedPhoto, Mode, Wanted, check_profile_size, check_size
from albumen.media.eight_bit import scaled
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

MIME = "application/vnd.adobe.photoshop"

_HEADER = struct.Struct(">4sH6xHIIHH")
_BITMAP, _GREY, _INDEXED, _RGB = range(4)
# Colour mode: what the channels mean. A duotone's one channel is shown as the grey it is made of.
_MODES: dict[int, Mode] = {0: "L", 1: "L", 2: "RGB", 3: "RGB", 4: "CMYK", 8: "L", 9: "LAB"}
_NAMES = {7: "multichannel"}
_CHANNELS: dict[Mode, int] = {"L": 1, "RGB": 3, "CMYK": 4, "LAB": 3}
_DEPTHS = frozenset({1, 8, 16, 32})
_RAW, _PACKBITS, _ZIP, _ZIP_PREDICTED = range(4)
_PROFILE, _VERSION_INFO = 0x040F, 0x0421
_PALETTE_BYTES = 768
_MOST_RESOURCES = 4096
# So light, and so much of what is transparent, tells that a composite was blended with white.
_WHITE, _BLENDED = 250, 0.9
# IEC 61966-2-1
_LINEAR_UP_TO, _SLOPE, _SCALE, _OFFSET, _GAMMA = 0.0031308, 12.92, 1.055, 0.055, 2.4


@dataclass(frozen=True, slots=True)
class _Document:
    """The header, and where the sections after it lie."""

    large: bool
    channels: int
    width: int
    height: int
    depth: int
    colour_mode: int
    palette: bytes
    profile: bytes | None
    merged: bool
    layers: int
    transparent: bool
    pixels_at: int


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode the composite, eight bits a channel.

    Parameters
    ----------
    data : bytes
        The file.
    mime : str
        Its type.
    limits : LimitSettings
        `photo_pixels`, `photo_layers` and `icc_bytes` are checked before any pixel is decoded.
    wanted : Wanted
        Not asked: the composite is decoded at full size.

    Raises
    ------
    ItemFault
        `unsupported` for a file without a composite, and for multichannel documents; `too_large`;
        `unreadable` for anything cut off or damaged.
    """
    try:
        document = _read(data, limits)
    except (struct.error, IndexError) as error:
        raise ItemFault(Reason.UNREADABLE, "cut off: the file ends before its picture") from error
    mode = _MODES.get(document.colour_mode)
    if mode is None or document.depth not in _DEPTHS or document.channels < _CHANNELS[_stored(mode, document)]:
        name = _NAMES.get(document.colour_mode, f"of colour mode {document.colour_mode}")
        raise ItemFault(
            Reason.UNSUPPORTED,
            f"Photoshop document {name}, {document.channels} channels of {document.depth} bits, is not read",
        )
    if not document.merged:
        raise ItemFault(Reason.UNSUPPORTED, "Photoshop document saved without its composite picture")
    try:
        planes = _planes(data, document, _CHANNELS[_stored(mode, document)] + _has_alpha(mode, document))
    except MemoryError as error:
        raise ItemFault(Reason.TOO_LARGE, "decoding needs more memory than the sandbox has") from error
    except (struct.error, ValueError, zlib.error) as error:
        raise ItemFault(Reason.UNREADABLE, f"composite picture: {error}") from error
    profile = None if document.depth == 32 else document.profile
    return DecodedPhoto(_picture(planes, mode, document), mode, profile, 1, document.width, document.height)


def _has_alpha(mode: Mode, document: _Document) -> bool:
    plain = document.depth in (8, 16) and document.colour_mode in (_GREY, _RGB)
    return plain and document.transparent and document.channels > _CHANNELS[mode]


def _stored(mode: Mode, document: _Document) -> Mode:
    return "L" if document.colour_mode == _INDEXED else mode


def _read(data: bytes, limits: LimitSettings) -> _Document:
    magic, version, channels, height, width, depth, colour_mode = _HEADER.unpack_from(data)
    if magic != b"8BPS" or version not in (1, 2):
        raise ItemFault(Reason.UNREADABLE, "the header is not that of a readable Photoshop document")
    check_size(width, height, limits)
    large = version == 2
    palette, at = _section(data, _HEADER.size)
    resources, at = _section(data, at)
    profile, merged = None, True
    for kind, body in _resources(resources):
        if kind == _PROFILE:
            check_profile_size(body, limits)
            profile = body or None
        elif kind == _VERSION_INFO and len(body) > 4:
            merged = bool(body[4])
    (size,) = struct.unpack_from(">Q" if large else ">I", data, at)
    first = at + (8 if large else 4)
    signed = _count_layers(data[first : first + min(size, 64)], large)
    layers = abs(signed)
    if layers > limits.photo_layers:
        raise ItemFault(Reason.TOO_LARGE, f"{layers} layers, limit {limits.photo_layers} (limits.photo_layers)")
    return _Document(
        large, channels, width, height, depth, colour_mode, palette, profile, merged, layers, signed < 0, first + size
    )


def _section(data: bytes, at: int) -> tuple[bytes, int]:
    """A section's bytes, and where the next one begins."""
    (size,) = struct.unpack_from(">I", data, at)
    return data[at + 4 : at + 4 + size], at + 4 + size


def _count_layers(section: bytes, large: bool) -> int:
    """How many layers; a negative number says that the first further channel is the composite's transparency."""
    at = 8 if large else 4
    return int.from_bytes(section[at : at + 2], "big", signed=True)


def _resources(section: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 0
    while section[at : at + 4] == b"8BIM" and len(found) < _MOST_RESOURCES:
        kind, name = struct.unpack_from(">HB", section, at + 4)
        at += 6 + name // 2 * 2 + 2
        (size,) = struct.unpack_from(">I", section, at)
        found.append((kind, section[at + 4 : at + 4 + size]))
        at += 4 + size + size % 2
    return found


def _planes(data: bytes, document: _Document, count: int) -> NDArray[np.uint8]:
    """The first `count` channels as bytes: channel x row x byte of the row."""
    (compression,) = struct.unpack_from(">H", data, document.pixels_at)
    at = document.pixels_at + 2
    row_bytes = (document.width * document.depth + 7) // 8
    rows = document.height * count
    if compression == _RAW:
        plain = data[at : at + rows * row_bytes]
    elif compression == _PACKBITS:
        plain = _unpack(data, at, document, rows, row_bytes)
    elif compression in (_ZIP, _ZIP_PREDICTED):
        plain = zlib.decompressobj().decompress(data[at:], rows * row_bytes)
    else:
        raise ValueError(f"compression {compression} is unknown")
    if len(plain) < rows * row_bytes:
        raise ValueError(f"cut off: {len(plain)} of {rows * row_bytes} bytes")
    planes = np.frombuffer(plain, np.uint8, rows * row_bytes).reshape(count, document.height, row_bytes)
    return _undo_prediction(planes, document) if compression == _ZIP_PREDICTED else planes


def _unpack(data: bytes, at: int, document: _Document, rows: int, row_bytes: int) -> bytes:
    """PackBits, row by row; a table of packed lengths stands before all channels."""
    length = np.dtype(">u4" if document.large else ">u2")
    table = document.height * document.channels * length.itemsize
    if at + table > len(data):
        raise ValueError("cut off: the file ends in the table of its rows")
    packed = int(np.frombuffer(data, length, rows, at).astype(np.uint64).sum())
    body = data[at + table : at + table + packed]
    if len(body) < packed:
        raise ValueError(f"cut off: {len(body)} of {packed} packed bytes")
    # A picture of grey bytes to Pillow, whatever the samples are.
    return Image.frombytes("L", (row_bytes, rows), body, "packbits", "L").tobytes()


def _undo_prediction(planes: NDArray[np.uint8], document: _Document) -> NDArray[np.uint8]:
    """Each sample was stored as its difference to the one before."""
    if document.depth == 16:
        samples = np.cumsum(planes.view(">u2"), axis=2, dtype=np.uint16)
        return samples.astype(">u2").view(np.uint8)
    summed = np.cumsum(planes, axis=2, dtype=np.uint8)
    if document.depth != 32:
        return summed
    # Of floating-point rows all first bytes stand together, then all second ones.
    count, height = planes.shape[:2]
    return np.ascontiguousarray(summed.reshape(count, height, 4, document.width).swapaxes(2, 3)).reshape(
        count, height, 4 * document.width
    )


def _picture(planes: NDArray[np.uint8], mode: Mode, document: _Document) -> NDArray[np.uint8]:
    """Height x width (x channels), in the conventions of `DecodedPhoto`; the alpha is laid on white."""
    if document.depth == 1:
        bits = np.unpackbits(planes[0], axis=1, count=document.width)
        return np.asarray(np.where(bits, 0, 255), np.uint8)  # a set bit is black
    if document.depth == 16:
        planes = np.stack([scaled(plane.view(">u2").astype(np.uint16), 65535.0) for plane in planes])
    elif document.depth == 32:
        planes = np.stack([_from_light(plane.view(">f4").astype(np.float32)) for plane in planes])
    if document.colour_mode == _INDEXED:
        palette = np.frombuffer(document.palette.ljust(_PALETTE_BYTES, b"\0")[:_PALETTE_BYTES], np.uint8)
        return np.ascontiguousarray(palette.reshape(3, 256).T[planes[0]])
    if _has_alpha(mode, document):
        planes = _on_white(planes[:-1], planes[-1])
    if mode == "L":
        return np.ascontiguousarray(planes[0])
    picture = np.stack(list(planes), axis=-1)
    if mode == "CMYK":
        return np.asarray(np.invert(picture), np.uint8)  # stored as paper that is left, not as ink
    return picture


def _on_white(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The colours where the composite is seen, white where it is not.

    Photoshop has blended them with white already, and alpha has no say; other programs leave there what was below.
    """
    unseen = alpha == 0
    if unseen.all() or not unseen.any() or (colours[:, unseen] >= _WHITE).mean() > _BLENDED:
        return colours
    seen = alpha.astype(np.uint16)
    return np.asarray((colours * seen + (255 * (255 - seen) + 127)) // 255, np.uint8)


def _from_light(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Linear light, which documents of 32 bits hold, with the curve of sRGB."""
    light = np.clip(np.nan_to_num(values), 0, 1)
    curved = np.where(light <= _LINEAR_UP_TO, _SLOPE * light, _SCALE * light ** (1 / _GAMMA) - _OFFSET)
    return scaled(curved, 1.0)
