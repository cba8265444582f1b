"""JPEG XL by libjxl, which turns the pixels itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pylibjxl import JXL

from albumen.media.decoded import DecodedPhoto, Mode, Wanted, check_profile_size, check_size
from albumen.media.eight_bit import eight_bit
from albumen.media.icc import SRGB, matrix_profile
from albumen.media.jpeg_xl_header import JpegXlHeader, read_jpeg_xl_header
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

MIME = "image/jxl"

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_MULTIPLIED = {"LA": "La", "RGBA": "RGBa"}
# The binding tells no more of an animation than that it is one.
_FRAMES_AT_LEAST = 2


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode the picture, or the first frame of an animation, eight bits a channel.

    Parameters
    ----------
    data : bytes
        The file, a bare codestream or boxed.
    mime : str
        Its type.
    limits : LimitSettings
        `photo_pixels` and `icc_bytes` apply.
    wanted : Wanted
        Not asked: libjxl decodes at full size.

    Raises
    ------
    ItemFault
        `too_large`; `unsupported` for CMYK; `unreadable` where libjxl gives up.
    """
    header = read_jpeg_xl_header(data)
    if header is None:
        raise ItemFault(Reason.UNREADABLE, "the header is not that of a readable JPEG XL")
    check_size(header.width, header.height, limits)
    if header.black:
        raise ItemFault(Reason.UNSUPPORTED, "JPEG XL in CMYK is not read: libjxl gives no black ink")
    try:
        # One thread: children, one per core, are what runs in parallel.
        with JXL(threads=1) as codec:
            pixels, icc = _decode(codec, data, header)
    except (MemoryError, OSError) as error:
        raise ItemFault(Reason.TOO_LARGE, "decoding needs more memory than the sandbox has") from error
    except (RuntimeError, ValueError) as error:
        # The binding has the same words for a cut and for damage.
        raise ItemFault(Reason.UNREADABLE, f"cut off or damaged: {error}") from error
    if icc is not None:
        check_profile_size(icc, limits)
    shown, mode = _on_white(pixels, multiplied=header.premultiplied)
    height, width = shown.shape[:2]
    return DecodedPhoto(shown, mode, icc, 1, width, height, _FRAMES_AT_LEAST if header.animated else 1)


def _decode(codec: JXL, data: bytes, header: JpegXlHeader) -> tuple[NDArray[np.uint8], bytes | None]:
    if not header.embedded_profile:
        return codec.decode(data), header.implied_profile
    if header.transformed:
        # Without a colour engine set up for the profile, libjxl gives linear light in the primaries of sRGB.
        return codec.decode(data), matrix_profile(SRGB, 1.0)
    pixels, extras = codec.decode(data, metadata=True)
    if header.animated:
        # Asked for the profile too, the binding reads on and gives the last frame.
        pixels = codec.decode(data)
    return pixels, extras.get("icc")


def _on_white(pixels: NDArray[np.uint8], *, multiplied: bool) -> tuple[NDArray[np.uint8], Mode]:
    height, width = pixels.shape[:2]
    mode = _MODES[1 if pixels.ndim == 2 else pixels.shape[2]]
    if mode in ("L", "RGB"):
        return pixels, "L" if mode == "L" else "RGB"
    return eight_bit(Image.frombytes(_MULTIPLIED[mode] if multiplied else mode, (width, height), pixels.tobytes()))
