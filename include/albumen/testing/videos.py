"""Videos nobody has seen before."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from albumen.media import ffmpeg

SECONDS = 120.0


def a_video(
    seed: int,
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (320, 180),
    extension: str = "mp4",
    sound: bool = False,
    tags: Sequence[str] = (),
    output: Sequence[str] = (),
    source: str = "",
) -> bytes:
    """A moving test picture; the same seed gives the same video, another seed another one.

    Parameters
    ----------
    seed : int
        Decides the hue.
    size : tuple of int
        Width and height, pixels.
    extension : str
        Decides the container: `mp4`, `mov`, `mkv`, `avi`, …
    tags : sequence of str
        `name=value` of the container.
    output : sequence of str
        More options of ffmpeg for the output.
    source : str
        Another lavfi source of pictures.
    """
    pictures = source or f"testsrc2=d={seconds}:s={size[0]}x{size[1]}:r=25,hue=h={seed * 37 % 360}"
    sine = ["-f", "lavfi", "-i", f"sine=d={seconds}:f={200 + seed % 800}"] if sound else []
    named = [part for tag in tags for part in ("-metadata", tag)]
    codec = [] if "-c:v" in output else ["-pix_fmt", "yuv420p"]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"made.{extension}"
        ffmpeg.run(
            ["-f", "lavfi", "-i", pictures, *sine, *codec, *named, "-bitexact", "-threads", "1", *output, str(made)],
            seconds=SECONDS,
        )
        return made.read_bytes()


def an_hdr_video(transfer: str, *, size: tuple[int, int] = (320, 180), seconds: float = 1.0) -> bytes:
    """The same test picture in BT.2020 and ten bits, HEVC; `transfer` is `smpte2084` (PQ) or `arib-std-b67` (HLG)."""
    chain = (
        f"testsrc2=d={seconds}:s={size[0]}x{size[1]},format=gbrp,"
        "setparams=colorspace=gbr:color_primaries=bt709:color_trc=bt709:range=pc,"
        "zscale=transfer=linear:npl=203,format=gbrpf32le,"
        f"zscale=primaries=bt2020:transfer={transfer}:matrix=bt2020nc:range=tv:npl=203,format=yuv420p10le"
    )
    coded = ["-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1"]
    named = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", transfer]
    return a_video(0, source=chain, output=[*coded, *named])
