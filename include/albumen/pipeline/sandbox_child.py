"""The sandbox's child: holds the steps, runs them on what the parent sends, answers.

Started by `albumen.pipeline.sandbox_process` as `python -m albumen.pipeline.sandbox_child`. It
confines itself first and imports anything heavy afterwards.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import re
import resource
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from albumen.pipeline.sandbox_limits import confine, deny_network, deny_programs, limit_cpu

if TYPE_CHECKING:
    from albumen.pipeline.contract import MediaInput, Outcome, Step
    from albumen.pipeline.sandbox_protocol import FrameBuffer, Message
    from albumen.settings import Settings

_READ_BYTES = 1024**2
_NO_MEMORY = re.compile(r"bad_?alloc|bad allocation|cannot allocate memory|out of memory|insufficient memory", re.I)


@dataclass(frozen=True, slots=True)
class _Channel:
    """The child's ends of the pipes, and the shared slots inputs are read from."""

    commands: int
    results: int
    slots: tuple[int, ...]
    frames: FrameBuffer

    def receive(self) -> dict[str, Any] | None:
        while (frame := self.frames.next()) is None:
            data = os.read(self.commands, _READ_BYTES)
            if not data:
                return None
            self.frames.feed(data)
        return frame[0]

    def send(self, message: Message, blobs: Sequence[bytes] = ()) -> None:
        from albumen.pipeline.sandbox_protocol import pack_frame

        for buffer in pack_frame(message.model_dump(), blobs):
            view = memoryview(buffer)
            while view:
                view = view[os.write(self.results, view) :]


class _Worker:
    """The steps and the inputs that are held, and the commands on them."""

    def __init__(self, channel: _Channel, steps: Mapping[str, Step], settings: Settings) -> None:
        self._channel = channel
        self._steps = steps
        self._settings = settings
        self._inputs: dict[int, MediaInput | MemoryError] = {}
        self._task = 0

    def load(self, command: Mapping[str, Any]) -> None:
        """Read an input out of its slot."""
        from albumen.pipeline.contract import MediaInput
        from albumen.pipeline.sandbox_protocol import Loaded

        slot, token = command["slot"], command["token"]
        try:
            with open(self._channel.slots[slot], "rb", closefd=False) as file:
                file.seek(0)
                data = file.read(command["size"])
            self._inputs[token] = MediaInput(
                command["subject_id"],
                data,
                command["kind"],
                command["mime"],
                command["context"],
                command["path"],
                self._tell,
            )
        except MemoryError as error:
            self._inputs[token] = error.with_traceback(None)
        self._channel.send(Loaded(slot=slot))

    def _tell(self, share: float) -> None:
        from albumen.pipeline.sandbox_protocol import Progress

        self._channel.send(Progress(task=self._task, share=share))

    def drop(self, command: Mapping[str, Any]) -> None:
        """Forget an input."""
        self._inputs.pop(command["token"], None)

    def run(self, command: Mapping[str, Any]) -> bool:
        """Run one step on one input or a group; False when the child should be replaced."""
        from albumen.pipeline.sandbox_protocol import Begin, GroupFailed

        task, step = command["task"], self._steps[command["step"]]
        inputs = [self._inputs[token] for token in command["tokens"]]
        cpu, started = _cpu_seconds(), time.perf_counter()
        limit_cpu(time.process_time(), self._settings.sandbox.item_seconds * len(inputs))
        self._task = task
        self._channel.send(Begin(task=task, cpu_s=cpu))
        outcomes, memory_gone = self._outcomes(step, inputs)
        if outcomes is None:
            self._channel.send(GroupFailed(task=task, recycle=memory_gone))
            return not memory_gone
        cpu_s = max(0.0, _cpu_seconds() - cpu) / len(outcomes)
        wall_s = (time.perf_counter() - started) / len(outcomes)
        for position, outcome in enumerate(outcomes):
            self._answer(task, position, outcome, cpu_s, wall_s, memory_gone)
        return not memory_gone

    def _outcomes(
        self, step: Step, inputs: Sequence[MediaInput | MemoryError]
    ) -> tuple[Sequence[Outcome] | None, bool]:
        """The outcomes, or None where a group failed as a whole; and whether memory ran out."""
        from albumen.pipeline.contract import MediaInput
        from albumen.pipeline.taxonomy import ItemFault, Reason

        try:
            for item in inputs:
                if isinstance(item, MemoryError):
                    raise item
            outcomes = list(step.run([item for item in inputs if isinstance(item, MediaInput)]))
            _check(outcomes, len(inputs))
            return outcomes, False
        except BaseException as error:
            memory_gone = _is_about_memory(error)
            if len(inputs) > 1:
                return None, memory_gone
            if isinstance(error, ItemFault):
                return [error], False
            if memory_gone:
                limit = self._settings.sandbox.memory_bytes
                words = f"needs more than {limit} bytes of memory (sandbox.memory_bytes)"
                return [ItemFault(Reason.TOO_LARGE, words)], True
            return [ItemFault(Reason.BUG, _describe(error))], False

    def _answer(self, task: int, position: int, outcome: Outcome, cpu_s: float, wall_s: float, recycle: bool) -> None:
        from albumen.pipeline.sandbox_protocol import ProtocolError, Result, dump_outcome
        from albumen.pipeline.taxonomy import ItemFault, Reason

        def send(outcome: Outcome) -> None:
            values, blobs = dump_outcome(outcome)
            message = Result(task=task, position=position, outcome=values, cpu_s=cpu_s, wall_s=wall_s, recycle=recycle)
            self._channel.send(message, blobs)

        try:
            send(outcome)
        except (ProtocolError, TypeError, ValueError, OverflowError, AttributeError) as error:
            send(ItemFault(Reason.BUG, f"an outcome that cannot be sent: {_describe(error)}"))


