"""How the beginning of a video moves: tiny grey frames at fixed times, by which copies are told from other takes."""

from __future__ import annotations

from collections.abc import Iterator
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

SECONDS = 8.0
PER_SECOND = 8
SIDE = 12
"""Whatever is changed here makes signatures that cannot be compared with older ones: raise the step's version."""


def signature(path: Path, mime: str, *, pixels: int) -> NDArray[np.uint8]:
    """The picture at every eighth of a second of the first eight seconds, each in 12 x 12 grey values.

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

    Returns
    -------
    ndarray, shape (n, 12, 12), uint8
        Upright; n is 64 at most, 0 where nothing at the beginning can be decoded.

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
            seen = list(_at_fixed_times(video, rotation))
    return np.stack(seen) if seen else np.empty((0, SIDE, SIDE), np.uint8)


def _at_fixed_times(video: InputContainer, rotation: int | None) -> Iterator[NDArray[np.uint8]]:
    """Of each moment the frame that is shown then: the last that came before the next one."""
    codec = video.streams.video[0].codec_context
    codec.thread_count = 1
    codec.options = {"skip_loop_filter": "all"}
    begin, due, at, shown = None, 0, 0.0, None
    for frame in decoded(video):
        if frame.time is None:
            continue
        begin = frame.time if begin is None else begin
        at = frame.time - begin
        while shown is not None and due / PER_SECOND < min(at, SECONDS):
            yield _tiny(shown, rotation)
            due += 1
        if at >= SECONDS:
            return
        shown = frame
    if shown is not None and due / PER_SECOND <= at:
        yield _tiny(shown, rotation)


def _tiny(frame: VideoFrame, rotation: int | None) -> NDArray[np.uint8]:
    small = frame.reformat(SIDE, SIDE, "gray", interpolation=Interpolation.AREA).to_ndarray()
    clockwise = -frame.rotation % 360 if rotation is None else rotation
    return np.ascontiguousarray(turn_upright(np.asarray(small, np.uint8), ORIENTATIONS.get(clockwise, 1)))
