"""The picture that stands for a video: its frame, upright, in standard dynamic range."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from albumen.media import ffmpeg
from albumen.media.video.choosing import best, others
from albumen.media.video.container import read_container
from albumen.media.video.frames import Candidate, candidates, counted_off, shrunk, squared, upright_pixels
from albumen.media.video.probe import demuxer_of, opened, read_streams
from albumen.pipeline.taxonomy import ItemFault, Reason

TONE_MAP = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,"
    "tonemap=tonemap=mobius:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv"
)
"""From PQ or HLG to BT.709, the white of paper at 203 cd/m² (ITU-R BT.2408)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a video.

    Attributes
    ----------
    at : float
        When the poster's frame comes, seconds from the beginning.
    poster : ndarray of uint8
        Height x width x 3, RGB.
    frames : list of (float, ndarray of uint8)
        More frames with their times, in order, smaller and of one size.
    """

    at: float
    poster: NDArray[np.uint8] = field(repr=False)
    frames: list[tuple[float, NDArray[np.uint8]]] = field(repr=False)


def poster(path: Path, mime: str, *, most: int, pixels: int, seconds: float, more: int, side: int) -> Shown:
    """Choose and decode the frame to show of a video, and a few more.

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
        Wall time that a frame of high dynamic range may take.
    more : int
        How many more frames, at most.
    side : int
        Most pixels of their long side.

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
            # After a place that it could not go to, FFmpeg reads nothing any more.
            with opened(file, mime) as video:
                found = counted_off(video, most)
    if not found:
        missing = f"; the file lacks {container.missing_bytes} bytes" if container.missing_bytes else ""
        raise ItemFault(Reason.UNREADABLE, f"no frame of it can be decoded ({streams.video_codec}){missing}")
    chosen = best(found)
    rest = others(found, chosen, more)
    rotation = container.rotation if container.format == "quicktime" else -chosen.frame.rotation % 360

    def shown(candidate: Candidate, long_side: int) -> NDArray[np.uint8]:
        if streams.transfer == "sdr":
            return upright_pixels(candidate.frame, rotation=rotation, aspect=streams.aspect, side=long_side)
        mapped = _tone_mapped(path, mime, candidate, seconds, long_side)
        return squared(mapped, rotation=rotation, aspect=streams.aspect)

    return Shown(chosen.at, shown(chosen, 0), [(each.at, shown(each, side)) for each in rest])


def _tone_mapped(path: Path, mime: str, chosen: Candidate, seconds: float, side: int) -> NDArray[np.uint8]:
    """A frame in standard range, not turned; smaller where a long side is given."""
    made = path.with_name("poster.png")
    width, height = shrunk(chosen.frame.width, chosen.frame.height, side)
    with path.open("rb") as file:
        arguments = [
            *("-noautorotate", "-ss", f"{chosen.at:.3f}", *ffmpeg.read_from(file.fileno(), demuxer_of(mime))),
            *(
                "-frames:v",
                "1",
                "-vf",
                f"scale={width}:{height},{TONE_MAP},format=rgb24",
                "-threads",
                "1",
                "-y",
                str(made),
            ),
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
