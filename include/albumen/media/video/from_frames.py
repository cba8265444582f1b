"""A video made of frames that we draw: H.264 in an MP4 that starts at once, silent."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from albumen.media import ffmpeg
from albumen.media.video.encode import BT709, CLEAN


def encode_frames(
    frames: Iterable[NDArray[np.uint8]],
    target: Path,
    *,
    size: tuple[int, int],
    fps: int,
    crf: int,
    preset: str,
    seconds: float,
    threads: int,
) -> None:
    """Encode frames as they are drawn.

    Parameters
    ----------
    frames : iterable of ndarray, (height, width, 3) uint8
        BGR, one after the other.
    target : Path
        The MP4 to write.
    size : tuple of int
        Width and height, even, pixels.
    fps : int
        Frames a second.
    crf, preset :
        x264's.
    seconds : float
        Wall time it may take.
    threads : int
        Of the encoder.

    Raises
    ------
    FfmpegFailed
        If ffmpeg ends otherwise than well.
    """
    read, write = os.pipe()
    failed: list[BaseException] = []

    def feed() -> None:
        try:
            with os.fdopen(write, "wb", buffering=0) as pipe:
                for frame in frames:
                    _write_all(pipe.fileno(), memoryview(np.ascontiguousarray(frame).data).cast("B"))
        except BrokenPipeError:
            return
        except Exception as error:
            failed.append(error)

    drawing = threading.Thread(target=feed)
    drawing.start()
    try:
        ffmpeg.run(
            [
                *("-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{size[0]}x{size[1]}", "-r", str(fps)),
                *("-protocol_whitelist", "fd", "-fd", str(read), "-i", "fd:"),
                *("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-an"),
                *("-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-profile:v", "high"),
                *("-threads", str(threads), *BT709, *CLEAN, "-fflags", "+bitexact", "-flags:v", "+bitexact", "-y"),
                str(target),
            ],
            seconds=seconds,
            pass_fds=[read],
        )
    finally:
        # A writer that waits for a reader is told that there is none.
        os.close(read)
        drawing.join()
    if failed:
        raise failed[0]


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
