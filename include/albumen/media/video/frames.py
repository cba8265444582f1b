"""A few frames of a video to choose from, upright, as sRGB pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from albumen.media.geometry import turn_upright

ORIENTATIONS = {0: 1, 90: 6, 180: 3, 270: 8}
"""Clockwise degrees as an EXIF orientation."""
_SMALL_SIDE = 320
_SHORT_SECONDS = 4.0
_SHORT_FRAMES = 240
_FRAMES_TO_A_PICTURE = 64


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame that could stand for a video.

    Attributes
    ----------
    at : float
        Seconds from the beginning.
    small : ndarray of uint8
        Its luma, long side 320.
    following : ndarray or None
        That of the frame after it.
    """

    at: float
    frame: VideoFrame = field(repr=False)
    small: NDArray[np.uint8] = field(repr=False)
    following: NDArray[np.uint8] | None = field(repr=False)


def candidates(container: InputContainer, *, most: int, duration_s: float | None) -> list[Candidate]:
    """Frames spread over a video, each the first that can be decoded after a place in it.

    Of a clip of a few seconds, and where places cannot be gone to, the frames are counted off instead.

    Raises
    ------
    ItemFault
        Nothing is raised for damage in mid-stream: what could be decoded counts, maybe none.
    """
    container.streams.video[0].codec_context.thread_count = 1
    found: dict[Any, Candidate] = {}
    if duration_s and duration_s > _SHORT_SECONDS:
        for number in range(most):
            seconds = duration_s * (number + 0.5) / most
            for candidate in _from(container, seconds):
                found.setdefault(candidate.at, candidate)
    if len(found) < 2:
        with suppress(av.error.FFmpegError, EOFError):
            if found:
                container.seek(0)
            for candidate in counted_off(container, most):
                found.setdefault(candidate.at, candidate)
    return sorted(found.values(), key=lambda candidate: candidate.at)


def _from(container: InputContainer, seconds: float) -> list[Candidate]:
    stream = container.streams.video[0]
    offset = int(seconds / stream.time_base) + (stream.start_time or 0) if stream.time_base else 0
    try:
        container.seek(offset, stream=stream, backward=True)
        frames = list(islice(decoded(container), 2))
    except (av.error.FFmpegError, EOFError):
        return []
    return [_candidate(frames)] if frames else []


def counted_off(container: InputContainer, most: int) -> list[Candidate]:
    """Frames at even distances of the next few seconds: a handful is held, thinned as more come."""
    step, before = 1, None
    kept: list[Candidate] = []
    for number, frame in enumerate(islice(decoded(container), _SHORT_FRAMES)):
        if before is not None:
            kept.append(_candidate([before, frame]))
            before = None
        if number % step == 0:
            before = frame
        if len(kept) >= 2 * most:
            kept, step = kept[::2], 2 * step
    return kept or ([_candidate([before])] if before is not None else [])


def decoded(container: InputContainer) -> Iterator[VideoFrame]:
    """Frames until the data ends or makes no sense any more; a few packets without one are passed over."""
    stream, without = container.streams.video[0], 0
    packets = container.demux(stream)
    while without < _FRAMES_TO_A_PICTURE:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError, EOFError):
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            frames = []
        without = 0 if frames else without + 1
        yield from (frame for frame in frames if isinstance(frame, VideoFrame))


def _candidate(frames: list[VideoFrame]) -> Candidate:
    smalls = [_small(frame) for frame in frames]
    return Candidate(frames[0].time or 0.0, frames[0], smalls[0], smalls[1] if len(smalls) > 1 else None)


def _small(frame: VideoFrame) -> NDArray[np.uint8]:
    width, height = shrunk(frame.width, frame.height, _SMALL_SIDE)
    return np.asarray(frame.reformat(width, height, "gray").to_ndarray(), np.uint8)


def shrunk(width: int, height: int, side: int) -> tuple[int, int]:
    """A size of the same shape whose long side is `side` at most; 0: as it is."""
    scale = min(1.0, side / max(width, height)) if side else 1.0
    return max(2, round(width * scale)), max(2, round(height * scale))


def upright_pixels(frame: VideoFrame, *, rotation: int, aspect: float, side: int = 0) -> NDArray[np.uint8]:
    """The frame as people see it.

    Parameters
    ----------
    frame : VideoFrame
        Of standard dynamic range.
    rotation : int
        Clockwise degrees to turn it upright.
    aspect : float
        Width of a pixel over its height; pixels are made square by narrowing the longer side.
    side : int
        Most pixels of the long side; 0: as it is.

    Returns
    -------
    ndarray of uint8
        Height x width x 3, RGB.
    """
    width, height = shrunk(frame.width, frame.height, side)
    pixels = np.asarray(frame.to_ndarray(width=width, height=height, format="rgb24"), np.uint8)
    return squared(pixels, rotation=rotation, aspect=aspect)


def squared(pixels: NDArray[np.uint8], *, rotation: int, aspect: float) -> NDArray[np.uint8]:
    """Pixels made square, and turned upright."""
    height, width = pixels.shape[:2]
    if abs(aspect - 1) > 0.01 and 0.1 < aspect < 10:
        size = (width, max(1, round(height / aspect))) if aspect > 1 else (max(1, round(width * aspect)), height)
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(turn_upright(pixels, ORIENTATIONS.get(rotation, 1)))
