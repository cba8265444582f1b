"""Camera RAW: the largest embedded preview that is a real picture, else developed by LibRaw."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np
import rawpy
from numpy.typing import NDArray

from albumen.media import decode_jpeg
from albumen.media import signatures as types
from albumen.media.decoded import DecodedPhoto, Wanted, check_size
from albumen.media.embedded_jpeg import EmbeddedJpeg, find_jpegs
from albumen.media.icc import adobe_rgb_profile
from albumen.media.raw_layout import RawLayout, read_raw_layout
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

NAMES = {found.mime: found.format for found in types.CAMERA_RAWS}
"""What the formats are called, by MIME type."""

# LibRaw's flip, which undoes an EXIF orientation: 1 mirrors, 2 turns over, 4 transposes.
_ORIENTATIONS = (1, 2, 4, 3, 5, 8, 6, 7)
# Cameras crop their own JPEGs by a few rows; the nearest other shape, 4:3 to 5:4, is 7 % away.
_SHAPE_TOLERANCE = 0.03
# Borders that one reader counts to the picture and another does not.
_SIZE_TOLERANCE = 0.06
_BLACK, _BLANK_RANGE, _BAR_SHARE = 16, 8, 0.03
# The smallest that cameras write have 160 pixels.
_LEAST_SIDE = 100
_MOST_WORDS = 4096
_CUT_OFF = re.compile(r"unexpected end of file", re.IGNORECASE)


def decode(data: bytes, mime: str, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """Decode the best that the file has: see the module's first line.

    Parameters
    ----------
    data : bytes
        The file.
    mime : str
        Its type; a key of `NAMES`.
    limits : LimitSettings
        `photo_pixels` is checked on the sensor's size.
    wanted : Wanted
        A preview with fewer pixels than the rendition needs is shown only where LibRaw cannot develop
        the file; it develops at half size where that is enough.

    Raises
    ------
    ItemFault
        `unsupported` with the format's name where LibRaw does not know the camera and there is no
        preview; `too_large`; `unreadable` for anything damaged or cut off.
    """
    raw = read_raw_layout(data, mime, limits.metadata_bytes)
    with rawpy.RawPy() as sensor:
        fault = _open(sensor, data, raw, NAMES.get(mime, "camera RAW"))
        check_size(raw.width or 1, raw.height or 1, limits)
        previews = _previews(data, raw)
        if shown := _first_good(data, previews, raw, limits, wanted):
            return shown
        try:
            if fault is not None:
                raise fault
            return _develop(sensor, raw, limits, wanted)
        except ItemFault as failed:
            # Of a damaged file a blank preview is no proof of anything; a sound one may well be of the sky.
            believe_blank = failed.reason is Reason.UNSUPPORTED
            shown = _largest(data, previews, raw, limits, wanted, believe_blank=believe_blank)
            if shown is None and fault is None:  # LibRaw crashes when asked again about a file it refused
                shown = _thumbnail(sensor, raw, limits, wanted)
            if shown is None:
                raise
            return shown


def _open(sensor: rawpy.RawPy, data: bytes, raw: RawLayout, name: str) -> ItemFault | None:
    """Read the file's header with LibRaw, which knows each camera's frame; the fault, where it cannot."""
    try:
        raw.check_whole(data)
        with _complaints() as complaints:
            sensor.open_buffer(BytesIO(data))
    except ItemFault as cut_off:
        return cut_off
    except (rawpy.LibRawFileUnsupportedError, rawpy.LibRawNotImplementedError):
        return ItemFault(Reason.UNSUPPORTED, f"LibRaw does not know this {name}, and it has no preview")
    except (rawpy.LibRawUnsufficientMemoryError, MemoryError):
        return ItemFault(Reason.TOO_LARGE, "opening needs more memory than the sandbox has")
    except rawpy.LibRawError as error:
        return ItemFault(Reason.UNREADABLE, _words(error, complaints))
    sizes = sensor.sizes
    raw.orientation = _ORIENTATIONS[sizes.flip & 7] if sizes.flip else raw.orientation
    if not _alike(raw.width, sizes.width, _SIZE_TOLERANCE) or not _alike(raw.height, sizes.height, _SIZE_TOLERANCE):
        raw.width, raw.height = sizes.width, sizes.height
    return None


def _previews(data: bytes, raw: RawLayout) -> list[EmbeddedJpeg]:
    """The embedded pictures, the largest first."""
    found = [jpeg for jpeg in find_jpegs(data) if jpeg.start not in raw.hidden]
    return sorted(found, key=lambda jpeg: jpeg.pixels, reverse=True)


def _first_good(
    data: bytes, previews: list[EmbeddedJpeg], raw: RawLayout, limits: LimitSettings, wanted: Wanted
) -> DecodedPhoto | None:
    """The largest preview that shows the whole picture with the pixels wanted."""
    if not raw.width:
        return None
    least = wanted.size(raw.width, raw.height)
    for jpeg in previews:
        long_side, short_side = max(jpeg.width, jpeg.height), min(jpeg.width, jpeg.height)
        if long_side < max(least) * (1 - _SHAPE_TOLERANCE) or short_side < min(least) * (1 - _SHAPE_TOLERANCE):
            break
        if not _alike(long_side / short_side, max(raw.width, raw.height) / min(raw.width, raw.height)):
            continue
        with contextlib.suppress(ItemFault):
            shown = _decode_preview(data[jpeg.start : jpeg.end], raw, limits, wanted)
            if not _is_blank(shown.pixels) and not _has_bars(shown.pixels):
                return shown
    return None


def _largest(
    data: bytes,
    previews: list[EmbeddedJpeg],
    raw: RawLayout,
    limits: LimitSettings,
    wanted: Wanted,
    *,
    believe_blank: bool,
) -> DecodedPhoto | None:
    """The largest preview that decodes."""
    for jpeg in previews:
        if max(jpeg.width, jpeg.height) < _LEAST_SIDE:
            break
        with contextlib.suppress(ItemFault):
            shown = _decode_preview(data[jpeg.start : jpeg.end], raw, limits, wanted)
            if believe_blank or not _is_blank(shown.pixels):
                return shown
    return None


def _thumbnail(sensor: rawpy.RawPy, raw: RawLayout, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto | None:
    """What LibRaw takes for the preview: also bitmaps, and JPEGs that a maker has disguised."""
    try:
        with _complaints():
            thumbnail = sensor.extract_thumb()
        if isinstance(thumbnail.data, bytes):
            shown = _decode_preview(thumbnail.data, raw, limits, wanted)
        else:
            shown = _placed(np.ascontiguousarray(thumbnail.data, np.uint8), 1, raw)
    except (rawpy.LibRawError, ItemFault, NotImplementedError, ValueError):
        return None
    return None if _is_blank(shown.pixels) or max(shown.pixels.shape[:2]) < _LEAST_SIDE else shown


def _decode_preview(preview: bytes, raw: RawLayout, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """One preview, said to have the size of the RAW."""
    shown = decode_jpeg.decode(preview, "image/jpeg", limits, wanted)
    icc = adobe_rgb_profile() if raw.adobe_rgb and shown.icc is None and shown.mode == "RGB" else shown.icc
    return replace(_placed(shown.pixels, shown.orientation, raw), mode=shown.mode, icc=icc)


def _placed(pixels: NDArray[np.uint8], own_orientation: int, raw: RawLayout) -> DecodedPhoto:
    """Pixels of a preview with the turn they still need, and the RAW's size as they lie.

    What a preview's own EXIF says is often a mere copy of the RAW's; whether the writer has turned the
    preview already its shape tells.
    """
    height, width = pixels.shape[:2]
    if not raw.width:
        orientation = own_orientation if own_orientation > 1 else raw.orientation
        return DecodedPhoto(pixels, "RGB", None, orientation, width, height)
    if (width - height) * (raw.width - raw.height) < 0:
        return DecodedPhoto(pixels, "RGB", None, 1, raw.height, raw.width)
    return DecodedPhoto(pixels, "RGB", None, raw.orientation, raw.width, raw.height)


def _develop(sensor: rawpy.RawPy, raw: RawLayout, limits: LimitSettings, wanted: Wanted) -> DecodedPhoto:
    """The sensor's data as a picture: the camera's white balance, sRGB, brightened as viewers do."""
    sizes = sensor.sizes
    check_size(sizes.raw_width, sizes.raw_height, limits)
    least = wanted.size(raw.width, raw.height)
    half = min(sizes.width // 2 / least[0], sizes.height // 2 / least[1]) >= 1 - _SHAPE_TOLERANCE / 2
    try:
        with _complaints() as complaints:
            sensor.unpack()
            developed = sensor.postprocess(
                use_camera_wb=True,
                half_size=half,
                user_flip=0,
                output_color=rawpy.ColorSpace.sRGB,
                gamma=(2.4, 12.92),
                output_bps=8,
            )
    except (rawpy.LibRawFileUnsupportedError, rawpy.LibRawNotImplementedError) as error:
        raise ItemFault(
            Reason.UNSUPPORTED, "LibRaw cannot unpack this camera's data, and there is no preview"
        ) from error
    except (rawpy.LibRawUnsufficientMemoryError, MemoryError) as error:
        raise ItemFault(Reason.TOO_LARGE, "developing needs more memory than the sandbox has") from error
    except (rawpy.LibRawError, ValueError) as error:
        raise ItemFault(Reason.UNREADABLE, _words(error, complaints)) from error
    if complaints and _CUT_OFF.search(complaints[0]):
        raise ItemFault(Reason.UNREADABLE, "cut off: LibRaw came to the end of the file before the end of the picture")
    pixels = np.ascontiguousarray(_cropped(developed, sensor, 2 if half else 1))
    if int(pixels.max()) < _BLACK:
        # Brightened as it is, even a photo of the dark has its noise.
        raise ItemFault(Reason.UNREADABLE, "LibRaw finds nothing but black in the sensor's data")
    height, width = pixels.shape[:2]
    if not _alike(width / height, raw.width / raw.height):
        # Sensors that lie diagonally, or whose pixels are no squares.
        raw.width, raw.height = (width * 2, height * 2) if half else (width, height)
    return DecodedPhoto(pixels, "RGB", None, raw.orientation, raw.width, raw.height)


def _cropped(developed: NDArray[np.uint8], sensor: rawpy.RawPy, scale: int) -> NDArray[np.uint8]:
    """The frame that the camera itself gives its JPEGs, where the file names one."""
    sizes = sensor.sizes
    left, top = sizes.crop_left_margin - sizes.left_margin, sizes.crop_top_margin - sizes.top_margin
    inside = 0 <= left < sizes.width - sizes.crop_width and 0 <= top < sizes.height - sizes.crop_height
    if not inside or not _alike(sizes.crop_width, sizes.width, _SIZE_TOLERANCE) or sizes.pixel_aspect != 1:
        return developed
    if not _alike(sizes.crop_height, sizes.height, _SIZE_TOLERANCE):
        return developed
    rows, columns = sizes.crop_height // scale, sizes.crop_width // scale
    return developed[top // scale : top // scale + rows, left // scale : left // scale + columns]


def _alike(one: float, other: float, tolerance: float = _SHAPE_TOLERANCE) -> bool:
    return abs(one - other) <= tolerance * other


def _is_blank(pixels: NDArray[np.uint8]) -> bool:
    return int(pixels.max()) < _BLACK or int(pixels.max()) - int(pixels.min()) <= _BLANK_RANGE


def _has_bars(pixels: NDArray[np.uint8]) -> bool:
    """Whether a picture of another shape lies between black bars."""
    for side, across in ((0, 1), (1, 0)):
        length = pixels.shape[side]
        bar = max(1, round(length * _BAR_SHARE))
        lines = pixels.reshape(*pixels.shape[:2], -1).max(axis=2).max(axis=across)
        if lines[:bar].max() < _BLACK and lines[-bar:].max() < _BLACK and lines[bar:-bar].max(initial=0) >= _BLACK:
            return True
    return False


def _words(error: Exception, complaints: list[str]) -> str:
    words = error.args[0] if error.args else type(error).__name__
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    if complaints and _CUT_OFF.search(complaints[0]):
        return f"cut off: LibRaw: {text}"
    return f"LibRaw: {text}"


@contextlib.contextmanager
def _complaints() -> Iterator[list[str]]:
    """What LibRaw says of missing and damaged data: it says so on standard error and nowhere else."""
    said: list[str] = []
    with open(os.memfd_create("libraw"), "w+b", buffering=0) as sink:
        kept = os.dup(2)
        os.dup2(sink.fileno(), 2)
        try:
            yield said
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            sink.seek(0)
            if text := sink.read(_MOST_WORDS).decode(errors="replace").strip():
                said.append(text)
