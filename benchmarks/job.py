"""From a bucket to catalog and renditions through Airflow: photos a second, and where the CPU seconds go.

On a stack of its own: stores photos in the bucket while the DAGs are paused, lets `ingest_originals` and
`transcode_originals` work, and measures from the start of the first task to the end of the last settle.
The photos are those of `photos.py`, real pictures cropped and encoded as cameras do; beyond
`--pictures` of them a photo is another one's bytes with a comment of its own, which is another content
and the same work. Enrichment, organising and memories are paused, since the peer does nothing of the
kind (`--whole` leaves them on).

`ratio` is our photos a second over those of the peer of `media.py` at equal settings, which reads the
same pictures from disk with as many processes and stores nothing: half of them before and half after
ours, so that a machine that slows down slows both.

Airflow's share is its four components, the supervisors of its executor, and for every task what a
task costs that decodes nothing (the median of planning, listing and settling tasks, their own few
queries included). What the other tasks use beyond that is our reading, hashing, storing and writing;
decoding is the sandbox children.

`rss_growth` compares what the longest-lived worker held at the end with what it held after a tenth of
its life. `--one-worker` has one task and one sandbox child work everything off: then that is what they
hold after all photos and after a tenth of them.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import photos as pictures
import psycopg
import sides
from conditions import conditions
from latency import GIVE_UP_S, new_library
from sampling import CATALOG, DECODING, STORE, SUPERVISORS, TASKS, Sampler
from sqlalchemy import text
from stacks import running_stack

from albumen.catalog import changes, status
from albumen.catalog.libraries import Library
from albumen.cli.session import Session
from albumen.local.airflow import COMPONENTS, cores
from albumen.local.postgres import airflow_database_url
from albumen.pipeline import registry

TARGET_RATIO = 2.7
TARGET_AIRFLOW, AIRFLOW_FROM = 0.05, 10_000
"""Airflow's share of the CPU, and from how many photos on: a run has costs that do not grow with it."""
TARGET_GROWTH = 0.10
CACHE = Path("~/.cache/albumen").expanduser()
MEASURED = ("ingest_originals", "transcode_originals")
OTHERS = ("enrich_items", "organise_libraries", "generate_memories")
PICTURES = 208
LEAST_RATE = 1.0
"""Photos a second below which the job is given up."""
ONE_WORKER = {"SLOTS": "1", "SHARD_SECONDS": "1000000", "RUN_SECONDS": "1000000"}

SEEN = text("SELECT count(*) FROM originals WHERE library_id = :library_id")
LEFT = text("SELECT EXISTS (SELECT FROM due WHERE library_id = :library_id AND step = ANY(:steps))")
RUNS = "SELECT count(*) FROM dag_run WHERE dag_id = ANY(%s) AND state IN ('queued', 'running')"
WINDOW = "SELECT min(start_date), max(end_date) FROM task_instance WHERE dag_id = ANY(%s) AND start_date >= %s"


def upload(session: Session, library: Library, photos: int, base: Callable[[int], bytes]) -> float:
    """Store photos, each `base(number)` with a comment of its own; returns their megabytes."""

    def one(number: int) -> int:
        data, comment = base(number), secrets.token_bytes(16)
        data = data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]
        session.store.put(
            library.bucket, f"{library.prefix}{number // 500:03}/{number:06}.jpg", data, mime="image/jpeg"
        )
        return len(data)

    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(one, range(photos))) / 1e6


def work_off(session: Session, library: Library, photos: int, *, whole: bool) -> dict[str, Any]:
    """Start the DAGs over what is in the bucket, sample until nothing is left, and sum up.

    Parameters
    ----------
    whole : bool
        Whether the preview pass and organising are part of it; otherwise their DAGs are paused.
    """
    dags = (*MEASURED, *OTHERS) if whole else MEASURED
    sampler, begun = Sampler(session.home), time.monotonic()
    started_at = datetime.now(UTC)
    with sampler.running(), session.api() as api:
        api.unpause("ingest_originals")
        api.trigger("ingest_originals", {"full": True, "library": library.name})
        while not _is_settled(session, library, photos, dags):
            if time.monotonic() - begun > GIVE_UP_S + photos / LEAST_RATE:
                raise SystemExit("the library does not settle: see the Airflow UI")
            time.sleep(1)
    with psycopg.connect(_airflow(session)) as airflow:
        first, last = airflow.execute(WINDOW, (list(dags), started_at)).fetchone() or (None, None)
    seconds = (last - first).total_seconds()
    with session.connect() as connection:
        renditions = status.of_library(connection, library.library_id, library.name).steps["renditions"].counts
    if renditions.get("done") != photos:
        raise SystemExit(f"{photos} photos, but renditions ended {renditions}")
    return {"photos": photos, "seconds": round(seconds, 1), "photos_per_s": round(photos / seconds, 2)} | _summed(
        sampler, photos, seconds
    )


