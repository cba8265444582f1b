"""The ffmpeg program as a process that dies with us, in time, and says how far it is."""

from __future__ import annotations

import ctypes
import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO

import imageio_ffmpeg

_QUIET = ("-nostdin", "-hide_banner", "-loglevel", "error", "-nostats", "-progress", "pipe:1")
_PR_SET_PDEATHSIG = 1
_WORDS_BYTES = 4096
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL")


class FfmpegFailed(Exception):
    """ffmpeg ended with an error; the message is its last words."""


class FfmpegTooSlow(FfmpegFailed):
    """ffmpeg was ended because it took longer than it may."""


def executable() -> str:
    """Path of the ffmpeg program: the one in the package `imageio-ffmpeg`, else the system's.

    Raises
    ------
    FfmpegFailed
        If there is neither.
    """
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        found = shutil.which("ffmpeg")
        if found is None:
            raise FfmpegFailed("there is no ffmpeg: neither in the package imageio-ffmpeg nor on PATH") from error
        return found


def read_from(descriptor: int, demuxer: str) -> list[str]:
    """Arguments that make an open file the input, and let ffmpeg open nothing else for it.

    Parameters
    ----------
    descriptor : int
        To be passed on to `run`.
    demuxer : str
        The only format that is tried, for example `mov` or `matroska`.
    """
    lock = ["-protocol_whitelist", "fd", "-format_whitelist", demuxer, "-f", demuxer]
    return [*lock, "-fd", str(descriptor), "-i", "fd:"]


def run(
    arguments: Sequence[str],
    *,
    seconds: float,
    pass_fds: Sequence[int] = (),
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Run ffmpeg to its end.

    Parameters
    ----------
    arguments : sequence of str
        Inputs, options and outputs; never a shell.
    seconds : float
        Wall time after which it is killed; the same on every core is its processor time.
    pass_fds : sequence of int
        Descriptors it may read.
    on_progress : callable
        Told the seconds of output that are made, about twice a second.

    Raises
    ------
    FfmpegTooSlow
        If it was killed.
    FfmpegFailed
        If it ended otherwise than well; the message is what it said last.
    """
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [executable(), *_QUIET, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            pass_fds=tuple(pass_fds),
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        try:
            _limit_cpu(process.pid, seconds)
            in_time = _follow(process, deadline, on_progress)
        finally:
            if process.poll() is None:
                process.kill()
            status = process.wait()
            if process.stdout:
                process.stdout.close()
        if not in_time or status == -signal.SIGXCPU:
            raise FfmpegTooSlow(f"ffmpeg was ended after {seconds:.0f} s")
        if status:
            raise FfmpegFailed(_last_words(words) or f"ffmpeg ended with status {status}")


def _follow(process: subprocess.Popen[bytes], deadline: float, on_progress: Callable[[float], None] | None) -> bool:
    """Read the progress until ffmpeg has closed it and is gone; False when it is too late for that."""
    assert process.stdout is not None  # noqa: S101 - asked for above
    unread = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                break
            *lines, unread = (unread + data).split(b"\n")
            made = [line.partition(b"=")[2] for line in lines if line.startswith(b"out_time_us=")]
            if on_progress and made and made[-1].isdigit():
                on_progress(int(made[-1]) / 1e6)
        else:
            return False
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)


def _limit_cpu(pid: int, seconds: float) -> None:
    """Its own allowance: what our process has used or may use is another matter."""
    if not hasattr(resource, "prlimit"):
        return
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    wanted = int(seconds * (os.cpu_count() or 1)) + 2
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.prlimit(pid, resource.RLIMIT_CPU, (soft, hard))
    except ProcessLookupError:
        return


def _last_words(words: IO[bytes]) -> str:
    size = words.seek(0, os.SEEK_END)
    words.seek(max(0, size - _WORDS_BYTES))
    lines = words.read().decode("utf-8", "replace").strip().splitlines()
    return "; ".join(line.strip() for line in lines[-3:])
