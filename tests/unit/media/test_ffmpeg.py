"""The ffmpeg program: runs, says how far it is, fails with its words, ends in time and with its parent."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from albumen.media import ffmpeg
from albumen.testing.ending import is_gone


def test_makes_a_file_and_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[float] = []
    target = tmp_path / "two-seconds.mp4"
    ffmpeg.run(["-f", "lavfi", "-i", "testsrc2=d=2:s=64x64", str(target)], seconds=60, on_progress=told.append)
    assert target.read_bytes()[4:8] == b"ftyp"
    assert told[-1] == pytest.approx(2, abs=0.1)


def test_fails_with_ffmpegs_own_words(tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no film" * 100)
    with pytest.raises(ffmpeg.FfmpegFailed, match="Invalid data"):
        ffmpeg.run(["-i", str(tmp_path / "no.mp4"), str(tmp_path / "out.mp4")], seconds=60)


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    endless = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x64", str(tmp_path / "out.mp4")]
    with pytest.raises(ffmpeg.FfmpegTooSlow):
        ffmpeg.run(endless, seconds=0.5)


def test_reads_the_open_file_and_opens_no_other(tmp_path: Path) -> None:
    film, other = tmp_path / "film.mp4", tmp_path / "list.mp4"
    ffmpeg.run(["-f", "lavfi", "-i", "testsrc2=d=1:s=64x64", str(film)], seconds=60)
    with film.open("rb") as file:
        ffmpeg.run(
            [*ffmpeg.read_from(file.fileno(), "mov"), str(tmp_path / "copy.mp4")], seconds=60, pass_fds=[file.fileno()]
        )
    other.write_text(f"ffconcat version 1.0\nfile {film}\n")
    for demuxer in ("mov", "concat"):
        with other.open("rb") as file, pytest.raises(ffmpeg.FfmpegFailed):
            ffmpeg.run(
                [*ffmpeg.read_from(file.fileno(), demuxer), str(tmp_path / "leak.mp4")],
                seconds=60,
                pass_fds=[file.fileno()],
            )


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of others has no such signal")
def test_dies_with_its_parent(tmp_path: Path) -> None:
    arguments = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x64", str(tmp_path / "out.mp4")]
    parent = subprocess.Popen(
        [sys.executable, "-c", f"from albumen.media import ffmpeg; ffmpeg.run({arguments!r}, seconds=60)"]
    )
    child = _first_child(parent.pid)
    parent.kill()
    parent.wait()
    assert is_gone(child)


def _first_child(pid: int) -> int:
    while True:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children and b"ffmpeg" in Path(f"/proc/{children[0]}/cmdline").read_bytes().split(b"\0")[0]:
            return int(children[0])
        time.sleep(0.02)
