"""The parent's handle on one child of the sandbox: start, talk, end, and what its end says."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from albumen.pipeline.sandbox_ending import Ending, describe_status, summarise_log
from albumen.pipeline.sandbox_protocol import (
    FrameBuffer,
    Message,
    ProtocolError,
    Ready,
    Result,
    Unable,
    pack_frame,
    parse_message,
    printable,
)
from albumen.settings import Settings

_SLOTS = 4
_PIPE_BYTES = 1024**2
_READ_BYTES = 1024**2
_SLOT_KEPT_BYTES = 32 * 1024**2
_LOG_KEPT_BYTES = 1024**2
_LOG_TAIL_BYTES = 8 * 1024
_CLOSE_SECONDS = 1.0
_PASSED_VARIABLES = ("PATH", "LANG", "LC_ALL")
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


class SandboxError(Exception):
    """The sandbox itself cannot work; no item's fault."""


class ChildEnded(Exception):
    """The child has closed its end or is dead."""


class SandboxProcess:
    """One child process, from its start to its end. Not thread-safe.

    Parameters
    ----------
    step_references : sequence of str
        `module:Class` of the steps it imports.
    settings : Settings
        Sent to the child; its limits are applied.
    search_path : sequence of str
        Folders appended to the child's `sys.path`.
    """

    def __init__(self, step_references: Sequence[str], settings: Settings, search_path: Sequence[str]) -> None:
        self._settings = settings
        self._frames = FrameBuffer()
        self._messages: deque[tuple[Message, bytes]] = deque()
        self._outbox = bytearray()
        self._hung_up = False
        self._ending: Ending | None = None
        # What wait4 says of a child's peak starts with the peak of the process that spawned it.
        self._inherited_rss_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.peak_rss_bytes = 0
        self.load_s: Mapping[str, float] = {}
        self.slots = _SLOTS
        self.free_slots = list(range(_SLOTS))
        self._open = contextlib.ExitStack()
        with contextlib.ExitStack() as on_error, contextlib.ExitStack() as childs_ends:
            on_error.push(self._open)
            self._log = self._open.enter_context(_shared_file("log"))
            fcntl.fcntl(self._log, fcntl.F_SETFL, fcntl.fcntl(self._log, fcntl.F_GETFL) | os.O_APPEND)
            self._inputs = [self._open.enter_context(_shared_file("input")) for _ in range(_SLOTS)]
            child_commands, self._commands = _pipe(reader_to=childs_ends, writer_to=self._open)
            self._results, child_results = _pipe(reader_to=self._open, writer_to=childs_ends)
            server = childs_ends.enter_context(_model_server(settings))
            self._process = self._spawn(child_commands.fileno(), child_results.fileno(), server)
            on_error.pop_all()
        for end in (self._commands, self._results):
            os.set_blocking(end.fileno(), False)
        self._death = self._open_death()
        self.send(
            {
                "type": "init",
                "settings": settings.model_dump(mode="json", exclude=_secrets(settings)),
                "steps": list(step_references),
                "search_path": [str(Path(folder).absolute()) for folder in search_path],
                "model_server": server,
            }
        )

    def _spawn(self, commands: int, results: int, server: int | None) -> subprocess.Popen[bytes]:
        limits = self._settings.sandbox
        slots = [slot.fileno() for slot in self._inputs]
        flags = ["-P", "-u", *(["-B"] if sys.dont_write_bytecode else [])]
        numbers = [os.getpid(), limits.memory_bytes, limits.file_bytes, commands, results, *slots]
        return subprocess.Popen(
            [sys.executable, *flags, "-m", "albumen.pipeline.sandbox_child", *map(str, numbers)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=_environment(self._settings),
            cwd="/",
            close_fds=True,
            pass_fds=(commands, results, *slots, *([] if server is None else [server])),
            start_new_session=True,
        )

    def _open_death(self) -> int | None:
        """A descriptor that becomes readable when the child dies, where the kernel has such a thing."""
        try:
            descriptor = os.pidfd_open(self._process.pid)
        except (AttributeError, OSError):
            return None
        self._open.callback(os.close, descriptor)
        return descriptor

    def wait_ready(self) -> Mapping[str, int]:
        """Wait for the steps to be imported.

        Returns
        -------
        mapping
            Batch size by name of step.

        Raises
        ------
        SandboxError
            When the child cannot start, with its words; it is ended then.
        """
        seconds = self._settings.sandbox.start_seconds
        try:
            received = self.receive(time.monotonic() + seconds)
        except (ChildEnded, ProtocolError) as error:
            ending = self.end()
            words = f"{describe_status(ending.status)}; last words: {ending.words}"
            raise SandboxError(f"the sandbox's child did not start ({words})") from error
        if received is not None and isinstance(received[0], Ready):
            self.load_s = received[0].load_s
            return received[0].batch_sizes
        self.end(at_once=True)
        if received is None:
            raise SandboxError(f"the sandbox's child was not ready after {seconds:g} s (sandbox.start_seconds)")
        detail = printable(received[0].detail) if isinstance(received[0], Unable) else "spoke out of turn"
        raise SandboxError(f"the sandbox's child cannot start: {detail}")

    def is_alive(self) -> bool:
        """Whether the child runs."""
        if self._ending is not None:
            return False
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        return False

    def starved_s(self) -> float:
        """Seconds of its life for which the child could have worked and had no processor; 0 where it is not told."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[1]) / 1e9
        return 0.0

    def put(self, slot: int, data: bytes) -> None:
        """Write an input where the child can read it; it holds until the slot is written again."""
        file = self._inputs[slot]
        # A slot keeps its pages for the next input: new ones are dear, since the kernel clears them.
        if os.fstat(file.fileno()).st_size > _SLOT_KEPT_BYTES:
            os.ftruncate(file.fileno(), 0)
        offset = 0
        view = memoryview(data)
        while offset < len(data):
            offset += os.pwrite(file.fileno(), view[offset:], offset)

    def send(self, command: Mapping[str, Any]) -> None:
        """Queue a command and write what the pipe takes; the rest goes while `receive` waits."""
        for buffer in pack_frame(command):
            self._outbox += buffer
        self._flush()

    def receive(self, deadline: float) -> tuple[Message, bytes] | None:
        """Wait for a message. What has come already is returned even after the deadline.

        Parameters
        ----------
        deadline : float
            On the clock of `time.monotonic`.

        Returns
        -------
        tuple of Message and bytes, or None
            The message and its blobs; None when there was none in time.

        Raises
        ------
        ChildEnded
            When no message can come any more.
        ProtocolError
            When the child spoke garbage.
        """
        while True:
            frame = self._frames.next()
            if frame is not None:
                message = parse_message(frame[0])
                if isinstance(message, Result):
                    self._note_result()
                elif frame[1]:
                    raise ProtocolError("blobs where none belong")
                return message, frame[1]
            if self._hung_up:
                raise ChildEnded
            remaining = deadline - time.monotonic()
            if not self._wait(max(0.0, remaining)) and remaining <= 0:
                return None

    def _wait(self, seconds: float) -> bool:
        """Wait for the pipes to move, and move them; False when nothing came."""
        poll = select.poll()
        poll.register(self._results, select.POLLIN)
        if self._outbox:
            poll.register(self._commands, select.POLLOUT)
        if self._death is not None:
            poll.register(self._death, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(seconds * 1000)}
        if self._outbox and self._commands.fileno() in ready:
            self._flush()
        if self._results.fileno() in ready:
            data = os.read(self._results.fileno(), _READ_BYTES)
            self._frames.feed(data)
            self._hung_up = not data
            return True
        # Dead, and its last frame is read: a grandchild may still hold the pipe open.
        self._hung_up = self._death in ready
        return self._hung_up

    def _flush(self) -> None:
        while self._outbox:
            try:
                written = os.write(self._commands.fileno(), self._outbox)
            except BlockingIOError:
                return
            except BrokenPipeError:
                written = len(self._outbox)
            del self._outbox[:written]

    def _note_result(self) -> None:
        self._sample_rss()
        if os.fstat(self._log.fileno()).st_size > _LOG_KEPT_BYTES:
            os.ftruncate(self._log.fileno(), 0)

    def _sample_rss(self) -> None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            kibibytes = int(status.split("VmHWM:", 1)[1].split(None, 1)[0])
            self.peak_rss_bytes = max(self.peak_rss_bytes, 1024 * kibibytes)

    def end(self, *, at_once: bool = False) -> Ending:
        """End the child and all its children, and take its exit status. Harmless when ended already.

        Parameters
        ----------
        at_once : bool
            Kill it; otherwise it gets a second to see that its commands have ended.

        Returns
        -------
        Ending
            How it ended; -9 when it had to be killed.
        """
        if self._ending is not None:
            return self._ending
        self._sample_rss()
        if not at_once:
            # The end of the commands tells the child to go.
            self._commands.close()
            self._await_death(time.monotonic() + _CLOSE_SECONDS)
        status, cpu_s = None, 0.0
        killed = self.is_alive()
        # Somebody who ignores SIGCHLD has reaped it already: then its number may be another's by now.
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            _, wait_status, usage = os.wait4(self._process.pid, 0)
            status, cpu_s = os.waitstatus_to_exitcode(wait_status), usage.ru_utime + usage.ru_stime
            if usage.ru_maxrss > self._inherited_rss_kib:
                self.peak_rss_bytes = max(self.peak_rss_bytes, 1024 * usage.ru_maxrss)
        self._process.returncode = -1 if status is None else status
        self._ending = Ending(status, cpu_s, self._last_words(), killed)
        self._open.close()
        return self._ending

    def _await_death(self, deadline: float) -> None:
        while self.is_alive() and (remaining := deadline - time.monotonic()) > 0:
            if self._death is None:
                time.sleep(0.01)
            else:
                poll = select.poll()
                poll.register(self._death, select.POLLIN)
                poll.poll(remaining * 1000)

    def _last_words(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(self._log.fileno(), _LOG_TAIL_BYTES, max(0, size - _LOG_TAIL_BYTES))
        return summarise_log(tail.decode("utf-8", "replace"))


def _environment(settings: Settings) -> dict[str, str]:
    names = [*_PASSED_VARIABLES, *(["HOME"] if settings.models.directory.startswith("~") else [])]
    passed = {name: os.environ[name] for name in names if name in os.environ}
    return {**passed, "TZ": "UTC", **dict.fromkeys(_THREAD_VARIABLES, "1")}


def _secrets(settings: Settings) -> dict[str, set[str]]:
    """What a child has no use for: whatever takes it over learns nothing."""
    return {"memories": {"webhook_secret"}, "models": set() if settings.models.server else {"server_token"}}


@contextlib.contextmanager
def _model_server(settings: Settings) -> Iterator[int | None]:
    """Descriptor of an open connection to the model server, which the child itself could not make; None without one."""
    chosen = settings.models
    if not chosen.server:
        yield None
        return
    from albumen.vision.serving.client import connect

    try:
        connection = connect(chosen.server, chosen.server_timeout_s)
    except OSError:
        yield None  # the child tries, meets the same, says so and goes on by itself
        return
    with connection:
        yield connection.fileno()


def _shared_file(name: str) -> IO[bytes]:
    """A file without a name; in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create(f"albumen-{name}"), "r+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _pipe(*, reader_to: contextlib.ExitStack, writer_to: contextlib.ExitStack) -> tuple[io.FileIO, io.FileIO]:
    read_end, write_end = os.pipe()
    reader = reader_to.enter_context(io.FileIO(read_end, "r"))
    writer = writer_to.enter_context(io.FileIO(write_end, "w"))
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reader, writer