def _summed(sampler: Sampler, photos: int, seconds: float) -> dict[str, Any]:
    spent = sampler.seconds()
    total = sum(spent.values())
    tasks, task_s = sampler.tasks()
    components = sum(spent[name] for name in COMPONENTS)
    fixed = tasks * task_s
    overhead = components + spent[SUPERVISORS] + fixed
    parts = {
        "decoding (sandbox children)": spent[DECODING],
        "tasks' own work": spent[TASKS] - fixed,
        "tasks' fixed cost": fixed,
        SUPERVISORS: spent[SUPERVISORS],
        **{name: spent[name] for name in COMPONENTS},
        STORE: spent[STORE],
        CATALOG: spent[CATALOG],
    }
    growth = {kind: sampler.growth(kind) for kind in (TASKS, DECODING)}
    return {
        "cpu_s": {name: round(value, 1) for name, value in parts.items()},
        "cpu_ms_per_photo": {name: round(1000 * value / photos, 2) for name, value in parts.items()},
        "cpu_s_total": round(total, 1),
        "cpu_ms_per_photo_total": round(1000 * total / photos, 1),
        "busy_cores": round(total / seconds, 2),
        "tasks": tasks,
        "cpu_s_of_a_task": round(task_s, 2),
        "airflow_cpu_s": round(overhead, 1),
        "airflow_share": round(overhead / total, 3),
        "rss_growth": {kind: round(value, 3) for kind, value in growth.items() if value is not None},
    }


def _is_settled(session: Session, library: Library, photos: int, dags: Sequence[str]) -> bool:
    scope = {"library_id": library.library_id}
    with session.connect() as connection:
        if connection.execute(SEEN, scope).scalar_one() < photos:
            return False
        if dags == MEASURED:
            steps = [step.name for step in registry.of_pass("original")]
            left = connection.execute(LEFT, {**scope, "steps": steps}).scalar_one()
        else:
            dirty = any(one.library_id == library.library_id for one in changes.waiting(connection))
            left = dirty or not status.is_settled(connection, library.library_id)
    if left:
        return False
    with psycopg.connect(_airflow(session)) as airflow:
        row = airflow.execute(RUNS, (list(dags),)).fetchone()
    return row is not None and row[0] == 0


def _airflow(session: Session) -> str:
    return airflow_database_url(session.home).replace("+psycopg2", "")


def failures(found: dict[str, Any], *, one_worker: bool) -> list[str]:
    """The targets that are missed, in words."""
    missed = []
    if found.get("ratio", TARGET_RATIO) < TARGET_RATIO and not one_worker:
        missed.append(f"ratio {found['ratio']} is below {TARGET_RATIO}")
    if found["photos"] >= AIRFLOW_FROM and found["airflow_share"] > TARGET_AIRFLOW and not one_worker:
        missed.append(f"airflow_share {found['airflow_share']} is above {TARGET_AIRFLOW}")
    if one_worker:
        missed += [
            f"rss_growth of {kind}: {growth} is above {TARGET_GROWTH}"
            for kind, growth in found["rss_growth"].items()
            if growth > TARGET_GROWTH
        ]
    return missed


def peer_rate(folder: Path, files: Sequence[Path]) -> float:
    """Photos a second of the peer's media path, at our settings and with a process a core."""
    for file in files:
        file.read_bytes()
    with sides.peer_equal(folder, cores()) as side:
        side.warm(files[:2])
        return side.run(files).photos_per_s


