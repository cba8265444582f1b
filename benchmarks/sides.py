"""The two sides of a comparison: as many processes as cores, the same photos dealt out the same way, clocks outside.

A side's processes speak one JSON object a line: see `media_worker.py` and `peer/peer.js`. They stay
up between turns; start and warm-up are not measured.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).resolve().parent
PEER = HERE / "peer"
TICKS = os.sysconf("SC_CLK_TCK")
IN_FLIGHT_EQUAL = 2
"""Photos a peer process works on at a time: one waits for exiftool while the other is rendered."""
IN_FLIGHT_DEFAULT = 4
"""As many as Node.js has threads by default: what `Promise.all` over a folder amounts to."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One pass over the photos."""

    seconds: float
    cpu_s: float
    done: list[dict[str, Any]] = field(repr=False)
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def photos_per_s(self) -> float:
        """Photos a second of wall time."""
        return len(self.done) / self.seconds


class Side:
    """Processes that wait for photos.

    Parameters
    ----------
    name : str
        What the report calls it.
    command : sequence of str
        What each process runs.
    processes : int
        How many of them; photos are dealt out one by one in turn.
    """

    def __init__(self, name: str, command: Sequence[str], processes: int) -> None:
        self.name = name
        self._command, self._processes = list(command), processes
        self._workers: list[subprocess.Popen[str]] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as on_error:
            on_error.push(self._open)
            for _ in range(self._processes):
                worker = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                self._workers.append(worker)
                self._open.callback(_end, worker)
            on_error.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._open.close()

    def warm(self, paths: Sequence[Path]) -> None:
        """Have every process work on these photos, and forget it."""
        self._ask([{"warm": [str(path) for path in paths]}] * self._processes)

    def run(self, paths: Sequence[Path]) -> Turn:
        """Work on all photos; each is worked on once, by one of the processes."""
        deals = [paths[first :: self._processes] for first in range(self._processes)]
        orders = [{"photos": [str(path) for path in deal]} for deal in deals]
        cpu, begun = self._cpu_s(), time.perf_counter()
        answers = self._ask(orders)
        seconds, cpu = time.perf_counter() - begun, self._cpu_s() - cpu
        by_path = {one["path"]: one for answer in answers for one in answer["done"]}
        stages: dict[str, float] = {}
        for answer in answers:
            for stage, spent in answer.get("stages", {}).items():
                stages[stage] = stages.get(stage, 0.0) + spent
        return Turn(seconds, cpu, [by_path[str(path)] for path in paths], stages)

    def _ask(self, orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        with ThreadPoolExecutor(len(self._workers)) as pool:
            return list(pool.map(self._ask_one, self._workers, orders))

    def _ask_one(self, worker: subprocess.Popen[str], order: dict[str, Any]) -> dict[str, Any]:
        assert worker.stdin
        assert worker.stdout
        worker.stdin.write(json.dumps(order) + "\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name}: a process ended with {worker.wait()}; its last words are above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _cpu_s(self) -> float:
        """CPU seconds of the processes and all below them, ended ones included, so far."""
        table = {pid: stat for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if (stat := _stat(pid))}
        roots = {worker.pid for worker in self._workers}
        return sum(ticks for pid, (_, ticks) in table.items() if _descends(pid, roots, table)) / TICKS


def ours(processes: int) -> Side:
    """The real steps, in the real sandbox, a parent and a child a process."""
    return Side("ours", [sys.executable, str(HERE / "media_worker.py")], processes)


def peer_equal(folder: Path, processes: int) -> Side:
    """The peer at our settings and with our number of processes, used as well as it can be.

    Parameters
    ----------
    folder : Path
        Where `install_peer` put it.
    """
    return Side("peer, equal settings", [_node(), str(folder / "peer.js"), "equal", str(IN_FLIGHT_EQUAL)], processes)


def peer_default(folder: Path) -> Side:
    """The peer as it comes: one process, its own threads, a pipeline a size."""
    return Side("peer, its defaults", [_node(), str(folder / "peer.js"), "default", str(IN_FLIGHT_DEFAULT)], 1)


def peer_stages(folder: Path) -> Side:
    """The peer at our settings, one photo at a time, its stages timed."""
    return Side("peer, stages", [_node(), str(folder / "peer.js"), "stages", "1"], 1)


def install_peer(folder: Path) -> None:
    """Put the peer's script and its pinned packages into a folder; nothing to do where they are.

    Raises
    ------
    SystemExit
        When Node.js or npm is missing, or the registry cannot be reached.
    """
    _node()
    npm = shutil.which("npm")
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / "package-lock.json"
    pinned = (PEER / "package-lock.json").read_bytes()
    shutil.copy2(PEER / "peer.js", folder)
    if lock.exists() and lock.read_bytes() == pinned and (folder / "node_modules" / ".package-lock.json").exists():
        return
    if npm is None:
        raise SystemExit(
            "the peer needs npm, which is not on PATH: name a folder that it was fetched into elsewhere (--peer-dir)"
        )
    shutil.copy2(PEER / "package.json", folder)
    print(f"fetching the peer into {folder}", file=sys.stderr)
    command = [npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
    lock.unlink(missing_ok=True)
    shutil.copy2(PEER / "package-lock.json", folder)
    fetched = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if fetched.returncode:
        lock.unlink()
        last = (fetched.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SystemExit(
            f"the peer could not be fetched: npm: {last}\n"
            f"Without network: copy a folder it was fetched into before, and name it with --peer-dir"
        )


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("the peer needs Node.js 20 or newer, which is not on PATH (--no-peer leaves it out)")
    return node


def _end(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin
    worker.stdin.close()
    try:
        worker.wait(timeout=10)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def _stat(pid: int) -> tuple[int, int] | None:
    """Parent, and ticks of the process and of its ended children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), sum(map(int, fields[11:15]))


def _descends(pid: int, roots: set[int], table: dict[int, tuple[int, int]]) -> bool:
    while pid in table:
        if pid in roots:
            return True
        pid = table[pid][0]
    return False
