"""How the beginning of a video moves: tiny grey frames at fixed times, by which copies are told from other takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from albumen.media.geometry import turn_upright
from albumen.media.video.container import read_container
from albumen.media.video.frames import ORIENTATIONS, decoded
from albumen.media.video.probe import opened, read_streams
from albumen.pipeline.taxonomy import ItemFault, Reason


def signature(path: Path, mime: str, *, pixels: int, seconds: float, per_second: int, side: int) -> NDArray[np.uint8]:
    """The pictures of the first seconds at even distances in time, each in a few grey values.

    Times are gone to frame by frame and not by seeking, so that copies with other keyframes give the same. Deblocking
    is left out: it costs a third of decoding, and is not seen in so small a picture.

    Parameters
    ----------
    path : Path
        The video.
    mime : str
        What `media.sniff` says it is.
    pixels : int
        Most pixels of a frame that is decoded.
    seconds : float
        How much of the beginning is looked at.
    per_second : int
        Pictures of one second.
    side : int
        Width and height of a picture, pixels, whatever the video's shape.

    Returns
    -------
    ndarray, shape (n, side, side), uint8
        Upright; none where nothing at the beginning can be decoded.

    Raises
    ------
    ItemFault
        `unreadable`, `too_large`, `unsupported`.
    """
    with path.open("rb") as file:
        container = read_container(file, mime)
        with opened(file, mime) as video:
            streams = read_streams(video)
            if streams.width * streams.height > pixels:
                words = f"{streams.width} x {streams.height} pixels, limit {pixels} (limits.photo_pixels)"
                raise ItemFault(Reason.TOO_LARGE, words)
            rotation = container.rotation if container.format == "quicktime" else None
            shown = _shown(video, [number / per_second for number in range(round(seconds * per_second))])
            seen = [_tiny(frame, side, rotation) for frame in shown]
    return np.stack(seen) if seen else np.empty((0, side, side), np.uint8)


def _shown(video: InputContainer, moments: Sequence[float]) -> Iterator[VideoFrame]:
    """The frame shown at each of these moments, seconds from the beginning: the last that came until then."""
    codec = video.streams.video[0].codec_context
    codec.thread_count = 1
    codec.options = {"skip_loop_filter": "all"}
    begin, at, due = None, 0.0, 0
    shown: VideoFrame | None = None
    for frame in decoded(video):
        if frame.time is None:
            continue
        begin = frame.time if begin is None else begin
        at = frame.time - begin
        while shown is not None and due < len(moments) and moments[due] < at:
            yield shown
            due += 1
        if due == len(moments):
            return
        shown = frame
    if shown is not None and due < len(moments) and moments[due] <= at:
        yield shown


def _tiny(frame: VideoFrame, side: int, rotation: int | None) -> NDArray[np.uint8]:
    small = frame.reformat(side, side, "gray", interpolation=Interpolation.AREA).to_ndarray()
    clockwise = -frame.rotation % 360 if rotation is None else rotation
    return np.ascontiguousarray(turn_upright(np.asarray(small, np.uint8), ORIENTATIONS.get(clockwise, 1)))
