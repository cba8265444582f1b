"""`albumen bench video`: poster and proxy in their sandbox against bare ffmpeg with the same settings on the same clip.

Theirs is what nobody can go below: the same encode, and one frame as JPEG and WebP in the sizes of our
renditions. Turns alternate; a turn's CPU is user and system time of all processes it started.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from conditions import conditions

from albumen.media import ffmpeg
from albumen.media.video.encode import Encoding, look, output
from albumen.pipeline import registry
from albumen.pipeline.contract import StepResult
from albumen.pipeline.sandbox import Sandbox, WorkItem
from albumen.pipeline.steps.poster import PosterStep
from albumen.pipeline.steps.proxy import ProxyStep
from albumen.settings import Settings

MIME = "video/x-matroska"
STEPS = (PosterStep, ProxyStep)
MOST_RATIO = 1.1
CONTEXT = {"proxy": "always", "file_name": "clip.mkv"}


def clip(path: Path, seconds: float) -> None:
    """A clip of Full HD with movement and grain, H.264 and AAC in Matroska."""
    pictures = f"testsrc2=d={seconds}:s=1920x1080:r=30,noise=alls=12:allf=t,format=yuv420p"
    sound = ["-f", "lavfi", "-i", f"sine=d={seconds}"]
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-g", "60"]
    ffmpeg.run(["-f", "lavfi", "-i", pictures, *sound, *codec, str(path)], seconds=600)


def ours(path: Path, sandbox: Sandbox) -> float:
    """CPU seconds of the two steps in their sandbox, all their processes."""
    item = WorkItem(1, b"", "video", MIME, CONTEXT, tuple(step.name for step in STEPS), str(path))
    outcomes = list(sandbox.run([item]))
    for outcome in outcomes:
        if not isinstance(outcome.result, StepResult):
            raise SystemExit(f"{outcome.step}: {outcome.result}")
    return sum(outcome.cpu_s for outcome in outcomes)


def bare(path: Path, settings: Settings, seconds: float) -> float:
    """CPU seconds of ffmpeg alone."""
    knobs, sizes = settings.video, settings.renditions
    streams, _, _ = look(path, MIME)
    encoding = Encoding(knobs.proxy_short_side, knobs.proxy_crf, knobs.proxy_preset, knobs.proxy_audio_bits)
    before = _children_seconds()
    quiet = [ffmpeg.executable(), "-nostdin", "-loglevel", "error", "-y"]
    target = str(path.with_name("bare.mp4"))
    subprocess.run([*quiet, "-i", str(path), *output(streams, MIME, encoding, knobs.threads), target], check=True)
    split = (
        f"[0:v]split=3[full][a][b];[a]scale=-2:{min(1080, sizes.preview_short_side)}[preview];"
        f"[b]scale=-2:{sizes.thumb_short_side}[thumb]"
    )
    pictures = [
        *("-map", "[full]", "-frames:v", "1", str(path.with_name("poster.jpg"))),
        *("-map", "[preview]", "-frames:v", "1", str(path.with_name("preview.jpg"))),
        *("-map", "[thumb]", "-frames:v", "1", str(path.with_name("thumb.webp"))),
    ]
    subprocess.run(
        [*quiet, "-ss", f"{seconds / 3:.3f}", "-i", str(path), "-filter_complex", split, *pictures], check=True
    )
    return _children_seconds() - before


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(seconds: float, rounds: int) -> dict[str, object]:
    """Both sides, turn by turn."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source"
        made = path.with_suffix(".mkv")
        clip(made, seconds)
        made.rename(path)
        mine, theirs = [], []
        references = [registry.reference_of(step) for step in STEPS]
        with Sandbox(references, settings.for_videos()) as sandbox:
            ours(path, sandbox)  # libraries load once a task
            for _ in range(rounds):
                mine.append(ours(path, sandbox))
                theirs.append(bare(path, settings, seconds))
    ratio = statistics.median(mine) / statistics.median(theirs)
    return {
        "ratio": round(ratio, 3),
        "most": MOST_RATIO,
        "ours_cpu_s": [round(value, 2) for value in mine],
        "bare_cpu_s": [round(value, 2) for value in theirs],
        "clip_s": seconds,
        "conditions": conditions(),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and tell; 1 when we cost more than a tenth more."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the clip")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options = parser.parse_args(arguments)
    found = measure(options.seconds, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        print(f"poster and proxy of {options.seconds:g} s of Full HD: {found['ours_cpu_s']} CPU seconds,")
        print(f"bare ffmpeg {found['bare_cpu_s']}: {found['ratio']} times (at most {MOST_RATIO})")
    return 0 if float(str(found["ratio"])) <= MOST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
