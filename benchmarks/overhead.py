"""What share of the processor goes to Airflow rather than to photos, and how many photos pass a second?

On a stack of its own: uploads photos of different sizes, and lets the pipeline work.
The CPU time of every process of the stack is sampled from `/proc` (children that ended are in
their parents' sums) and summed by kind from the first listing to the last settled step.

Airflow's share is its four components, the supervisors of its executor, and for every task what a
task costs that decodes nothing (the median of planning, listing and settling tasks, their own few
queries included). What the other tasks use beyond that is our reading, hashing, storing and
writing; decoding is the sandbox children.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conditions import conditions
from latency import GIVE_UP_S, new_library, photo, running_stack

from albumen.catalog import days, status
from albumen.catalog.libraries import Library
from albumen.cli.session import Session
from albumen.local.home import Home

LOOK_S = 0.1
TICKS = os.sysconf("SC_CLK_TCK")
# What a process is, by its command line; the first that fits.
SUPERVISOR, TASK, DECODING, COMPONENTS = "supervisors", "tasks", "decoding", "Airflow's components"
KINDS = (
    (DECODING, "albumen.pipeline.sandbox_child"),
    (SUPERVISOR, "LocalExecutor"),
    (TASK, "airflow worker"),
    ("object store", "weed"),
    ("PostgreSQL", "postgres"),
)
SIZES = ((4000, 3000), (3000, 4000), (4032, 2268), (2048, 1536))


@dataclass(slots=True)
class Seen:
    """A process as last seen: what it is, its parent, its own ticks, those of its children that ended."""

    kind: str
    parent: int
    own: int
    children: int


Process = tuple[int, int]
"""Id and start time."""


@dataclass
class Sampler:
    """Sums the CPU seconds of a home's processes by kind."""

    home: Home
    seen: dict[Process, Seen] = field(default_factory=dict)
    first: dict[Process, Seen] = field(default_factory=dict)
    alive: set[Process] = field(default_factory=set)

    def look(self) -> None:
        """Take a sample of every process of the stack."""
        roots = {int(json.loads(path.read_text(encoding="utf-8"))["pid"]) for path in self.home.run.glob("*.pid")}
        table = {pid: stat for pid in _pids() if (stat := _stat(pid)) is not None}
        self.alive = set()
        for pid, (parent, start, own, children) in table.items():
            if _descends(pid, roots, table):
                process = (pid, start)
                self.alive.add(process)
                known = self.seen.get(process)
                self.seen[process] = Seen(_kind(pid, known), parent, own, children)

    def begin(self) -> None:
        """Count from here."""
        self.look()
        self.first = dict(self.seen)

    def seconds(self) -> dict[str, float]:
        """CPU seconds by kind between `begin` and the last look.

        What ended is in the sum of ended children of the process that outlived it, to the last
        tick; of a supervisor that sum is its tasks' and their decoders'.
        """
        spent = dict.fromkeys((COMPONENTS, SUPERVISOR, TASK, DECODING, "object store", "PostgreSQL"), 0.0)
        for process in self.alive:
            one, before = self.seen[process], self.first.get(process)
            spent[one.kind] += one.own - (before.own if before else 0)
            spent[TASK if one.kind == SUPERVISOR else one.kind] += one.children - (before.children if before else 0)
        decoded = sum(
            one.own for process, one in self.seen.items() if one.kind == DECODING and process not in self.alive
        )
        spent[DECODING] += decoded
        spent[TASK] -= decoded
        return {kind: ticks / TICKS for kind, ticks in spent.items()}

    def tasks(self) -> tuple[int, float]:
        """How many tasks ran, and the median CPU seconds of one that decodes nothing: what any task costs."""
        tasks = {process: one for process, one in self.seen.items() if one.kind == TASK and process not in self.first}
        decoders = {one.parent for one in self.seen.values() if one.kind == DECODING}
        small = [one.own / TICKS for (pid, _), one in tasks.items() if pid not in decoders]
        return len(tasks), statistics.median(small) if small else 0.0


