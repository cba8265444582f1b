"""The processes of a stack: what each is, the CPU seconds they use by kind, and the memory of those that work.

Sampled from `/proc`; what has ended is in the sum of ended children of the process that outlived it,
to the last tick. So short-lived tasks and parsers are counted whole, however rarely one looks.
"""

from __future__ import annotations

import json
import os
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from albumen.local.airflow import COMPONENTS
from albumen.local.home import Home

LOOK_S = 0.2
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
SUPERVISORS, TASKS, DECODING, STORE, CATALOG = "supervisors", "tasks", "decoding", "object store", "PostgreSQL"
# What a process is, by its command line, first that fits; otherwise it belongs to the component it descends from.
MARKS = ((DECODING, "albumen.pipeline.sandbox_child"), (SUPERVISORS, "LocalExecutor"), (TASKS, "airflow worker"))
SERVERS = {"seaweed": STORE, "postgres": CATALOG}
KINDS = (*COMPONENTS, SUPERVISORS, TASKS, DECODING, STORE, CATALOG)
SETTLED_S = 2.0
"""A fork looks like its parent until it renames itself, which it does well before this age."""


@dataclass(slots=True)
class Seen:
    """A process as last seen: what it is, its parent, its own ticks, those of its children that ended."""

    kind: str
    parent: int
    own: int
    children: int
    begun: float
    rss: list[tuple[float, int]] = field(default_factory=list)


Process = tuple[int, int]
"""Id and start time."""


@dataclass
class Sampler:
    """Sums the CPU seconds of a home's processes by kind."""

    home: Home
    seen: dict[Process, Seen] = field(default_factory=dict)
    first: dict[Process, tuple[int, int]] = field(default_factory=dict)
    alive: set[Process] = field(default_factory=set)
    ended: list[tuple[int, set[Process]]] = field(default_factory=list)
    """Of tasks that ended between two looks: their ticks, which their supervisor has taken over, and who they were."""

    def look(self) -> None:
        """Take a sample of every process of the stack."""
        roots = {int(json.loads(path.read_text(encoding="utf-8"))["pid"]): path.stem for path in _records(self.home)}
        table = {pid: stat for pid in _pids() if (stat := _stat(pid)) is not None}
        now, before, self.alive = time.monotonic(), self.alive, set()
        taken_over: dict[int, int] = {}
        for pid, (parent, start, own, children, rss) in table.items():
            root = _root(pid, roots, table)
            if root is None:
                continue
            process = (pid, start)
            self.alive.add(process)
            one = self.seen.setdefault(process, Seen("", parent, own, children, now))
            if not one.kind or now - one.begun < SETTLED_S:
                one.kind = _kind(pid, roots[root]) or one.kind
            if one.kind == SUPERVISORS and children > one.children:
                taken_over[pid] = children - one.children
            one.parent, one.own, one.children = parent, own, children
            if one.kind in (TASKS, DECODING):
                one.rss.append((now, rss))
        gone = before - self.alive
        for supervisor, ticks in taken_over.items():
            self.ended.append((ticks, {process for process in gone if self.seen[process].parent == supervisor}))

    def begin(self) -> None:
        """Count from here."""
        self.look()
        self.ended.clear()
        self.first = {process: (one.own, one.children) for process, one in self.seen.items()}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Look again and again while the block runs, and once at its end."""
        self.begin()
        done = threading.Event()

        def sample() -> None:
            while not done.wait(LOOK_S):
                self.look()

        watching = threading.Thread(target=sample, daemon=True)
        watching.start()
        try:
            yield
        finally:
            done.set()
            watching.join()
            self.look()

    def seconds(self) -> dict[str, float]:
        """CPU seconds by kind between `begin` and the last look.

        The ended children of a supervisor are its tasks and their decoders.
        """
        spent = dict.fromkeys(KINDS, 0.0)
        for process in self.alive:
            one, (own, children) = self.seen[process], self.first.get(process, (0, 0))
            spent[one.kind] += one.own - own
            spent[TASKS if one.kind == SUPERVISORS else one.kind] += one.children - children
        decoded = sum(
            one.own for process, one in self.seen.items() if one.kind == DECODING and process not in self.alive
        )
        spent[DECODING] += decoded
        spent[TASKS] -= decoded
        return {kind: ticks / TICKS for kind, ticks in spent.items()}

    def tasks(self) -> tuple[int, float]:
        """How many tasks ran, and the median CPU seconds of one that decodes nothing: what any task costs."""
        decoders = {one.parent for one in self.seen.values() if one.kind == DECODING}
        small = [ticks / TICKS for ticks, who in self.ended if not any(pid in decoders for pid, _ in who)]
        return len(self.ended), statistics.median(small) if small else 0.0

    def growth(self, kind: str) -> float | None:
        """How much larger the longest-lived worker of a kind was at the end of its life than at a tenth of it.

        Returns
        -------
        float or None
            Median of the last tenth over the median of the second, less one; None without a worker of 30 samples.
        """
        decoders = {one.parent for one in self.seen.values() if one.kind == DECODING}
        lives = [
            [rss for _, rss in one.rss if rss]  # what has ended and nobody has reaped holds nothing
            for (pid, _), one in self.seen.items()
            if one.kind == kind and sum(rss > 0 for _, rss in one.rss) >= 30 and (kind != TASKS or pid in decoders)
        ]
        if not lives:
            return None
        life = max(lives, key=len)
        tenth = len(life) // 10
        return statistics.median(life[-tenth:]) / statistics.median(life[tenth : 2 * tenth]) - 1


def _records(home: Home) -> list[Path]:
    return list(home.run.glob("*.pid"))


def _root(pid: int, roots: Mapping[int, str], table: Mapping[int, tuple[int, ...]]) -> int | None:
    while pid in table:
        if pid in roots:
            return pid
        pid = table[pid][0]
    return None


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> tuple[int, int, int, int, int] | None:
    """Parent, start time, own ticks, ended children's ticks, resident bytes."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    own, children = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
    return int(fields[1]), int(fields[19]), own, children, int(fields[21]) * PAGE_BYTES


def _kind(pid: int, root: str) -> str:
    """What a process is; nothing for one that has just ended."""
    if root in SERVERS:
        return SERVERS[root]
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
    return next((kind for kind, mark in MARKS if mark in command), root) if command else ""
