"""Does anything grow while the cluster works for an hour?

The stack of docker-compose.yaml takes uploads, edits, deletions and, every ten minutes, a backfill of everything it
has. Twice a minute: the memory of every container's lasting processes (what several share counted once), connections
to PostgreSQL, the disk of every volume, and how long the fresh photos waited for their previews. Told is each by sixths
of the time. What goes on growing fails it: a container whose processes (but for the servers', which hold what there is
more of) or connections that grow by more than a tenth from the second sixth to the last, were every sixth like the
median one; or photos that wait longer. What grows once does not, up to twice as much: a worker's process does at its
first task, a triggerer's at its first trigger.
At the end nothing may be lost: every object of the source has ended, and no more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import growth
import psutil
from cluster_stack import Running, running_cluster
from conditions import conditions, summary
from sqlalchemy import text

from albumen.local.seaweed import SOURCE_BUCKET
from albumen.testing.cluster import SERVERS
from albumen.testing.photos import a_photo
from albumen.testing.scene import Scene, wait_for

PAUSE_S, LOOK_S, BACKFILL_S = 6.0, 30.0, 600.0
SIZE = (1600, 1200)
EDIT_EVERY, DELETE_EVERY = 5, 8
LASTING_S = 300.0
"""Processes older than this are expected to stay as they are; tasks come and go."""
IDLE_SINCE_ITS_START = "ForkPoolWorker"
"""A worker's process is called so until its first task."""
GROWTH, ONCE = 1.1, 2.0
"""What goes on growing may grow by so much, and what grows in one step."""
LAG_GROWTH, LAG_S = 2.0, 60.0
SETTLES_S = 1800.0
CONNECTIONS = text("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")
CATALOG = text("SELECT pg_database_size(current_database())")
PREVIEWS = text("""
    SELECT o.key FROM originals o JOIN renditions r USING (library_id, item_id)
    WHERE o.library_id = :library_id AND o.key = ANY(:keys) AND r.name = 'preview'
""")
SLOWEST = 3
STORY = text("""
    WITH one AS (SELECT * FROM originals WHERE library_id = :library_id AND key = :key)
    SELECT discovered_at AS at, 'discovered' AS what FROM one
    UNION ALL
    SELECT h.at, concat_ws(' ', h.step, h.state, h.reason, h.attempts) FROM outcome_history h, one
    WHERE h.library_id = :library_id AND h.subject_id IN (one.original_id, one.item_id)
      AND h.step = 'renditions'
    ORDER BY at
""")
PRESENT = text("SELECT key FROM originals WHERE library_id = :library_id AND vanished_at IS NULL")


@dataclass
class Traffic:
    """What people do to a library, in turns, and how long each fresh photo waited."""

    scene: Scene
    chance: random.Random
    there: list[str] = field(default_factory=list)
    waiting: dict[str, float] = field(default_factory=dict)
    waited: list[tuple[float, float, str]] = field(default_factory=list)
    """Monotonic second of the upload, seconds to the preview, key."""
    done: dict[str, int] = field(default_factory=lambda: {"uploads": 0, "edits": 0, "deletions": 0, "backfills": 0})

    def step(self, n: int) -> None:
        """Upload one; now and then edit or delete another."""
        name = f"{n // 100:03}/{n:06}.jpg"
        self._put(name, n)
        self.there.append(name)
        self.waiting[self.scene.library.prefix + name] = time.monotonic()
        self.done["uploads"] += 1
        if n % EDIT_EVERY == EDIT_EVERY - 1:
            self._put(self.chance.choice(self.there), -n)
            self.done["edits"] += 1
        if n % DELETE_EVERY == DELETE_EVERY - 1:
            gone = self.there.pop(self.chance.randrange(len(self.there)))
            self.scene.session.store.delete(SOURCE_BUCKET, self.scene.library.prefix + gone)
            self.waiting.pop(self.scene.library.prefix + gone, None)
            self.done["deletions"] += 1

    def look(self) -> bool:
        """Note which of the waiting photos have their previews; whether all have."""
        with self.scene.session.connect() as connection:
            scope = {"library_id": self.scene.library.library_id, "keys": list(self.waiting)}
            ready = connection.execute(PREVIEWS, scope).scalars().all()
        now = time.monotonic()
        for key in ready:
            uploaded = self.waiting.pop(key)
            self.waited.append((uploaded, now - uploaded, key))
        return not self.waiting

    def _put(self, name: str, seed: int) -> None:
        self.scene.upload(name, a_photo(seed, size=SIZE))


def sample(running: Running) -> dict[str, float]:
    """Memory in MB by container, connections, and disk in MB."""
    found: dict[str, float] = {}
    now = time.time()
    for name in running.cluster.names:
        resident, working = [], []
        for process in running.processes(name):
            try:
                if now - process.create_time() > LASTING_S:
                    resident.append(process.memory_full_info().pss / 2**20)
                    if IDLE_SINCE_ITS_START not in " ".join(process.cmdline()):
                        working.append(resident[-1])
            except psutil.NoSuchProcess:
                continue
        found[f"MB of {name}"] = sum(resident)
        found[f"MB a process of {name}"] = statistics.mean(working or [0.0])
    with running.session.connect() as connection:
        found["connections"] = connection.execute(CONNECTIONS).scalar_one()
        found["catalog, MB"] = connection.execute(CATALOG).scalar_one() / 2**20
    for volume in sorted((running.cluster.folder / "volumes").iterdir()):
        found[f"volume {volume.name}, MB"] = _disk(volume) / 2**20
    return found


