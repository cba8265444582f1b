"""A small coverage-guided fuzzer: change an input, run it, keep it if it reaches a line or a jump that none reached.

Only Python code is watched, which is what our parsers are made of. A crash of a library below them
still becomes a finding, since the input of the moment lies in memory that outlives the process.
"""

from __future__ import annotations

import faulthandler
import mmap
import os
import random
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from mutation import INPUT_BYTES, mutate

INPUT_CPU_SECONDS = 2.0
MEMORY_BYTES = 4 * 1024**3
_MOST_LIVES = 20
# What the parent sees of a child that died: how many inputs it tried, and the last.
_PROGRESS = struct.Struct("<QQ")
_INPUT_AT = _PROGRESS.size

Target = Callable[[bytes], None]


class TooSlow(Exception):
    """One input used more processor time than any may."""


@dataclass(slots=True)
class Finding:
    """An input that broke a promise, and the place and words by which others like it are known."""

    data: bytes
    words: str


@dataclass(slots=True)
class Run:
    """What one fuzzing run did."""

    inputs: int = 0
    kept: int = 0
    places: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)


class Coverage:
    """Which lines and jumps of the code below a folder were reached, ever.

    From Python 3.12 on the interpreter tells of each place once and then runs it at full speed;
    before, every line is traced, at about a tenth of the speed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}{os.sep}"
        self._last_line: dict[int, int] = {}
        self._seen: set[tuple[Any, ...]] = set()
        self.fresh = 0

    @property
    def places(self) -> int:
        """How many places were reached so far."""
        return len(self._seen)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch what runs inside."""
        if not hasattr(sys, "monitoring"):
            sys.settrace(self._trace)
            try:
                yield
            finally:
                sys.settrace(None)
            return
        tool, events = sys.monitoring, sys.monitoring.events
        jumps = getattr(events, "BRANCH_LEFT", 0) | getattr(events, "BRANCH_RIGHT", 0) or events.BRANCH
        tool.use_tool_id(tool.COVERAGE_ID, "fuzz")
        tool.register_callback(tool.COVERAGE_ID, events.LINE, self._line)
        for event in (1 << bit for bit in range(32) if jumps >> bit & 1):
            tool.register_callback(tool.COVERAGE_ID, event, self._jump)
        tool.set_events(tool.COVERAGE_ID, events.LINE | jumps)
        try:
            yield
        finally:
            tool.free_tool_id(tool.COVERAGE_ID)

    def _add(self, place: tuple[Any, ...]) -> bool:
        if place in self._seen:
            return False
        self._seen.add(place)
        self.fresh += 1
        return True

    def _line(self, code: CodeType, line: int) -> Any:
        if code.co_filename.startswith(self._folder):
            self._add((code, line))
        return sys.monitoring.DISABLE

    def _jump(self, code: CodeType, start: int, end: int) -> Any:
        if not code.co_filename.startswith(self._folder):
            return sys.monitoring.DISABLE
        self._add((code, start, end))
        return None

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(self._folder):
            return None
        if event == "line":
            self._add((frame.f_code, self._last_line.get(id(frame.f_code)), frame.f_lineno))
            self._last_line[id(frame.f_code)] = frame.f_lineno
        return self._trace


def try_one(target: Target, data: bytes) -> Finding | None:
    """Run the target on one input; None when every promise held."""
    signal.setitimer(signal.ITIMER_VIRTUAL, INPUT_CPU_SECONDS)
    try:
        target(data)
    except Exception as error:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        if isinstance(error, TooSlow):
            return Finding(data, f"TooSlow: more than {INPUT_CPU_SECONDS:g} s of processor time")
        return Finding(data, f"{type(error).__name__} at {place}: {str(error)[:200]}")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return None


def _key(finding: Finding) -> str:
    return finding.words.split(": ")[0]


