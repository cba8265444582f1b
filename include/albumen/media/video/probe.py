"""What streams a video has: codecs, rates, colours, sound; and how it is opened so that it opens nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import av
import av.error
from av.container import InputContainer

from albumen.pipeline.taxonomy import ItemFault, Reason

DEMUXERS = {
    **dict.fromkeys(("video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2"), "mov"),
    **dict.fromkeys(("video/x-matroska", "video/webm"), "matroska"),
    **dict.fromkeys(("video/m2ts", "video/mp2t"), "mpegts"),
    "video/x-msvideo": "avi",
    "video/x-ms-wmv": "asf",
    "video/mpeg": "mpeg",
    "video/ogg": "ogg",
    "video/x-flv": "flv",
    "video/x-dv": "dv",
    "application/mxf": "mxf",
    "application/vnd.rn-realmedia": "rm",
}
"""By sniffed type: the one demuxer that may touch the bytes. None of them reads lists of other files."""
_PQ, _HLG = 16, 18
_TRANSFERS = {_PQ: "pq", _HLG: "hlg"}


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of one video.

    Attributes
    ----------
    width, height : int
        Coded pixels, before turning.
    aspect : float
        Width of a pixel over its height.
    fps : float or None
        Pictures a second, on average.
    frames : int or None
        As the container counts them.
    bit_rate : int or None
        Bits a second, of the whole file.
    transfer : str
        `sdr`, `pq` or `hlg`.
    audio_codec : str or None
        None: no sound.
    """

    width: int
    height: int
    aspect: float
    video_codec: str
    pixel_format: str
    fps: float | None
    frames: int | None
    bit_rate: int | None
    duration_s: float | None
    transfer: str
    audio_codec: str | None
    audio_channels: int | None


def demuxer_of(mime: str) -> str:
    """The demuxer of a type.

    Raises
    ------
    ItemFault
        `unsupported`, for a type that none is meant for.
    """
    if mime not in DEMUXERS:
        raise ItemFault(Reason.UNSUPPORTED, f"{mime} is not read")
    return DEMUXERS[mime]


@contextmanager
def opened(file: BinaryIO, mime: str) -> Iterator[InputContainer]:
    """Open a video for reading; whatever FFmpeg says against it inside the block is an `unreadable` fault.

    Parameters
    ----------
    file : binary file
        Seekable. FFmpeg is given no other way to any byte.
    mime : str
        What `media.sniff` says it is.

    Raises
    ------
    ItemFault
        `unreadable` with FFmpeg's words, or `unsupported`.
    """
    demuxer = demuxer_of(mime)
    locked = {"protocol_whitelist": "none", "format_whitelist": demuxer, "enable_drefs": "0"}
    if demuxer != "mov":
        del locked["enable_drefs"]
    file.seek(0)
    try:
        with av.open(file, "r", format=demuxer, options=locked, metadata_errors="replace") as container:
            yield container
    except (av.error.FFmpegError, OSError, EOFError, ValueError, IndexError) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ItemFault(Reason.UNREADABLE, f"{demuxer}: {words}") from error


def read_streams(container: InputContainer) -> Streams:
    """Tell the streams of an open video.

    Raises
    ------
    ItemFault
        `unreadable` when it has no pictures.
    """
    if not container.streams.video:
        raise ItemFault(Reason.UNREADABLE, "it has no track of pictures")
    video, codec = container.streams.video[0], container.streams.video[0].codec_context
    audio = container.streams.audio[0] if container.streams.audio else None
    rate = video.average_rate or video.guessed_rate
    aspect = video.sample_aspect_ratio
    duration = container.duration / 1e6 if container.duration else None
    return Streams(
        width=codec.width,
        height=codec.height,
        aspect=float(aspect) if aspect else 1.0,
        video_codec=codec.name,
        pixel_format=codec.pix_fmt or "",
        fps=round(float(rate), 3) if rate else None,
        frames=video.frames or None,
        bit_rate=container.bit_rate or None,
        duration_s=duration if duration and duration > 0 else None,
        transfer=_TRANSFERS.get(int(codec.color_trc or 0), "sdr"),
        audio_codec=audio.codec_context.name if audio else None,
        audio_channels=audio.codec_context.channels if audio else None,
    )