def _check(outcomes: Sequence[Outcome], expected: int) -> None:
    from albumen.pipeline.contract import StepResult, StepSkip
    from albumen.pipeline.taxonomy import ItemFault

    if len(outcomes) != expected:
        raise ValueError(f"{len(outcomes)} outcomes for {expected} inputs")
    for outcome in outcomes:
        if not isinstance(outcome, StepResult | StepSkip | ItemFault):
            raise TypeError(f"a {type(outcome).__name__} is no outcome")


def _is_about_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, also where a C++ library says so in its own exception."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _describe(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = "/".join(Path(frames[-1].filename).parts[-3:]) + f":{frames[-1].lineno}" if frames else "unknown"
    return f"{type(error).__name__}: {str(error)[:1000]}; last frame {place}"


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _import_steps(references: Sequence[str], settings: Settings) -> tuple[dict[str, Step], dict[str, float]]:
    """The steps by name, and the seconds that each took to load."""
    steps: dict[str, Step] = {}
    load_s: dict[str, float] = {}
    for reference in references:
        begun = time.perf_counter()
        module_name, _, class_name = reference.partition(":")
        step: Step = getattr(importlib.import_module(module_name), class_name)(settings)
        if step.name in steps:
            raise ValueError(f"two steps are called {step.name}")
        steps[step.name], load_s[step.name] = step, time.perf_counter() - begun
    return steps, load_s


def _serve(channel: _Channel) -> None:
    from albumen.pipeline.sandbox_protocol import Ready, Unable, printable
    from albumen.settings import Settings

    init = channel.receive()
    if init is None:
        return
    try:
        sys.path.extend(init["search_path"])
        settings = Settings.model_validate(init["settings"])
        if init["model_server"] is not None:
            # The one thing outside that it may talk to: it was connected before sockets were denied.
            os.set_inheritable(init["model_server"], False)
            importlib.import_module("albumen.vision.serving.client").give(init["model_server"])
        steps, load_s = _import_steps(init["steps"], settings)
        # Video steps start ffmpeg; nothing else has a reason to start a program.
        if not any(step.reads == "video" for step in steps.values()):
            deny_programs()
        ready = Ready(batch_sizes={name: step.batch_size for name, step in steps.items()}, load_s=load_s)
    except BaseException as error:
        channel.send(Unable(detail=printable(_describe(error))))
        return
    channel.send(ready)
    worker = _Worker(channel, steps, settings)
    while (command := channel.receive()) is not None:
        if command["type"] == "load":
            worker.load(command)
        elif command["type"] == "drop":
            worker.drop(command)
        elif not worker.run(command):
            return


def main(arguments: Sequence[str]) -> NoReturn:
    """Confine the process, then serve until the parent closes its end.

    Parameters
    ----------
    arguments : sequence of str
        The parent's process id, RLIMIT_AS, RLIMIT_FSIZE, then the descriptors of the command pipe,
        the result pipe and the input slots.
    """
    parent_pid, memory_bytes, file_bytes, commands, results, *slots = map(int, arguments)
    confine(parent_pid, memory_bytes, file_bytes)
    for descriptor in (commands, results, *slots):
        os.set_inheritable(descriptor, False)
    faulthandler.enable()
    deny_network()
    from albumen.pipeline.sandbox_protocol import FrameBuffer

    _serve(_Channel(commands, results, tuple(slots), FrameBuffer()))
    sys.stdout.flush()
    # Not the interpreter's way out: destructors of native libraries have nothing to add but a crash.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