def minimise(target: Target, finding: Finding) -> Finding:
    """A smaller input that breaks the same promise: drop ever smaller parts, then blank bytes."""
    best, part = finding, max(1, len(finding.data) // 2)
    while part:
        at, shrunk = 0, False
        while at < len(best.data):
            shorter = try_one(target, best.data[:at] + best.data[at + part :])
            if shorter is not None and _key(shorter) == _key(finding):
                best, shrunk = shorter, True
            else:
                at += part
        part = part if shrunk else part // 2
    return best


def fuzz(
    target: Target,
    seeds: Sequence[bytes],
    tokens: Sequence[bytes],
    *,
    folder: Path,
    seconds: float,
    seed: int,
    most_inputs: int = sys.maxsize,
) -> Run:
    """Fuzz in a child process, and in another where a library ended the last, so that a crash is a finding too.

    Parameters
    ----------
    target : callable
        Takes an input; raises where a promise is broken.
    seeds : sequence of bytes
        Inputs to begin with.
    tokens : sequence of bytes
        See `mutate`.
    folder : Path
        Code below it is watched.
    seconds : float
        How long, wall time; the seeds are tried whatever it says.
    seed : int
        Of the chance.
    most_inputs : int
        Stop after so many inputs, too.
    """
    shared, begun, total = mmap.mmap(-1, _INPUT_AT + INPUT_BYTES), time.monotonic(), Run()
    for life in range(_MOST_LIVES):
        left = seconds - (time.monotonic() - begun)
        rng, most = random.Random(seed + life), most_inputs - total.inputs
        run = _in_child(partial(_fuzz, target, seeds, tokens, shared, Coverage(folder), left, rng, most))
        inputs, size = _PROGRESS.unpack_from(shared)
        total.inputs += inputs
        if isinstance(run, Run):
            total.kept, total.places = run.kept, run.places
            total.findings = run.findings | total.findings
            return total
        data = shared[_INPUT_AT : _INPUT_AT + size]
        total.findings.setdefault(run, Finding(data, f"{run} in a library"))
        seeds = [one for one in seeds if one[:INPUT_BYTES] != data]
    return total


def _in_child(work: Callable[[], Run]) -> Run | str:
    """What the work comes to, done in a child process; the name of the signal that ended it, where one did."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        status, errors = 1, os.dup(2)
        # Libraries have much to say about broken files.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            faulthandler.disable()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGVTALRM, _stop)
            run = work()
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(_packed(run))
            status = 0
        except BaseException:
            os.dup2(errors, 2)
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    if status:
        raise RuntimeError("the fuzzing process failed; see above")
    return _unpacked(told)


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooSlow


def _fuzz(
    target: Target,
    seeds: Sequence[bytes],
    tokens: Sequence[bytes],
    shared: mmap.mmap,
    coverage: Coverage,
    seconds: float,
    rng: random.Random,
    most_inputs: int,
) -> Run:
    run, pool = Run(), [seed[:INPUT_BYTES] for seed in seeds] or [b""]
    waiting, end = list(pool), time.monotonic() + seconds
    with coverage.watch():
        while waiting or (run.inputs < most_inputs and time.monotonic() < end):
            # The newest inputs reach places that were looked at least.
            parent = pool[-1 - int(len(pool) * rng.random() ** 2)]
            data = waiting.pop() if waiting else mutate(rng, parent, pool, tokens)
            run.inputs += 1
            shared[: _INPUT_AT + len(data)] = _PROGRESS.pack(run.inputs, len(data)) + data
            coverage.fresh = 0
            finding = try_one(target, data)
            if finding is not None and (key := _key(finding)) not in run.findings:
                run.findings[key] = minimise(target, finding)
            elif finding is None and coverage.fresh and data not in pool:
                pool.append(data)
                run.kept += 1
    run.places = coverage.places
    return run


def _packed(run: Run) -> bytes:
    parts = [struct.pack("<QQQ", run.inputs, run.kept, run.places)]
    for key, finding in run.findings.items():
        for part in (key.encode(), finding.words.encode(errors="backslashreplace"), finding.data):
            parts.append(struct.pack("<Q", len(part)) + part)
    return b"".join(parts)


def _unpacked(told: bytes) -> Run:
    run, at = Run(*struct.unpack_from("<QQQ", told)), 24
    parts = []
    while at < len(told):
        (size,) = struct.unpack_from("<Q", told, at)
        parts.append(told[at + 8 : at + 8 + size])
        at += 8 + size
    for key, words, data in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        run.findings[key.decode()] = Finding(data, words.decode())
    return run
