"""Frames of animations: how many there are, and the first that shows something."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from albumen.media.decoded import Mode
from albumen.media.eight_bit import eight_bit
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import LimitSettings

_ANIMATED = frozenset({"PNG", "WEBP", "AVIF"})
# Fades from black and logos come first; what comes later than this is another scene.
_LOOK_FRAMES, _LOOK_MILLISECONDS = 30, 2000
# A still of so many pixels is shown as it is, were it blank: each look costs a whole decode.
_LOOK_PIXELS = 100_000_000
# As browsers do with a frame that is shown for no time.
_LEAST_MILLISECONDS = 100
# Noise of lossy codecs on a plain ground.
_BLANK_RANGE = 8


def count_frames(image: Image.Image, data: bytes, limits: LimitSettings) -> int:
    """Frames of an animation; 1 for a still, however many pages or views its file holds.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened, not necessarily loaded.
    data : bytes
        Its file.
    limits : LimitSettings
        Counting stops at `photo_frames`.

    Raises
    ------
    ItemFault
        `too_large` with the limit.
    """
    if image.format == "GIF":
        frames = sum(1 for _ in islice(_gif_frames(data), limits.photo_frames + 1))
    elif image.format in _ANIMATED and getattr(image, "is_animated", False):
        # The still that stands before an animated PNG for readers of plain PNG is none of its frames.
        frames = int(image.n_frames) - _stands_apart(image)  # type: ignore[attr-defined]
    else:
        return 1
    if frames > limits.photo_frames:
        found = f"{frames}" if image.format != "GIF" else f"{frames} or more"
        raise ItemFault(Reason.TOO_LARGE, f"{found} frames, limit {limits.photo_frames} (limits.photo_frames)")
    return max(1, frames)


def first_good_frame(image: Image.Image, data: bytes, frames: int) -> tuple[NDArray[np.uint8], Mode]:
    """The first frame that is not blank, of the first two seconds or thirty frames; the first where all are.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded, at its first frame.
    data : bytes
        Its file.
    frames : int
        As counted.

    Returns
    -------
    pixels, mode
        As of `eight_bit`.
    """
    shown = eight_bit(image)
    if image.format == "GIF" and "transparency" not in image.info:
        _clear_around(shown[0], image.dispose_extent)  # type: ignore[attr-defined]
    if frames < 2:
        return shown
    start = int(_stands_apart(image))
    if not start and not _blank(shown[0]):
        return shown
    elapsed = 0.0 if start else _milliseconds(image)
    first = None if start else shown
    affordable = max(start + 1, _LOOK_PIXELS // (image.width * image.height))
    for number in range(1, min(frames + start, affordable, _LOOK_FRAMES, _frames_within(image, data))):
        if elapsed >= _LOOK_MILLISECONDS:
            break
        try:
            image.seek(number)
            image.load()
            candidate = eight_bit(image)
        except Exception:  # what comes after a damaged frame is not looked at
            break
        if not _blank(candidate[0]):
            return candidate
        first = first or candidate
        elapsed += _milliseconds(image)
    return first or shown


def _clear_around(pixels: NDArray[np.uint8], frame: tuple[int, int, int, int]) -> None:
    """White where a GIF's first frame leaves its canvas bare; Pillow puts a colour of the palette there."""
    left, top, right, bottom = frame
    pixels[:top], pixels[bottom:], pixels[:, :left], pixels[:, right:] = 255, 255, 255, 255


def _frames_within(image: Image.Image, data: bytes) -> int:
    """How many frames come before one that leaves the canvas, which Pillow would enlarge to hold it."""
    if image.format != "GIF":
        return _LOOK_FRAMES
    edges = islice(_gif_frames(data), _LOOK_FRAMES)
    return next((n for n, (right, low) in enumerate(edges) if right > image.width or low > image.height), _LOOK_FRAMES)


def _stands_apart(image: Image.Image) -> bool:
    return bool(image.info.get("default_image"))


def _milliseconds(image: Image.Image) -> float:
    shown = image.info.get("duration")
    return max(float(shown), _LEAST_MILLISECONDS) if isinstance(shown, int | float) else _LEAST_MILLISECONDS


def _blank(pixels: NDArray[np.uint8]) -> bool:
    flat = pixels.reshape(-1, 1 if pixels.ndim == 2 else pixels.shape[2])
    return int((flat.max(axis=0) - flat.min(axis=0)).max()) <= _BLANK_RANGE


def _gif_frames(data: bytes) -> Iterator[tuple[int, int]]:
    """The right and lower edge of each whole frame, by the blocks alone (GIF89a, appendix A)."""
    try:
        position = 13 + _colours(data[10])
        while True:
            kind, edge = data[position], None
            if kind == 0x2C:
                left, top, width, height, flags = struct.unpack_from("<4HB", data, position + 1)
                edge = left + width, top + height
                position += 11 + _colours(flags)
            elif kind == 0x21:
                position += 2
            else:
                return
            while length := data[position]:
                position += 1 + length
            position += 1
            if edge:
                yield edge
    except (IndexError, struct.error):
        return


def _colours(flags: int) -> int:
    """Bytes of a colour table that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
