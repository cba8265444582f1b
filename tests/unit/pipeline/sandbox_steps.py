"""Steps that behave well and badly, imported by the sandbox's child in the tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from albumen.pipeline.contract import MediaInput, Outcome, Step, StepResult, StepSkip, StoredObject
from albumen.pipeline.taxonomy import ItemFault, Reason

COMPUTE_SECONDS = 0.5
HOARD: list[bytearray] = []


class SingleStep(Step):
    version = 1
    reads = "original"

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        return [self.one(item) for item in batch]

    @abstractmethod
    def one(self, item: MediaInput) -> Outcome:
        """The outcome of one item."""


class GoodStep(SingleStep):
    name = "good"

    def one(self, item: MediaInput) -> Outcome:
        thumb = StoredObject("thumb", "webp", "image/webp", 2, 1, item.data[:7])
        return StepResult(rows={"sizes": [{"bytes": len(item.data)}]}, objects=[thumb])


class CountingStep(SingleStep):
    """How many steps have seen this very MediaInput, and what the child is."""

    name = "counting"

    def one(self, item: MediaInput) -> Outcome:
        item.seen = getattr(item, "seen", 0) + 1  # type: ignore[attr-defined]
        return StepResult(rows={"seen": [{"times": item.seen, "pid": os.getpid()}]})  # type: ignore[attr-defined]


class CountingAgainStep(CountingStep):
    name = "counting_again"


class ObedientStep(SingleStep):
    """Does what the item's bytes say."""

    name = "obedient"

    def one(self, item: MediaInput) -> Outcome:
        order = item.data.split(b":")[0].decode()
        actions = {
            "abort": self.abort,
            "hang": lambda: time.sleep(60),
            "compute": self.compute,
            "eat": self.eat,
            "hoard": lambda: HOARD.append(bytearray(500 * 1024**2)),
            "take 600 MiB": lambda: bytearray(600 * 1024**2),
            "nibble": lambda: np.ones(150 * 1024**2, np.uint8),
            "raise": self.fail,
            "exit": lambda: os._exit(3),
            "sys.exit": lambda: sys.exit("enough"),
            "kill": lambda: signal.raise_signal(signal.SIGKILL),
            "garbage": self.garbage,
            "lie": self.lie,
            "close": self.close_everything,
            "chatter": self.chatter,
            "unsendable": None,
            "fault": self.fault,
            "bad_alloc": self.bad_alloc,
        }
        if order == "unsendable":
            return StepResult(rows={"t": [{"value": object()}]})
        if order == "skip":
            return StepSkip(Reason.UNSUPPORTED, "not this kind")
        action: Any = actions.get(order)
        if action is not None:
            action()
        return StepResult(rows={"orders": [{"order": order, "pid": os.getpid()}]})

    def compute(self) -> None:
        begun = time.process_time()
        while time.process_time() - begun < COMPUTE_SECONDS:
            pass

    def abort(self) -> None:
        os.write(2, b"decoder: impossible chroma\n")
        os.abort()

    def bad_alloc(self) -> None:
        os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
        os.abort()

    def eat(self) -> None:
        hoard = []
        while True:
            hoard.append(np.empty(64 * 1024**2, np.uint8))

    def fail(self) -> None:
        raise KeyError("no such tag")

    def fault(self) -> None:
        raise ItemFault(Reason.UNREADABLE, "broken\x00 marker")

    def descriptors(self) -> list[int]:
        """The command pipe, the result pipe and the slots."""
        numbers = sys.orig_argv[sys.orig_argv.index("albumen.pipeline.sandbox_child") + 1 :]
        return [int(number) for number in numbers[3:]]

    def garbage(self) -> None:
        os.write(self.descriptors()[1], b"\xff" * 64)
        time.sleep(60)

    def lie(self) -> None:
        from albumen.pipeline.sandbox_protocol import pack_frame

        lie = {"type": "result", "task": 999, "position": 0, "outcome": {}, "cpu_s": 0.0, "wall_s": 0.0}
        os.write(self.descriptors()[1], pack_frame(lie)[0])
        time.sleep(60)

    def close_everything(self) -> None:
        os.close(self.descriptors()[1])
        time.sleep(60)

    def chatter(self) -> None:
        print("hello on stdout")
        for _ in range(40):
            os.write(1, b"x" * 65536)