def tell(found: dict[str, Any]) -> None:
    """Print what `work_off` measured, for people."""
    print(
        f"{found['photos']} photos in {found['seconds']} s: {found['photos_per_s']}/s, {found['busy_cores']} cores busy"
    )
    for name, seconds in found["cpu_s"].items():
        share = 100 * seconds / found["cpu_s_total"]
        print(f"  {seconds:8.1f} CPU s {found['cpu_ms_per_photo'][name]:7.2f} ms a photo {share:5.1f} %  {name}")
    print(f"  {found['cpu_s_total']:8.1f} CPU s {found['cpu_ms_per_photo_total']:7.2f} ms a photo, all told")
    print(
        f"Airflow: {found['airflow_cpu_s']} CPU s, {100 * found['airflow_share']:.1f} %: its components, "
        f"supervisors, and {found['tasks']} tasks of {found['cpu_s_of_a_task']} s each before they do anything"
    )
    for kind, growth in found["rss_growth"].items():
        print(f"memory of the longest worker ({kind}), from a tenth of its life to its end: {100 * growth:+.1f} %")


def main() -> int:
    """Measure and tell; exit 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--pictures", type=int, default=PICTURES, help="How many of them are made anew from real ones.")
    parser.add_argument("--max-megapixels", type=float, default=25.0, help="Leave out larger ones, to save disk.")
    parser.add_argument("--from", dest="extra", type=Path, help="A folder of JPEGs to make photos of besides.")
    parser.add_argument("--cache", type=Path, default=CACHE, help="Downloads, photos and the peer.")
    parser.add_argument("--peer-dir", type=Path, help="Where the peer is, or goes; by default in the cache.")
    parser.add_argument("--whole", action="store_true", help="Enrichment and organising too.")
    parser.add_argument("--one-worker", action="store_true", help="One task and child for everything: how they grow.")
    parser.add_argument("--no-peer", action="store_true", help="Only ours.")
    parser.add_argument("--home", help="Home of a stack to use and leave up; by default a new one, deleted afterwards.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    if options.one_worker:
        os.environ.update({f"ALBUMEN_PIPELINE__{name}": value for name, value in ONE_WORKER.items()})

    def progress(message: str) -> None:
        print(message, file=sys.stderr)

    made = pictures.make(
        options.cache / "bench-photos",
        min(options.photos, options.pictures),
        cache=options.cache / "sample",
        extra=options.extra,
        progress=progress,
    )
    made = [photo for photo in made if photo.megapixels <= options.max_megapixels]
    files = [Path(photo.path) for photo in made]
    peer, rates = options.peer_dir or options.cache / "bench-peer", []
    if not options.no_peer:
        sides.install_peer(peer)
    met = conditions()
    if not options.no_peer:
        rates.append(peer_rate(peer, files[::2]))
    with running_stack(options.home) as session:
        with session.api() as api:
            for dag_id in OTHERS:
                (api.unpause if options.whole else api.pause)(dag_id)
        library = new_library(session, f"job-{secrets.token_hex(4)}")
        with session.api() as api:
            api.pause("ingest_originals")
        megabytes = upload(session, library, options.photos, lambda number: files[number % len(files)].read_bytes())
        progress(f"{options.photos} photos ({megabytes:.0f} MB) are in the bucket")
        found = work_off(session, library, options.photos, whole=options.whole)
    if not options.no_peer:
        rates.append(peer_rate(peer, files[1::2] or files))
        found["peer_photos_per_s"] = [round(rate, 2) for rate in rates]
        found["ratio"] = round(found["photos_per_s"] / statistics.mean(rates), 2)
    found["inputs"] = {**pictures.told(made), "stored_megabytes": round(megabytes)}
    found["conditions"] = {**met, "load_1min_after": conditions()["load_1min"]}
    found["failures"] = failures(found, one_worker=options.one_worker)
    if options.json:
        print(json.dumps(found))
    else:
        tell(found)
        if "ratio" in found:
            print(f"the peer: {found['peer_photos_per_s']} photos/s before and after; ratio {found['ratio']}")
        print(json.dumps({"inputs": found["inputs"], "conditions": found["conditions"]}))
        for failure in found["failures"]:
            print(f"missed: {failure}")
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
