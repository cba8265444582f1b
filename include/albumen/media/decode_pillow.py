"""Every photo format by Pillow and libheif; of JPEG only what the fast path cannot read."""

from __future__ import annotations

import re
import struct
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import AvifImagePlugin, Image, UnidentifiedImageError

from albumen.media import png
from albumen.media.declared_length import declared_length
from albumen.media.decoded import DecodedPhoto, Mode, Wanted, check_size
from albumen.media.icc import cicp_profile
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
}
_ANIMATED = frozenset({"PNG", "GIF", "WEBP", "AVIF"})
# These readers turn the pixels themselves (TIFF when loading, HEIF in libheif).
_TURNED = frozenset({"TIFF", "HEIF"})
_ORIENTATION = 0x0112
_XMP_KEYS = ("xmp", "XML:com.adobe.xmp")
_NCLX = b"colrnclx"
_CUT_OFF = re.compile(r"truncat|not enough|end of file|EOF", re.IGNORECASE)


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode the first frame or page at full size, without alpha, eight bits a channel.

    Parameters
    ----------
    data : bytes
        The file.
    mime : str
        Its type by its bytes; a key of `FORMATS`.
    limits : LimitSettings
        `photo_pixels` is checked on the header.

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
    try:
        return _decode(data, formats, limits)
    except ItemFault as fault:
        mended = png.mended(data) if formats == ("PNG",) and fault.reason is Reason.UNREADABLE else None
        if mended is None:
            raise
    return _decode(mended, formats, limits)


def _decode(data: bytes, formats: tuple[str, ...], limits: LimitSettings) -> DecodedPhoto:
    try:
        with Image.open(BytesIO(data), formats=formats) as image:
            check_size(image.width, image.height, limits)
            icc = _profile(image, data)
            # First of all: reading the EXIF of a PNG loads it too, and a second load forgets what failed.
            image.load()
            orientation = _orientation(image)
            pixels, mode = _eight_bit(image)
            frames = _frames(image)
    except ItemFault:
        raise
    except MemoryError as error:
        raise ItemFault(Reason.TOO_LARGE, "decoding needs more memory than the sandbox has") from error
    except UnidentifiedImageError as error:
        # Pillow's own words name an address in memory, which would differ from run to run.
        words = _why_cut_off(data, formats[0]) or f"the header is not that of a readable {formats[0]}"
        raise ItemFault(Reason.UNREADABLE, words) from error
    except Exception as error:  # parsers of hostile bytes fail in every way there is
        words = str(error) or type(error).__name__
        if _CUT_OFF.search(words):
            words = f"cut off: {words}"
        raise ItemFault(Reason.UNREADABLE, _why_cut_off(data, formats[0]) or words) from error
    height, width = pixels.shape[:2]
    return DecodedPhoto(pixels, mode, icc, orientation, width, height, frames)


def _why_cut_off(data: bytes, container: str) -> str | None:
    """Decoders seldom say that a file is too short; its container does."""
    declared = declared_length(data, container)
    return f"cut off: {len(data)} of {declared} bytes or more" if declared > len(data) else None


def _frames(image: Image.Image) -> int:
    """Frames of an animation; broken ones end the count. Moves the image off its first frame."""
    if image.format not in _ANIMATED or not getattr(image, "is_animated", False):
        return 1
    try:
        counted: int = image.n_frames  # type: ignore[attr-defined]
    except Exception:
        counted = image.tell() + 1
    # The still that stands before an animated PNG for readers of plain PNG is none of its frames.
    return max(1, counted - bool(image.info.get("default_image")))


def _profile(image: Image.Image, data: bytes) -> bytes | None:
    icc = image.info.get("icc_profile")
    if isinstance(icc, bytes) and icc:
        return icc
    if image.format == "HEIF":
        nclx: dict[str, Any] = image.info.get("nclx_profile") or {}
        return cicp_profile(int(nclx.get("color_primaries", 1)), int(nclx.get("transfer_characteristics", 13)))
    if image.format == "AVIF" and 0 <= (start := data.find(_NCLX)) <= len(data) - len(_NCLX) - 4:
        return cicp_profile(*struct.unpack_from(">HH", data, start + len(_NCLX)))
    return None


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


def _eight_bit(image: Image.Image) -> tuple[NDArray[np.uint8], Mode]:
    mode = image.mode
    if mode in ("L", "RGB", "CMYK", "LAB") and "transparency" not in image.info:
        return np.asarray(image, np.uint8), mode  # type: ignore[return-value]
    if mode.startswith("I;16"):
        return _scaled(np.asarray(image), 65535.0), "L"
    if mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, np.float32), posinf=0.0, neginf=0.0)
        return _scaled(values, _white_of(values)), "L"
    if mode == "CMYK":
        return np.asarray(image, np.uint8), "CMYK"
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return _on_white(image)
    return np.asarray(image.convert("L" if mode == "1" else "RGB"), np.uint8), "L" if mode == "1" else "RGB"


def _scaled(values: NDArray[Any], white: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0), alpha=255.0 / white), np.uint8)


def _white_of(values: NDArray[np.float32]) -> float:
    """The white of samples that do not say theirs: the least usual full scale that holds them all."""
    brightest = float(values.max())
    return next((white for white in (1.0, 255.0, 65535.0) if brightest <= white), brightest)


def _on_white(image: Image.Image) -> tuple[NDArray[np.uint8], Mode]:
    """Flatten the alpha channel on white."""
    grey = image.mode in ("LA", "La") or (image.mode in ("1", "L") and "transparency" in image.info)
    image = image.convert("RGBA") if image.mode not in ("LA", "RGBA") else image
    alpha = image.getchannel("A")
    mode: Mode = "L" if grey else "RGB"
    opaque = image.convert(mode)
    if alpha.getextrema() != (255, 255):
        white = Image.new(mode, image.size, "white")
        white.paste(opaque, mask=alpha)
        opaque = white
    return np.asarray(opaque, np.uint8), mode
