"""Do two workers do twice what one does?

The stack of docker-compose.yaml works photos of twelve megapixels off twice: by `worker-photos-1` alone and by both.
Each may use so much of a core and no more, as with the file's `cpus`, so that cores are left for all the rest of the
stack: by default half of one. Told is the rate between the first and the last tenth, for each; less than 1.7 times as
much by two fails it. Linux and root only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from cluster_stack import Running, running_cluster
from conditions import conditions
from job import upload
from latency import photo
from sqlalchemy import text

from albumen.testing.scene import Scene, wait_for

TARGET = 1.7
PICTURES = 24
LOOK_S, GIVE_UP_S = 0.5, 1200.0
PERIOD_US = 100_000
WORKERS = ("worker-photos-1", "worker-photos-2")
LATER = ("enrich_items", "organise_libraries", "generate_memories", "transcode_videos")
DONE = text("SELECT count(*) FROM outcomes WHERE library_id = :library_id AND step = 'renditions' AND state = 'done'")


@contextmanager
def bounded(running: Running, share: float) -> Iterator[None]:
    """Each worker, and what it starts from now on, gets so much of a core."""
    folders = []
    old, new = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
    quota = str(int(share * PERIOD_US))
    try:
        for name in WORKERS:
            folder = (old if old.is_dir() else new) / f"albumen-bench-{os.getpid()}-{name}"
            folder.mkdir()
            folders.append(folder)
            if old.is_dir():
                (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US), encoding="utf-8")
                (folder / "cpu.cfs_quota_us").write_text(quota, encoding="utf-8")
            else:
                (folder / "cpu.max").write_text(f"{quota} {PERIOD_US}", encoding="utf-8")
            for process in running.processes(name):
                (folder / "cgroup.procs").write_text(str(process.pid), encoding="utf-8")
        yield
    finally:
        for name in WORKERS:
            running.cluster.take_away(name)
        time.sleep(1)
        for folder in folders:
            folder.rmdir()


def rate(running: Running, name: str, photos: int) -> dict[str, float]:
    """Photos a second between the first tenth and the last, and the processor seconds of the whole machine a photo."""
    scene = Scene(running.session, name)
    pictures = [photo(number) for number in range(PICTURES)]
    with running.cluster.api as api:
        api.pause("transcode_originals")
    upload(running.session, scene.library, photos, lambda number: pictures[number % PICTURES])
    wait_for(lambda: _known(scene) >= photos, "the photos to be known", GIVE_UP_S)
    with running.cluster.api as api:
        api.unpause("transcode_originals")
        api.trigger("transcode_originals")
    seen: list[tuple[float, int, float]] = []
    deadline = time.monotonic() + GIVE_UP_S
    while not seen or seen[-1][1] < photos:
        if time.monotonic() > deadline:
            raise SystemExit(f"{photos - seen[-1][1]} photos are not done: see the logs")
        times = psutil.cpu_times()
        seen.append((time.monotonic(), _count(scene), times.user + times.system + times.nice))
        time.sleep(LOOK_S)
    inner = [one for one in seen if photos * 0.1 <= one[1] <= photos * 0.9]
    (begun, first, spent), (ended, last, all_spent) = inner[0], inner[-1]
    return {
        "photos/s": round((last - first) / (ended - begun), 2),
        "cores in use": round((all_spent - spent) / (ended - begun), 2),
    }


def _known(scene: Scene) -> int:
    count = text("SELECT count(*) FROM originals WHERE library_id = :library_id")
    with scene.session.connect() as connection:
        return int(connection.execute(count, {"library_id": scene.library.library_id}).scalar_one())


def _count(scene: Scene) -> int:
    with scene.session.connect() as connection:
        return int(connection.execute(DONE, {"library_id": scene.library.library_id}).scalar_one())


def main() -> int:
    """Measure, tell, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=600, help="How many, each time.")
    parser.add_argument("--share", type=float, default=0.5, help="How much of a core each worker may use.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met = conditions()
    with running_cluster({"ALBUMEN_SLOTS": "2"}) as running, bounded(running, options.share):
        with running.cluster.api as api:
            for dag_id in LATER:
                api.pause(dag_id)
        both = rate(running, "both", options.photos)
        running.cluster.take_away(WORKERS[1])
        alone = rate(running, "alone", options.photos)
    ratio = round(both["photos/s"] / alone["photos/s"], 2)
    found: dict[str, Any] = {
        "conditions": met,
        "photos": options.photos,
        "cores each": options.share,
        "one": alone,
        "two": both,
        "ratio": ratio,
        "target": TARGET,
    }
    print(json.dumps(found, indent=None if options.json else 1))
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
