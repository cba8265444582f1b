"""Do two workers do twice what one does?

The stack of docker-compose.yaml works photos of twelve megapixels off twice: by `worker-photos-1` alone, which may use
one core, and by both, a core each; the whole rest of the stack runs on either. Told is the rate between the first and
the last tenth, for each; less than 1.7 times as much by two fails it. Linux and root only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
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
WORKERS = ("worker-photos-1", "worker-photos-2")
LATER = ("enrich_items", "organise_libraries", "generate_memories", "transcode_videos")
DONE = text("SELECT count(*) FROM outcomes WHERE library_id = :library_id AND step = 'renditions' AND state = 'done'")


def pin(running: Running) -> None:
    """Each worker to a core of its own; what it starts from now on stays there."""
    for core, name in zip(sorted(os.sched_getaffinity(0)), WORKERS, strict=False):
        for process in running.processes(name):
            try:
                process.cpu_affinity([core])
            except psutil.NoSuchProcess:
                continue


def rate(running: Running, name: str, photos: int) -> dict[str, float]:
    """Photos a second between the first tenth and the last, and the processor seconds of the whole machine a photo."""
    scene = Scene(running.session, name)
    pictures = [photo(number) for number in range(PICTURES)]
    with running.cluster.api as api:
        api.pause("transcode_originals")
    upload(running.session, scene.library, photos, lambda number: pictures[number % PICTURES])
    wait_for(lambda: _known(scene) >= photos, "the photos to be known", GIVE_UP_S)
    pin(running)
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
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met: dict[str, Any] = conditions()
    with running_cluster({"ALBUMEN_SLOTS": "2"}) as running:
        with running.cluster.api as api:
            for dag_id in LATER:
                api.pause(dag_id)
        both = rate(running, "both", options.photos)
        running.cluster.take_away(WORKERS[1])
        alone = rate(running, "alone", options.photos)
    ratio = round(both["photos/s"] / alone["photos/s"], 2)
    found = {"conditions": met, "photos": options.photos, "one": alone, "two": both, "ratio": ratio, "target": TARGET}
    print(json.dumps(found, indent=None if options.json else 1))
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
