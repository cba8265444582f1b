"""JPEG by libjpeg-turbo, scaled while decoding; cut-off files are told from harmless oddities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import cast

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from albumen.media import decode_pillow
from albumen.media.decoded import DecodedPhoto, Mode, Wanted, check_profile_size, check_size
from albumen.media.icc import adobe_rgb_profile
from albumen.media.metadata.exif import ORIENTATION, read_exif
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

_INTEROPERABILITY_POINTER, _INTEROPERABILITY_INDEX = 0xA005, 1
_END_OF_IMAGE = b"\xff\xd9"
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# libjpeg's words for a file that ends before its end marker.
_NO_END = re.compile(r"Premature end of JPEG file")
# libjpeg fills what it could not read with mid-grey; more of it than this is a cut-off picture.
_MISSING_GREY = 128
_MISSING_SHARE = 0.05


@dataclass(slots=True)
class _Segments:
    """What the marker segments before the first scan say."""

    progressive: bool = False
    icc: bytes | None = None
    orientation: int = 1
    adobe_rgb: bool = False


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode at the smallest DCT scale that still has every pixel of the rendition asked for.

    Parameters
    ----------
    data : bytes
        The file; of an MPO the first picture is read.
    mime : str
        Its type.
    limits : LimitSettings
        `photo_pixels` is checked on the header.
    wanted : Wanted
        The rendition.

    Raises
    ------
    ItemFault
        `too_large`; `unreadable` with libjpeg's words, prefixed `cut off:` where data are missing.
    """
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):
        # What libjpeg-turbo's short interface cannot name, Pillow reads, or refuses in better words.
        return decode_pillow.decode(data, mime, limits, wanted)
    check_size(width, height, limits)
    segments = _read_segments(data)
    check_profile_size(segments.icc or b"", limits)
    mode: Mode = "CMYK" if space in ("CMYK", "YCCK") else "L" if space == "Gray" else "RGB"
    minimum = wanted.size(width, height)
    pixels = _decode_pixels(data, mode, minimum, progressive=segments.progressive)
    if pixels is None:
        return decode_pillow.decode(data, mime, limits, wanted)
    if mode == "CMYK":
        # Adobe's convention, which all writers follow: inks are stored inverted.
        pixels = cast("NDArray[np.uint8]", np.invert(pixels))
    icc = segments.icc or (adobe_rgb_profile() if segments.adobe_rgb and mode == "RGB" else None)
    return DecodedPhoto(pixels[:, :, 0] if mode == "L" else pixels, mode, icc, segments.orientation, width, height)


def _decode_pixels(data: bytes, mode: Mode, minimum: tuple[int, int], *, progressive: bool) -> NDArray[np.uint8] | None:
    """The pixels at the chosen scale; None where libjpeg-turbo gives up."""
    try:
        return _turbo(data, mode, minimum, strict=True)
    except ValueError as error:
        words = str(error)
    if _NO_END.search(words):
        # All pixels may be there and only the end marker be lost. A progressive file can not tell:
        # after its last whole scan it is a complete, blurred picture.
        if not progressive:
            try:
                return _turbo(data + _END_OF_IMAGE, mode, minimum, strict=True)
            except ValueError:
                pass
        raise ItemFault(Reason.UNREADABLE, f"cut off: {words}")
    try:
        pixels = _turbo(data, mode, minimum, strict=False)
    except ValueError:
        return None
    # libjpeg names only the first oddity: whether the file also ends too early, Pillow's reader knows.
    _check_reaches_end(data)
    if (missing := _missing_share(pixels)) > _MISSING_SHARE:
        raise ItemFault(Reason.UNREADABLE, f"cut off: the last {missing:.0%} of the picture is missing ({words})")
    return pixels


def _turbo(data: bytes, mode: Mode, minimum: tuple[int, int], *, strict: bool) -> NDArray[np.uint8]:
    space = "GRAY" if mode == "L" else mode
    # Scales between 1/2 and 1 have no vectorised DCT: full size is both quicker and sharper.
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
        data, space, min_width=minimum[0], min_height=minimum[1], min_factor=2, strict=strict
    )
    return pixels


def _check_reaches_end(data: bytes) -> None:
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as image:
            image.draft(None, (image.width // 8, image.height // 8))
            image.load()
    except OSError as error:
        if "truncated" in str(error):
            raise ItemFault(Reason.UNREADABLE, f"cut off: {error}") from error
    except Exception:  # Pillow trips, in every way there is, over damage that libjpeg-turbo could step over
        return


def _missing_share(pixels: NDArray[np.uint8]) -> float:
    """Share of whole rows at the bottom that libjpeg made up."""
    real = np.flatnonzero((pixels != _MISSING_GREY).any(axis=(1, 2)))
    rows = len(pixels)
    return (rows - 1 - int(real[-1])) / rows if len(real) else 1.0


def _read_segments(data: bytes) -> _Segments:
    """Walk the marker segments up to the first scan; damage ends the walk, never the photo."""
    found = _Segments()
    chunks: dict[int, bytes] = {}
    position, exif_seen = 2, False
    while (position := data.find(b"\xff", position)) >= 0 and position + 4 <= len(data):
        marker = data[position + 1]
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in (0xD9, 0xDA):
            break
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        body = data[position + 4 : position + 2 + length]
        if marker in _FRAME_HEADERS:
            found.progressive = marker in _PROGRESSIVE
        elif marker == 0xE1 and body.startswith(b"Exif\0\0") and not exif_seen:
            exif_seen = True  # as for the metadata, the first counts
            _read_exif(body, found)
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0") and len(body) > 14:
            chunks[body[12]] = body[14:]
        position += max(2, 2 + length)
    if chunks:
        found.icc = b"".join(chunks[number] for number in sorted(chunks))
    return found


def _read_exif(body: bytes, found: _Segments) -> None:
    exif = read_exif(body, packet_bytes=0)
    orientation = exif.image.integer(ORIENTATION)
    if orientation is not None and 1 <= orientation <= 8:
        found.orientation = orientation
    linked = exif.block.linked(exif.photo, _INTEROPERABILITY_POINTER) if exif.block else []
    found.adobe_rgb = any(directory.text(_INTEROPERABILITY_INDEX) == "R03" for directory in linked)
