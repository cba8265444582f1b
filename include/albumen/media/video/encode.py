"""A video as every screen can play it: H.264 and AAC in an MP4 that starts at once, upright, square, SDR."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from albumen.media import ffmpeg
from albumen.media.video.container import read_container
from albumen.media.video.poster import TONE_MAP
from albumen.media.video.probe import Streams, demuxer_of, opened, read_streams
from albumen.pipeline.taxonomy import ItemFault, Reason

_INTERLACED = frozenset({"video/m2ts", "video/mp2t", "video/mpeg", "video/x-dv", "application/mxf"})
_MOST_FPS = 60
CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-movflags", "+faststart")
BT709 = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
_PICTURES = ("-pix_fmt", "yuv420p", "-profile:v", "high", "-fps_mode", "vfr")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is encoded.

    Attributes
    ----------
    short_side : int
        Most pixels of the short side.
    crf : int
        x264's constant rate factor; less is better and larger.
    preset : str
        x264's, `ultrafast` to `veryslow`.
    audio_bits : int
        Bits a second of the sound; 0: silent.
    start, seconds : float
        Which part, seconds; 0 seconds: all.
    """

    short_side: int
    crf: int
    preset: str
    audio_bits: int
    start: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Encoded:
    """A video that was made: its file and its size in pixels."""

    path: Path
    width: int
    height: int


def look(path: Path, mime: str) -> tuple[Streams, float, int]:
    """The streams of a video, its duration in seconds (0: not known) and how many bytes its file lacks.

    Raises
    ------
    ItemFault
        `unreadable` or `unsupported`.
    """
    with path.open("rb") as file:
        container = read_container(file, mime)
        with opened(file, mime) as video:
            streams = read_streams(video)
    return streams, container.duration_s or streams.duration_s or 0.0, container.missing_bytes


def encode(
    path: Path,
    mime: str,
    target: Path,
    encoding: Encoding,
    *,
    seconds: float,
    threads: int,
    on_progress: Callable[[float], None] | None = None,
) -> Encoded:
    """Encode a video.

    Parameters
    ----------
    path, mime :
        The video, and what `media.sniff` says it is.
    target : Path
        The MP4 to write.
    seconds : float
        Wall time it may take.
    threads : int
        Of decoder and encoder; 0: one a processor.
    on_progress : callable
        Told 0 to 1 as far as the duration is known, about twice a second.

    Raises
    ------
    ItemFault
        `timed_out`, or `unreadable` with ffmpeg's words or when nothing came out.
    """
    streams, duration, _ = look(path, mime)
    length = min(encoding.seconds or duration, max(0.0, duration - encoding.start)) or duration

    def tell(made: float) -> None:
        if on_progress:
            on_progress(made / length if length else 0.0)

    with path.open("rb") as file:
        try:
            ffmpeg.run(
                [*_input(file.fileno(), mime, encoding), *output(streams, mime, encoding, threads), str(target)],
                seconds=seconds,
                pass_fds=[file.fileno()],
                on_progress=tell,
            )
        except ffmpeg.FfmpegTooSlow as error:
            raise ItemFault(Reason.TIMED_OUT, str(error)) from error
        except ffmpeg.FfmpegFailed as error:
            raise ItemFault(Reason.UNREADABLE, f"encoding: {error}") from error
    with target.open("rb") as file, opened(file, "video/mp4") as video:
        made = read_streams(video) if video.streams.video else None
        if made is None or not made.frames:
            raise ItemFault(Reason.UNREADABLE, "encoding: no frame of it can be decoded")
    return Encoded(target, made.width, made.height)


def _input(descriptor: int, mime: str, encoding: Encoding) -> list[str]:
    part = [*(["-ss", f"{encoding.start:.3f}"] if encoding.start else [])]
    part += ["-t", f"{encoding.seconds:.3f}"] if encoding.seconds else []
    return [*part, *ffmpeg.read_from(descriptor, demuxer_of(mime))]


def output(streams: Streams, mime: str, encoding: Encoding, threads: int) -> list[str]:
    """Ffmpeg's options for the output; what is not in the video is not invented.

    Parameters
    ----------
    streams : Streams
        Of the video.
    mime : str
        Of the video: of some types it may be interlaced.
    threads : int
        Of decoder and encoder; 0: one a processor.
    """
    sound = ["-map", "0:a:0", "-c:a", "aac", "-b:a", str(encoding.audio_bits)]
    if (streams.audio_channels or 0) > 2:
        sound += ["-ac", "2"]
    return [
        *("-map", "0:v:0", "-vf", filters(streams, mime, encoding.short_side)),
        *("-c:v", "libx264", "-preset", encoding.preset, "-crf", str(encoding.crf), *_PICTURES),
        *(BT709 if streams.transfer != "sdr" else ()),
        *(sound if streams.audio_codec and encoding.audio_bits else ["-an"]),
        *("-threads", str(threads), *CLEAN, "-y"),
    ]


def filters(streams: Streams, mime: str, short_side: int) -> str:
    """The chain of filters: fields to frames, square pixels, smaller, even sides, fewer frames, standard range.

    ffmpeg has turned the frames upright before the first of them, so that only it knows which side is which.
    """
    wide, high = "iw*min(1,sar)", "ih/max(1,sar)"
    shrunk = f"min(1,{short_side}/min({wide},{high}))"
    # A hundredth, for what should be even and is not quite.
    width, height = (f"max(2,2*trunc({side}*{shrunk}/2+0.01))" for side in (wide, high))
    chain = [f"scale=w='{width}':h='{height}'", "setsar=1"]
    if mime in _INTERLACED:
        chain.insert(0, "bwdif=mode=send_frame:deint=interlaced")
    if (streams.fps or 0) > _MOST_FPS:
        chain.append(f"fps={_MOST_FPS}")
    if streams.transfer != "sdr":
        chain.append(TONE_MAP)
    return ",".join(chain)
