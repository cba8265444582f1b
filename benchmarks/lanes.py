"""Do fresh uploads overtake a running backfill?

On a stack of its own (or that of `--home`): a library whose photos are all worked off, its renditions made
due again as a backfill, and in the middle of it a burst of fresh photos as a phone makes them. Their time
runs from the end of each upload to its `preview` in the catalog. The timeline tells, every few seconds
from the burst on, how many items of the backfill are left and how many of the fresh photos have a preview.

The library's photos are pictures of two megapixels, each with a comment of its own, so that it is
another content: what is measured is who goes first, not how quick decoding is.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conditions import conditions, summary
from job import upload
from latency import new_library, photo
from sqlalchemy import text
from stacks import running_stack

from albumen.catalog.due import Lane
from albumen.catalog.libraries import Library
from albumen.cli.session import Session

TARGET_P95_S = 60.0
PICTURES = 40
SETTLES_AT_LEAST = 2.0
"""Items a second below which the benchmark is given up."""
LOOK_S, TIMELINE_S = 0.25, 2.0
STEPS = ("metadata", "renditions")
LEFT = text("SELECT count(*) FROM due WHERE library_id = :library_id AND step = ANY(:steps) AND lane = ANY(:lanes)")
PREVIEWS = text("""
    SELECT o.key FROM originals o JOIN renditions r USING (library_id, item_id)
    WHERE o.library_id = :library_id AND o.bucket = :bucket AND o.key = ANY(:keys) AND r.name = 'preview'
""")


def left(session: Session, library: Library, *lanes: Lane) -> int:
    """Work of the original pass that is due or under way, in some lanes or in all."""
    scope = {"library_id": library.library_id, "steps": list(STEPS), "lanes": list(lanes or Lane)}
    with session.connect() as connection:
        return int(connection.execute(LEFT, scope).scalar_one())


def seen(session: Session, library: Library) -> int:
    """Originals the catalog knows."""
    count = text("SELECT count(*) FROM originals WHERE library_id = :library_id")
    with session.connect() as connection:
        return int(connection.execute(count, {"library_id": library.library_id}).scalar_one())


def wait(session: Session, library: Library, items: int) -> None:
    """Until all items are known and nothing of them is left."""
    begun = time.monotonic()
    while seen(session, library) < items or left(session, library):
        if time.monotonic() - begun > 300 + items / SETTLES_AT_LEAST:
            raise SystemExit("the library does not settle: see the Airflow UI")
        time.sleep(1)


def start_backfill(session: Session, library: Library, items: int) -> None:
    """Make the renditions of all items due again, and wait until the first of them are done."""
    with session.api() as api:
        conf = {"library": library.name, "step": "renditions", "dry_run": False, "stale_only": False}
        run_id = api.trigger("backfill_step", conf)
        if api.wait("backfill_step", run_id, 300) != "success":
            raise SystemExit("backfill_step failed: see the Airflow UI")
    begun = time.monotonic()
    while left(session, library) > items * 0.98 or not left(session, library):
        if time.monotonic() - begun > 300:
            raise SystemExit("the backfill does not begin: see the Airflow UI")
        time.sleep(0.5)


def burst(session: Session, library: Library, photos: int) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Upload fresh photos and watch: seconds to each preview, and the timeline."""
    made = {f"{library.prefix}fresh/{number:03}.jpg": photo(secrets.randbits(32)) for number in range(photos)}
    uploaded: dict[str, float] = {}

    def put(key: str) -> None:
        session.store.put(library.bucket, key, made[key], mime="image/jpeg")
        uploaded[key] = time.monotonic()

    took: dict[str, float] = {}
    timeline: list[dict[str, float]] = []
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        puts = [pool.submit(put, key) for key in made]
        while len(took) < photos:
            now = time.monotonic()
            if now - began > 600:
                raise SystemExit(f"{photos - len(took)} fresh photos have no preview after 600 s")
            scope = {"library_id": library.library_id, "bucket": library.bucket, "keys": list(made)}
            with session.connect() as connection:
                there = connection.execute(PREVIEWS, scope).scalars().all()
            took |= {key: now - uploaded.get(key, now) for key in there if key not in took}
            if not timeline or now - began >= timeline[-1]["s"] + TIMELINE_S or len(took) == photos:
                backfill = left(session, library, Lane.BACKFILL)
                timeline.append({"s": round(now - began, 1), "backfill_left": backfill, "fresh_done": len(took)})
            time.sleep(LOOK_S)
        for done in puts:
            done.result()
    return took, timeline


def main() -> int:
    """Measure and tell; exit 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000, help="How many items the backfill has.")
    parser.add_argument("--photos", type=int, default=50, help="How many fresh photos arrive.")
    parser.add_argument("--home", help="Home of a stack to use and leave up; by default a new one, deleted afterwards.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    pictures = [photo(number, width=1600, height=1200) for number in range(min(PICTURES, options.items))]
    with running_stack(options.home) as session:
        with session.api() as api:
            for dag_id in ("enrich_items", "organise_libraries", "generate_memories"):
                api.pause(dag_id)
        library = new_library(session, f"lanes-{secrets.token_hex(4)}")
        upload(session, library, options.items, lambda number: pictures[number % len(pictures)])
        wait(session, library, options.items)
        print(f"{options.items} items are catalogued; their backfill begins", file=sys.stderr)
        start_backfill(session, library, options.items)
        met = conditions()
        took, timeline = burst(session, library, options.photos)
    told = summary(list(took.values()))
    is_overtaking = timeline[-1]["backfill_left"] > 0
    found: dict[str, Any] = {
        "conditions": {**met, "load_1min_after": conditions()["load_1min"]},
        "items": options.items,
        "upload_to_preview_s": told,
        "timeline": timeline,
        "backfill_left_at_the_end": timeline[-1]["backfill_left"],
        "target_p95_s": TARGET_P95_S,
        "ratio": round(TARGET_P95_S / told["p95"], 2),
    }
    if options.json:
        print(json.dumps(found))
    else:
        print(f"{options.photos} fresh photos: median {told['median']} s, p95 {told['p95']} s, last {told['most']} s")
        print("seconds since the burst began | left of the backfill | fresh photos with a preview")
        for at in timeline:
            print(f"{at['s']:8.1f} {at['backfill_left']:8.0f} {at['fresh_done']:4.0f} {'#' * int(at['fresh_done'])}")
        print(json.dumps(found["conditions"]))
    if not is_overtaking:
        print("the backfill ended before the fresh photos did: take more items", file=sys.stderr)
    return 0 if told["p95"] <= TARGET_P95_S and is_overtaking else 1


if __name__ == "__main__":
    sys.exit(main())