class HangingStep(SingleStep):
    name = "hanging"

    def one(self, item: MediaInput) -> Outcome:
        time.sleep(60)
        return StepResult()


class BatchStep(ObedientStep):
    name = "batch"
    batch_size = 4

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        outcomes = super().run(batch)
        for outcome in outcomes:
            if isinstance(outcome, StepResult):
                outcome.rows["orders"][0]["together"] = len(batch)  # type: ignore[index]
        return outcomes


class ForgetfulStep(Step):
    name = "forgetful"
    version = 1
    reads = "original"

    def run(self, batch: Sequence[MediaInput]) -> Sequence[Outcome]:
        return []


class EverythingStep(SingleStep):
    """Every kind of value a row may hold."""

    name = "everything"

    def one(self, item: MediaInput) -> Outcome:
        row = {
            "when": datetime(2010, 7, 1, 12, tzinfo=UTC),
            "local": datetime(2010, 7, 1, 12, 0, 0, 123000),
            "day": date(2012, 2, 29),
            "vector": np.arange(4, dtype=np.float32).reshape(2, 2),
            "scalar": np.float32(0.5),
            "blob": b"\x00\xff",
            "nested": {"a": [1, None, True, "ü"]},
        }
        return StepResult(rows={"everything": [row]})


class InspectingStep(SingleStep):
    """What the child can see and do."""

    name = "inspecting"

    def one(self, item: MediaInput) -> Outcome:
        row = {
            "airflow": any(name.split(".")[0] == "airflow" for name in sys.modules),
            "environment": sorted(os.environ),
            "timezone": time.tzname[0],
            "descriptors": sorted(self.open_descriptors()),
            "stdin": os.path.sameopenfile(0, os.open(os.devnull, os.O_RDONLY)),
            "socket": self.attempt(lambda: socket.socket()),
            "program": self.attempt(lambda: subprocess.run(["true"], check=True)),
            "kill_parent": self.attempt(lambda: os.kill(os.getppid(), 0)),
            "leader": os.getsid(0) == os.getpid(),
            "preview_short_side": self.settings.renditions.preview_short_side,
            "context": item.context,
            "kind": item.kind,
        }
        return StepResult(rows={"inspected": [row]})

    def open_descriptors(self) -> list[int]:
        found = []
        for descriptor in range(256):
            try:
                os.fstat(descriptor)
            except OSError:
                continue
            found.append(descriptor)
        return found

    def attempt(self, action: Any) -> str:
        try:
            action()
        except PermissionError:
            return "denied"
        return "done"


class VideoStep(SingleStep):
    name = "video"
    reads = "video"

    def one(self, item: MediaInput) -> Outcome:
        if item.data == b"leave a child":
            child = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL)
            os.write(2, f"left {child.pid} behind\n".encode())
            os.abort()
        output = subprocess.run(["echo", "encoded"], capture_output=True, text=True, check=True).stdout
        return StepResult(rows={"video": [{"said": output.strip()}]})


class UnwillingStep(GoodStep):
    name = "unwilling"

    def __init__(self, settings: Any) -> None:
        raise FileNotFoundError("weights are missing: run `albumen models`")


class SlowStartStep(GoodStep):
    name = "slow_start"

    def __init__(self, settings: Any) -> None:
        time.sleep(60)


class ReportingStep(SingleStep):
    """Long, but never silent for long."""

    name = "reporting"

    def one(self, item: MediaInput) -> Outcome:
        for number in range(1, 6):
            time.sleep(0.4)
            item.report(number / 5)
        return StepResult(rows={"paths": [{"path": item.path}]})
