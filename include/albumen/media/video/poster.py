"""The picture that stands for a video: its frame, upright, in standard dynamic range."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.media import ffmpeg
from albumen.media.video.choosing import best
from albumen.media.video.container import read_container
from albumen.media.video.frames import Candidate, candidates, squared, upright_pixels
from albumen.media.video.probe import demuxer_of, opened, read_streams
from albumen.pipeline.taxonomy import ItemFault, Reason

TONE_MAP = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,"
    "tonemap=tonemap=mobius:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv"
)
"""From PQ or HLG to BT.709, the white of paper at 203 cd/m² (ITU-R BT.2408)."""


def poster(path: Path, mime: str, *, most: int, pixels: int, seconds: float) -> NDArray[np.uint8]:
    """Choose and decode the frame to show of a video.

    Parameters
    ----------
    path : Path
        The video; a high dynamic range's frame is made in a file beside it.
    mime : str
        What `media.sniff` says it is.
    most : int
        How many frames to choose from.
    pixels : int
        Most pixels of a frame that is decoded.
    seconds : float
        Wall time that a high dynamic range may take.

    Returns
    -------
    ndarray of uint8
        Height x width x 3, RGB.

    Raises
    ------
    ItemFault
        `unreadable` when no frame could be decoded, `too_large`, `unsupported`.
    """
    with path.open("rb") as file:
        container = read_container(file, mime)
        with opened(file, mime) as video:
            streams = read_streams(video)
            if streams.width * streams.height > pixels:
                words = f"{streams.width} x {streams.height} pixels, limit {pixels} (limits.photo_pixels)"
                raise ItemFault(Reason.TOO_LARGE, words)
            found = candidates(video, most=most, duration_s=container.duration_s or streams.duration_s)
            if not found:
                missing = f"; the file lacks {container.missing_bytes} bytes" if container.missing_bytes else ""
                raise ItemFault(Reason.UNREADABLE, f"no frame of it can be decoded ({streams.video_codec}){missing}")
            chosen = best(found)
            rotation = container.rotation if container.format == "quicktime" else -chosen.frame.rotation % 360
            if streams.transfer == "sdr":
                return upright_pixels(chosen.frame, rotation=rotation, aspect=streams.aspect)
    return squared(_tone_mapped(path, mime, chosen, seconds), rotation=rotation, aspect=streams.aspect)


def _tone_mapped(path: Path, mime: str, chosen: Candidate, seconds: float) -> NDArray[np.uint8]:
    made = path.with_name("poster.png")
    with path.open("rb") as file:
        arguments = [
            *("-noautorotate", "-ss", f"{chosen.at:.3f}", *ffmpeg.read_from(file.fileno(), demuxer_of(mime))),
            *("-frames:v", "1", "-vf", f"{TONE_MAP},format=rgb24", "-threads", "1", "-y", str(made)),
        ]
        try:
            ffmpeg.run(arguments, seconds=seconds, pass_fds=[file.fileno()])
            pixels = cv2.imread(str(made), cv2.IMREAD_COLOR_RGB)
        except ffmpeg.FfmpegFailed as error:
            raise ItemFault(Reason.UNREADABLE, f"tone mapping: {error}") from error
        finally:
            made.unlink(missing_ok=True)
    if pixels is None:
        raise ItemFault(Reason.UNREADABLE, f"no frame at {chosen.at:.1f} s for tone mapping")
    return np.asarray(pixels, np.uint8)
