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
