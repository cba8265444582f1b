"""How long from the upload of one photo to its preview, when the stack is idle?

Starts the embedded stack (`ALBUMEN_HOME`, or a home of its own below the temporary folder that is
deleted afterwards), makes a library over an empty prefix, and uploads one photo at a time. A photo's
time ends when the catalog has its `preview` rendition. The stages between are told by the catalog
and by Airflow's own records of runs and tasks.
"""

from __future__ import annotations

import argparse
import io
import json
import secrets
import statistics
import sys
import time
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from conditions import conditions, summary
from PIL import Image
from sqlalchemy import text
from stacks import running_stack

from albumen.catalog import libraries
from albumen.catalog.libraries import Library
from albumen.cli.session import Session
from albumen.local.postgres import airflow_database_url
from albumen.local.seaweed import SOURCE_BUCKET

TARGET_P95_S = 20.0
GIVE_UP_S = 120.0
LOOK_S = 0.05
PREVIEW = text("""
    SELECT o.discovered_at FROM originals o JOIN renditions r USING (library_id, item_id)
    WHERE o.library_id = :library_id AND o.bucket = :bucket AND o.key = :key AND r.name = 'preview'
""")
TASKS = """
    SELECT r.dag_id, r.queued_at, t.task_id, min(t.start_date), max(t.end_date)
    FROM dag_run r JOIN task_instance t USING (dag_id, run_id)
    WHERE r.queued_at >= %s AND t.start_date IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 2
"""
CHAIN = (
    ("ingest_originals", "plan"),
    ("ingest_originals", "discover"),
    ("ingest_originals", "settle"),
    ("transcode_originals", "plan"),
    ("transcode_originals", "process"),
)


def photo(seed: int, *, width: int = 4000, height: int = 3000) -> bytes:
    """A JPEG of its own, about the size a phone makes: coarse noise, enlarged, with grain."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 255, (height // 50, width // 50, 3), dtype=np.uint8))
    picture = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    grain = random.integers(-6, 7, (height, width, 1), dtype=np.int16)
    target = io.BytesIO()
    Image.fromarray(np.clip(picture + grain, 0, 255).astype(np.uint8)).save(target, "JPEG", quality=88)
    return target.getvalue()


def new_library(session: Session, name: str) -> Library:
    """A library over a prefix of its own; its first, empty listing is awaited."""
    with session.connect() as connection:
        made = libraries.create(
            connection, name=name, bucket=SOURCE_BUCKET, prefix=f"{name}/", home_zone="UTC", consents=()
        )
        connection.commit()
    with session.api() as api:
        run_id = api.trigger("ingest_originals", {"full": True, "library": name})
        if api.wait("ingest_originals", run_id, GIVE_UP_S) != "success":
            raise SystemExit("ingest_originals failed: see the Airflow UI")
    return made


def one(session: Session, library: Library, key: str, data: bytes) -> tuple[float, float, datetime]:
    """Upload one photo; returns when it was up, when its preview was there (epoch seconds), and its discovery."""
    session.store.put(library.bucket, key, data, mime="image/jpeg")
    uploaded = time.time()
    scope = {"library_id": library.library_id, "bucket": library.bucket, "key": key}
    while time.time() - uploaded < GIVE_UP_S:
        with session.connect() as connection:
            discovered = connection.execute(PREVIEW, scope).scalar_one_or_none()
        if discovered is not None:
            return uploaded, time.time(), discovered
        time.sleep(LOOK_S)
    raise SystemExit(f"no preview of {key} after {GIVE_UP_S:.0f} s: see the Airflow UI")


def stages(session: Session, uploaded: float, ended: float) -> dict[str, float]:
    """Seconds between the milestones Airflow recorded on the way of one photo."""
    url = airflow_database_url(session.home).replace("+psycopg2", "")
    with psycopg.connect(url) as airflow:
        begun = datetime.fromtimestamp(uploaded - 0.5).astimezone()
        rows = airflow.execute(TASKS, (begun,)).fetchall()
    marks: list[tuple[str, float]] = []
    for dag_id, task_id in CHAIN:
        found = next((row for row in rows if row[0] == dag_id and row[2] == task_id), None)
        if found is None:
            continue
        if task_id == "plan":
            marks.append((f"{dag_id}: run made", found[1].timestamp()))
        marks.append((f"{dag_id}.{task_id}: started", found[3].timestamp()))
        if task_id != "process" and found[4] is not None:
            marks.append((f"{dag_id}.{task_id}: ended", found[4].timestamp()))
    marks.append(("preview in the catalog", ended))
    spent, before = {}, uploaded
    for name, at in marks:
        spent[name] = at - before
        before = at
    return spent


def main() -> int:
    """Measure and tell; exit 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=10, help="How many photos, one after the other.")
    parser.add_argument("--pause", type=float, default=5.0, help="Seconds of idleness between two photos.")
    parser.add_argument("--home", help="Home of a stack to use and leave up; by default a new one, deleted afterwards.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    with running_stack(options.home) as session:
        library = new_library(session, f"latency-{secrets.token_hex(4)}")
        _wait_idle(session)
        met = conditions()
        seconds: list[float] = []
        breakdown: dict[str, list[float]] = {}
        for number in range(options.photos):
            data = photo(secrets.randbits(32))
            time.sleep(options.pause * (0.5 + secrets.randbelow(1000) / 1000))
            uploaded, ended, _ = one(session, library, f"{library.prefix}{number}.jpg", data)
            seconds.append(ended - uploaded)
            _wait_idle(session)
            for stage, spent in stages(session, uploaded, ended).items():
                breakdown.setdefault(stage, []).append(spent)
            if not options.json:
                print(f"photo {number + 1}: {seconds[-1]:.1f} s", flush=True)
    told = summary(seconds)
    found: dict[str, Any] = {
        "conditions": {**met, "load_1min_after": conditions()["load_1min"]},
        "upload_to_preview_s": told,
        "stages_median_s": {stage: round(statistics.median(spent), 2) for stage, spent in breakdown.items()},
        "target_p95_s": TARGET_P95_S,
        "ratio": round(TARGET_P95_S / told["p95"], 2),
    }
    if options.json:
        print(json.dumps(found))
    else:
        print(f"upload to preview: median {told['median']} s, p95 {told['p95']} s (target {TARGET_P95_S:.0f} s)")
        for stage, spent in found["stages_median_s"].items():
            print(f"  {spent:6.2f} s  {stage}")
        print(json.dumps(found["conditions"]))
    return 0 if told["p95"] <= TARGET_P95_S else 1


def _wait_idle(session: Session) -> None:
    """Wait until no run of any DAG is under way."""
    with session.api() as api:
        deadline = time.monotonic() + GIVE_UP_S
        while time.monotonic() < deadline:
            if not any(api.runs(limit=1, state=state) for state in ("queued", "running")):
                return
            time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
