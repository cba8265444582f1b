"""A photo's renditions: decoded once, upright, sRGB, without metadata; each size made from the one above."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from albumen.media.colour import to_srgb
from albumen.media.decoded import DecodedPhoto, Wanted
from albumen.media.decoders import decode
from albumen.media.geometry import shrink, turn_upright, upright_size
from albumen.media.placeholder import dominant_colour, thumbhash
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings, RenditionSettings

JPEG_SIDE_MAX = 65500
"""libjpeg's limit; the format's own is 65,535."""
_WEBP_SIDE_MAX = 16383


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One rendition as a file."""

    data: bytes = field(repr=False)
    mime: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """All that is derived from a photo's pixels.

    Attributes
    ----------
    width, height : int
        Upright size of the full picture, pixels.
    thumb, preview : EncodedPicture
        WebP and JPEG, upright, sRGB, without any metadata.
    thumbhash : bytes
        Placeholder, about 25 bytes.
    dominant : str
        Dominant colour, `#rrggbb`.
    animated : bool
        Whether the file is an animation; its first frame is what is shown.
    frames : int
        Frames of the animation, 1 for a still.
    """

    width: int
    height: int
    thumb: EncodedPicture
    preview: EncodedPicture
    thumbhash: bytes
    dominant: str
    animated: bool
    frames: int


def render(data: bytes, mime: str, *, renditions: RenditionSettings, limits: LimitSettings) -> Rendered:
    """Make the renditions of one photo.

    Parameters
    ----------
    data : bytes
        The whole file.
    mime : str
        What its bytes are, as sniffed; the file's name has no say.
    renditions : RenditionSettings
        Sizes (pixels) and qualities.
    limits : LimitSettings
        What is refused before decoding.

    Raises
    ------
    ItemFault
        `unsupported`, `too_large` or `unreadable`, with the limit or the decoder's words.
    """
    with rendering():
        return _render(data, mime, renditions, limits)


@contextmanager
def rendering() -> Iterator[None]:
    """Hush the decoders' warnings, and refuse what needs too much memory.

    Raises
    ------
    ItemFault
        `too_large`, where memory ran out.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of damage that costs no pixel; nobody reads a child's standard error for it.
            warnings.simplefilter("ignore")
            yield
    except MemoryError as error:
        raise ItemFault(Reason.TOO_LARGE, "rendering needs more memory than the sandbox has") from error


def decode_rendition(data: bytes) -> NDArray[np.uint8]:
    """Decode one of our own JPEG previews: upright and sRGB already.

    Parameters
    ----------
    data : bytes
        The preview.

    Returns
    -------
    ndarray of uint8
        Height x width x 3, RGB.

    Raises
    ------
    ItemFault
        `unreadable` for anything but a whole JPEG.
    """
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", strict=True)
    except ValueError as error:
        raise ItemFault(Reason.UNREADABLE, f"rendition: {error}") from error
    return pixels


def _render(data: bytes, mime: str, renditions: RenditionSettings, limits: LimitSettings) -> Rendered:
    wanted = Wanted(renditions.preview_short_side, min(renditions.preview_long_side_max, JPEG_SIDE_MAX))
    photo = decode(data, mime, limits, wanted)
    preview = _upright_srgb(photo, size_of_largest(photo, wanted))
    full_size = upright_size(photo.width, photo.height, photo.orientation)
    return _rendered(preview, full_size, photo.frames, renditions)


def render_pixels(pixels: NDArray[np.uint8], renditions: RenditionSettings) -> Rendered:
    """Make the renditions of a picture that is decoded, upright and sRGB already.

    Parameters
    ----------
    pixels : ndarray of uint8
        Height x width x 3, RGB.
    renditions : RenditionSettings
        Sizes (pixels) and qualities.
    """
    height, width = pixels.shape[:2]
    wanted = Wanted(renditions.preview_short_side, min(renditions.preview_long_side_max, JPEG_SIDE_MAX))
    preview = np.ascontiguousarray(shrink(pixels, *wanted.size(width, height)))
    return _rendered(preview, (width, height), 1, renditions)


def _rendered(
    preview: NDArray[np.uint8], full_size: tuple[int, int], frames: int, renditions: RenditionSettings
) -> Rendered:
    height, width = preview.shape[:2]
    full_width, full_height = full_size
    # Of the photo's own sides, not the preview's rounded ones: a pixel more or less would stretch it.
    thumb_wanted = Wanted(renditions.thumb_short_side, _WEBP_SIDE_MAX)
    thumb = shrink(preview, *_size_within(thumb_wanted, (full_width, full_height), (width, height)))
    return Rendered(
        width=full_width,
        height=full_height,
        thumb=_as_webp(thumb, renditions.thumb_quality),
        preview=as_jpeg(preview, renditions.preview_quality),
        thumbhash=thumbhash(thumb),
        dominant=dominant_colour(thumb),
        animated=frames > 1,
        frames=frames,
    )


def size_of_largest(photo: DecodedPhoto, wanted: Wanted) -> tuple[int, int]:
    """The size asked for, or what the pixels there are allow."""
    height, width = photo.pixels.shape[:2]
    return _size_within(wanted, (photo.width, photo.height), (width, height))


def _size_within(wanted: Wanted, full: tuple[int, int], there: tuple[int, int]) -> tuple[int, int]:
    asked = wanted.size(*full)
    return asked if asked[0] <= there[0] and asked[1] <= there[1] else wanted.size(*there)


def _upright_srgb(photo: DecodedPhoto, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale first: colours and turning then cost a few megapixels at most."""
    pixels = to_srgb(shrink(photo.pixels, *size), photo.mode, photo.icc)
    return np.ascontiguousarray(turn_upright(pixels, photo.orientation))


def as_jpeg(pixels: NDArray[np.uint8], quality: int, *, subsampling: str = "420") -> EncodedPicture:
    """Encode upright sRGB pixels, without any metadata.

    Parameters
    ----------
    pixels : ndarray of uint8
        Height x width x 3, contiguous, no side above `JPEG_SIDE_MAX`.
    quality : int
        libjpeg's, 1 to 100.
    subsampling : str
        Of the colours: `420`, `422` or `444`.
    """
    height, width = pixels.shape[:2]
    data = simplejpeg.encode_jpeg(pixels, quality=quality, colorspace="RGB", colorsubsampling=subsampling)
    return EncodedPicture(data, "image/jpeg", width, height)


def _as_webp(pixels: NDArray[np.uint8], quality: int) -> EncodedPicture:
    height, width = pixels.shape[:2]
    buffer = BytesIO()
    # Effort 2 of 6: half the time of the default for 3 % more bytes.
    Image.fromarray(pixels).save(buffer, format="WEBP", quality=quality, method=2)
    return EncodedPicture(buffer.getvalue(), "image/webp", width, height)
