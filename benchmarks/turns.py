"""Does a library with fifty fresh photos wait for the backlog of another?

On a throwaway database of an embedded PostgreSQL of its own: one library has a million photos waiting, as fresh ones
or as a backfill. Slots lease shards by the real code, hold each for as long as a shard is made to last, and finish it;
only the holding is by a clock of its own, so that a day takes seconds. In the middle of it the photos of the other
library come. Told is how long they wait for their first slot and until the last of them is done; more than one shard
fails the benchmark, as does a lease that takes longer than with nothing else waiting.
"""

from __future__ import annotations

import argparse
import heapq
import json
import statistics
import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

from conditions import conditions, timed
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from stacks import running_servers

from albumen.catalog import engine as engines
from albumen.catalog import leases, libraries, migrate
from albumen.catalog.due import Lane
from albumen.catalog.leases import Lease
from albumen.local.postgres import catalog_url

STEPS = ["metadata", "renditions"]
BACKLOG, FRESH = 1, 2
SHARD, SHARD_S = 200, 45.0
SLOTS = (1, 2, 4, 8)
WARM_UP = 20
TARGET_MS = 20.0

ENQUEUE = text("""
    INSERT INTO due (library_id, subject_id, step, subject_kind, lane)
    SELECT :library_id, n, step, 'o', :lane
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n, unnest(CAST(:steps AS text[])) AS step
""")
DONE = text("DELETE FROM due WHERE shard_id = :shard_id")
CLEAR = text("TRUNCATE due, shards")


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds by the clock of the shards; milliseconds a lease took."""

    first_s: float
    last_s: float
    lease_ms: float


def told(engine: Engine, slots: int, photos: int, claims: str) -> Waited:
    """Work on with so many slots; after some shards the other library's photos come, and are seen through."""
    took: list[float] = []
    busy: list[tuple[float, int, Lease | None]] = [(SHARD_S * slot / slots, slot, None) for slot in range(slots)]
    heapq.heapify(busy)
    came, first, leased = 0.0, 0.0, 0
    while True:
        now, slot, lease = heapq.heappop(busy)
        with engine.connect() as connection:
            if lease is not None:
                connection.execute(DONE, {"shard_id": lease.shard_id})
                leases.finish(connection, lease, "{}")
                connection.commit()
                if lease.library_id == FRESH and came:
                    left = text("SELECT count(*) FROM due WHERE library_id = :library_id")
                    if not connection.execute(left, {"library_id": FRESH}).scalar_one():
                        return Waited(round(first - came, 1), round(now - came, 1), round(statistics.median(took), 2))
            if leased == WARM_UP:
                came = now - SHARD_S * 0.5 / slots
                scope = {"library_id": FRESH, "lane": int(Lane.FRESH), "first": 1, "last": photos, "steps": STEPS}
                connection.execute(ENQUEUE, scope)
                connection.commit()
            leased += 1
            found: list[Lease] = []
            taking = partial(_take, engine, f"{claims}/{leased}", found)
            took.append(1000 * timed(taking))
        (taken,) = found
        if taken.library_id == FRESH and not first:
            first = now
        heapq.heappush(busy, (now + SHARD_S * max(taken.size, 1) / SHARD, slot, taken))


def _take(engine: Engine, claim: str, found: list[Lease]) -> None:
    with engine.connect() as connection:
        lease = leases.take(connection, pass_name="original", steps=STEPS, claim=claim, most=SHARD, lease_s=3600)
        connection.commit()
    assert isinstance(lease, Lease)
    found.append(lease)


def main() -> int:
    """Measure, tell, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backlog", type=int, default=1_000_000, help="Photos of the one library.")
    parser.add_argument("--photos", type=int, default=50, help="Photos of the other.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met, found = conditions(), list[dict[str, Any]]()
    with running_servers() as stack:
        url = make_url(catalog_url(stack.home)).render_as_string(hide_password=False)
        migrate.upgrade(url)
        engine = engines.engine(url)
        with engine.connect() as connection:
            for name in ("backlog", "fresh"):
                libraries.create(connection, name=name, bucket=name, prefix="", home_zone="UTC", consents=())
            connection.commit()
        for lane in (Lane.BACKFILL, Lane.FRESH):
            with engine.connect() as connection:
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(CLEAR)
                last = 1_000 + options.backlog
                scope = {"library_id": BACKLOG, "lane": int(lane), "first": 1_000, "last": last, "steps": STEPS}
                connection.execute(ENQUEUE, scope)
                connection.commit()
            for slots in SLOTS:
                waited = told(engine, slots, options.photos, f"{lane.name}/{slots}")
                row = {"backlog": lane.name.lower(), "slots": slots, "first slot, s": waited.first_s}
                found.append({**row, "last done, s": waited.last_s, "lease, ms": waited.lease_ms})
        engine.dispose()
    failures = [f"{row} waited for more than one shard" for row in found if row["first slot, s"] > SHARD_S]
    failures += [f"{row}: a lease takes too long" for row in found if row["lease, ms"] > TARGET_MS]
    if options.json:
        print(json.dumps({"conditions": met, "found": found, "failures": failures}))
    else:
        print("\n".join(json.dumps(row) for row in found))
        print(json.dumps(met))
        print("\n".join(failures) or "all targets met")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