def _disk(folder: Path) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(where) / name).stat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def soak(running: Running, minutes: float) -> dict[str, Any]:
    """The traffic and the samples of so many minutes, and what was left at the end."""
    scene = Scene(running.session, "soak")
    traffic, samples = Traffic(scene, random.Random(1)), []
    began = time.monotonic()
    looked, filled, n = began, began, 0
    while (now := time.monotonic()) - began < minutes * 60:
        traffic.step(n)
        traffic.look()
        n += 1
        if now - looked >= LOOK_S:
            looked = now
            samples.append({"s": now - began, **sample(running)})
        if now - filled >= BACKFILL_S:
            filled = now
            conf = {"library": "soak", "step": "renditions", "dry_run": False, "stale_only": False}
            with running.cluster.api as api:
                api.trigger("backfill_step", conf)
            traffic.done["backfills"] += 1
        time.sleep(max(0.0, PAUSE_S - (time.monotonic() - now)))
    lasted = time.monotonic() - began
    with suppress(TimeoutError):  # what never came is told with all else
        wait_for(traffic.look, "the last previews", SETTLES_S)
    with running.cluster.api as api:
        # What was deleted before anybody read it is tried again until two full listings have missed it.
        for _ in range(2):
            run_id = api.trigger("ingest_originals", {"full": True, "library": "soak"})
            api.wait("ingest_originals", run_id, SETTLES_S)
    wait_for(lambda: scene.settled(len(traffic.there)), "everything to end", SETTLES_S)
    return {"traffic": traffic.done, **_told(samples, traffic, began, lasted), **_rest(traffic)}


def _told(samples: list[dict[str, float]], traffic: Traffic, began: float, lasted: float) -> dict[str, Any]:
    length = max(1, len(samples) // 6)
    parts = [samples[n * length : (n + 1) * length] or samples[-length:] for n in range(5)] + [samples[-length:]]
    over: dict[str, Any] = {}
    for name in samples[0]:
        if name != "s":
            values = [round(statistics.median(one.get(name, 0.0) for one in part), 1) for part in parts]
            over[name] = {
                "by sixths": values,
                "in all": _ratio(values[-1], values[1]),
                "steadily": growth.steadily(values[1:]),
            }
    width = lasted / 6
    lag = [
        summary([took for at, took, _ in traffic.waited if width * n <= at - began < width * (n + 1)] or [0.0])
        for n in range(6)
    ]
    return {
        "grew": over,
        "upload to preview, s, by sixths": lag,
        "slowest": _slowest(traffic),
        "never ready": len(traffic.waiting),
    }


def _ratio(after: float, before: float) -> float | None:
    return round(after / before, 3) if before else None


def _slowest(traffic: Traffic) -> list[dict[str, Any]]:
    """What happened to the photos that waited longest: seconds after the upload, and what."""
    told = []
    for uploaded, took, key in sorted(traffic.waited, key=lambda one: -one[1])[:SLOWEST]:
        began = time.time() - (time.monotonic() - uploaded)
        with traffic.scene.session.connect() as connection:
            events = connection.execute(STORY, {"library_id": traffic.scene.library.library_id, "key": key}).all()
        story = [f"{at.timestamp() - began:.0f} s: {what}" for at, what in events]
        told.append({"key": key, "s": round(took), "story": story})
    return told


def _rest(traffic: Traffic) -> dict[str, Any]:
    """What the catalog has against what the source has; a key goes after two full listings without it."""
    session, library = traffic.scene.session, traffic.scene.library
    with session.connect() as connection:
        known = set(connection.execute(PRESENT, {"library_id": library.library_id}).scalars())
    source = {one.key for one in session.store.list_all(SOURCE_BUCKET, library.prefix)}
    return {"in the source": len(source), "lost": len(source - known), "not let go of yet": len(known - source)}


def faults(found: dict[str, Any]) -> list[str]:
    """What grew, what was lost."""
    told = []
    for name, one in found["grew"].items():
        is_ours = name.startswith("MB a process of") and not any(server in name for server in SERVERS)
        if (is_ours or name == "connections") and ((one["steadily"] or 0) > GROWTH or (one["in all"] or 0) > ONCE):
            told.append(f"{name} grew: {one}")
    lag = found["upload to preview, s, by sixths"]
    if lag[-1]["median"] > max(LAG_S, LAG_GROWTH * lag[1]["median"]):
        told.append(f"fresh photos waited {lag[-1]['median']} s at the end, {lag[1]['median']} s before")
    if found["lost"] or found["never ready"]:
        told.append(f"{found['lost']} lost, {found['never ready']} never ready")
    return told


def main() -> int:
    """Measure, tell, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="How long.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met = conditions()
    with running_cluster({"ALBUMEN_SLOTS": "2"}) as running:
        found = soak(running, options.minutes)
    found = {"conditions": met, "minutes": options.minutes, **found}
    failures = faults(found)
    print(json.dumps({**found, "failures": failures}, indent=None if options.json else 1))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