def _descends(pid: int, roots: set[int], table: Mapping[int, tuple[int, int, int, int]]) -> bool:
    while pid in table:
        if pid in roots:
            return True
        pid = table[pid][0]
    return False


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> tuple[int, int, int, int] | None:
    """Parent, start time, own ticks, ended children's ticks."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), int(fields[19]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def _kind(pid: int, known: Seen | None) -> str:
    """What a process is; a fork looks like its parent until it renames itself."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        command = ""
    if not command and known:
        return known.kind
    return next((kind for kind, mark in KINDS if mark in command), COMPONENTS)


def upload(session: Session, library: Library, photos: int) -> float:
    """Store photos; returns their megabytes. They differ in a comment only: as much work, sooner made."""
    bases = [photo(seed, width=width, height=height) for seed, (width, height) in enumerate(SIZES)]

    def one(number: int) -> int:
        comment = secrets.token_bytes(16)
        base = bases[number % len(bases)]
        data = base[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + base[2:]
        session.store.put(library.bucket, f"{library.prefix}{number:05}.jpg", data, mime="image/jpeg")
        return len(data)

    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(one, range(photos))) / 1e6


def settled(session: Session, library: Library, photos: int) -> bool:
    """Whether every photo was found and nothing of the library is pending any more, its days included."""
    with session.connect() as connection:
        now = status.of_library(connection, library.library_id, library.name)
        dirty = any(one.library_id == library.library_id for one in days.waiting(connection))
        return now.originals >= photos and not dirty and status.is_settled(connection, library.library_id)


def measure(session: Session, photos: int) -> dict[str, Any]:
    """Upload while the DAGs are paused, start them, and sample until all is settled."""
    library = new_library(session, f"overhead-{secrets.token_hex(4)}")
    with session.api() as api:
        api.pause("ingest_originals")
        megabytes = upload(session, library, photos)
        time.sleep(5)
        sampler, done = Sampler(session.home), threading.Event()
        sampler.begin()

        def sample() -> None:
            while not done.wait(LOOK_S):
                sampler.look()

        watching = threading.Thread(target=sample, daemon=True)
        begun = time.monotonic()
        watching.start()
        api.unpause("ingest_originals")
        api.trigger("ingest_originals", {"full": True, "library": library.name})
        while not settled(session, library, photos):
            if time.monotonic() - begun > GIVE_UP_S + photos:
                raise SystemExit("the library does not settle: see the Airflow UI")
            time.sleep(0.5)
        seconds = time.monotonic() - begun
        done.set()
        watching.join()
        sampler.look()
    spent = sampler.seconds()
    total = sum(spent.values())
    tasks, task_s = sampler.tasks()
    overhead = spent[COMPONENTS] + spent[SUPERVISOR] + tasks * task_s
    return {
        "photos": photos,
        "megabytes": round(megabytes, 1),
        "seconds": round(seconds, 1),
        "photos_per_s": round(photos / seconds, 2),
        "cpu_s": {kind: round(value, 1) for kind, value in spent.items()},
        "cpu_s_total": round(total, 1),
        "tasks": tasks,
        "cpu_s_of_a_task": round(task_s, 2),
        "airflow_cpu_s": round(overhead, 1),
        "airflow_share": round(overhead / total, 3),
        "cpu_ms_per_photo": round(1000 * total / photos, 1),
        "ratio": round(total / spent[DECODING], 2) if spent[DECODING] else None,
    }


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--home", help="Home of a stack to use and leave up; by default a new one, deleted afterwards.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    with running_stack(options.home) as session:
        met = conditions()
        found = measure(session, options.photos)
    found["conditions"] = {**met, "load_1min_after": conditions()["load_1min"]}
    if options.json:
        print(json.dumps(found))
    else:
        print(f"{found['photos']} photos ({found['megabytes']} MB) in {found['seconds']} s: {found['photos_per_s']}/s")
        for kind, seconds in found["cpu_s"].items():
            print(f"  {seconds:7.1f} CPU s  {100 * seconds / found['cpu_s_total']:5.1f} %  {kind}")
        print(
            f"Airflow: {found['airflow_cpu_s']} CPU s, {100 * found['airflow_share']:.1f} %: its components, ", end=""
        )
        print(f"supervisors, and {found['tasks']} tasks of {found['cpu_s_of_a_task']} s each before they do anything")
        print(json.dumps(found["conditions"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
