"""Every photo format by Pillow and libheif; of JPEG only what the fast path cannot read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import Any

import pillow_heif
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from albumen.media import png
from albumen.media.bitmap import bitmap_profile
from albumen.media.declared_length import declared_length
from albumen.media.decoded import DecodedPhoto, Wanted, check_profile_size, check_size
from albumen.media.frames import count_frames, first_good_frame
from albumen.media.icc import cicp_profile
from albumen.media.metadata.containers import read_blocks
from albumen.media.nclx import primary_code_points
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

# One thread each: children, one per core, are what runs in parallel.
pillow_heif.register_heif_opener(decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
# Our own limit is checked on the header; Pillow's would refuse the 200-megapixel photos of today's phones.
Image.MAX_IMAGE_PIXELS = None

# Only the plugin of the sniffed type may touch the bytes. Never EPS (runs Ghostscript) or SVG.
FORMATS: dict[str, tuple[str, ...]] = {
    "image/jpeg": ("JPEG",),
    "image/png": ("PNG",),
    "image/apng": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/tiff": ("TIFF",),
    "image/bmp": ("BMP",),
    "image/x-ms-bmp": ("BMP",),
    "image/heic": ("HEIF",),
    "image/heif": ("HEIF",),
    "image/heic-sequence": ("HEIF",),
    "image/heif-sequence": ("HEIF",),
    "image/avif": ("AVIF",),
    "image/avif-sequence": ("AVIF",),
    "image/jp2": ("JPEG2000",),
    "image/x-j2c": ("JPEG2000",),
    "image/x-portable-pixmap": ("PPM",),
    "image/x-tga": ("TGA",),
    "image/x-pcx": ("PCX",),
    "image/x-sgi": ("SGI",),
}
# These readers turn the pixels themselves (TIFF when loading, HEIF in libheif).
_TURNED = frozenset({"TIFF", "HEIF"})
_ORIENTATION = 0x0112
_MEMORY_ENDS = "decoding needs more memory than the sandbox has"
_XMP_KEYS = ("xmp", "XML:com.adobe.xmp")
_NO_MEMORY = re.compile(r"out of memory|insufficient memory|memory allocation|cannot allocate", re.IGNORECASE)
_CUT_OFF = re.compile(r"truncat|not enough|end of file|EOF", re.IGNORECASE)


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode the first good frame, or the first page, at full size, without alpha, eight bits a channel.

    Parameters
    ----------
    data : bytes
        The file.
    mime : str
        Its type by its bytes; a key of `FORMATS`.
    limits : LimitSettings
        `photo_pixels`, `photo_frames` and `icc_bytes` are checked on the header.
    wanted : Wanted
        Not asked: these readers decode at full size.

    Raises
    ------
    ItemFault
        `unsupported` for another type, `too_large`, `unreadable` with the decoder's words.
    """
    formats = FORMATS.get(mime)
    if formats is None:
        raise ItemFault(Reason.UNSUPPORTED, f"no photo decoder for {mime}")
    if formats != ("PNG",):
        return _decode(data, formats, limits)
    icc = png.colour_profile(data, limits)
    try:
        photo = _decode(data, formats, limits)
    except ItemFault as fault:
        mended = png.mended(data) if fault.reason is Reason.UNREADABLE else None
        if mended is None:
            raise
        photo = _decode(mended, formats, limits)
    return replace(photo, icc=icc)


@contextmanager
def faults_named(data: bytes, container: str) -> Iterator[None]:
    """Turn whatever a reader of hostile bytes raises into an `ItemFault`.

    Parameters
    ----------
    data : bytes
        The file, which may say that it is cut off.
    container : str
        Pillow's name of the format.

    Raises
    ------
    ItemFault
        `too_large` where memory ends, else `unreadable`.
    """
    try:
        yield
    except ItemFault:
        raise
    except MemoryError as error:
        raise ItemFault(Reason.TOO_LARGE, _MEMORY_ENDS) from error
    except UnidentifiedImageError as error:
        # Pillow's own words name an address in memory, which would differ from run to run.
        words = _why_cut_off(data, container) or f"the header is not that of a readable {container}"
        raise ItemFault(Reason.UNREADABLE, words) from error
    except Exception as error:  # parsers of hostile bytes fail in every way there is
        words = str(error) or type(error).__name__
        if "Security limit exceeded" in words:  # libheif's own limits, which it names
            raise ItemFault(Reason.TOO_LARGE, words) from error
        if _NO_MEMORY.search(words):
            raise ItemFault(Reason.TOO_LARGE, _MEMORY_ENDS) from error
        if _CUT_OFF.search(words):
            words = f"cut off: {words}"
        raise ItemFault(Reason.UNREADABLE, _why_cut_off(data, container) or words) from error


def _decode(data: bytes, formats: tuple[str, ...], limits: LimitSettings) -> DecodedPhoto:
    if formats == ("AVIF",) and (declared := read_blocks(data, "image/avif", limits.metadata_bytes)).width:
        # libavif refuses a large picture without a word.
        check_size(declared.width, declared.height or 0, limits)
    with faults_named(data, formats[0]), Image.open(BytesIO(data), formats=formats) as image:
        check_size(image.width, image.height, limits)
        frames = count_frames(image, data, limits)
        icc = _profile(image, data)
        check_profile_size(icc or b"", limits)
        # First of all: reading the EXIF of a PNG loads it too, and a second load forgets what failed.
        image.load()
        orientation = _orientation(image)
        pixels, mode = first_good_frame(image, data, frames)
    height, width = pixels.shape[:2]
    return DecodedPhoto(pixels, mode, icc, orientation, width, height, frames)


def _why_cut_off(data: bytes, container: str) -> str | None:
    """Decoders seldom say that a file is too short; its container does."""
    declared = declared_length(data, container)
    return f"cut off: {len(data)} of {declared} bytes or more" if declared > len(data) else None


def _profile(image: Image.Image, data: bytes) -> bytes | None:
    icc = image.info.get("icc_profile")
    if isinstance(icc, bytes) and icc:
        return icc
    if image.format == "HEIF":
        nclx: dict[str, Any] = image.info.get("nclx_profile") or {}
        return cicp_profile(int(nclx.get("color_primaries", 1)), int(nclx.get("transfer_characteristics", 13)))
    if image.format == "AVIF" and (code_points := primary_code_points(data)):
        return cicp_profile(*code_points)
    return bitmap_profile(data) if image.format == "BMP" else None


def _orientation(image: Image.Image) -> int:
    """EXIF orientation; of AVIF Pillow gives the container's turn in its place."""
    if image.format in _TURNED:
        return 1
    for key in _XMP_KEYS:
        # getexif falls back to XMP, which no viewer obeys.
        image.info.pop(key, None)
    try:
        value = image.getexif().get(_ORIENTATION)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
