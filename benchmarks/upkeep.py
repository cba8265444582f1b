"""Do the catalog's tables stay as small as what they hold, over years of work?

On a throwaway database of an embedded PostgreSQL of its own, autovacuum as delivered: every month all items of a
library become due again, are leased, worked and settled by the real code, with made-up results; then the month's
history is dated back to where it belongs, and the real `retire` lets go what is past its days. Told month by month:
megabytes of what changes all the time (`due`, `shards`), of what is told of the present (`outcomes`), of the
history and its partitions, and a lease's time. The last third, with the history as long as it may be, must not exceed
all before by more than a fifth. Last, which partitions the questions read.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from conditions import conditions
from due import result_of
from due_table import STEPS
from plans import explained
from sqlalchemy import Connection, Engine, text
from stacks import running_servers

from albumen.catalog import due, history, leases, libraries, migrate, results, shard_work, slos
from albumen.catalog import engine as engines
from albumen.catalog.due import Lane
from albumen.catalog.leases import Lease
from albumen.catalog.libraries import Library
from albumen.local.postgres import catalog_url
from albumen.pipeline.maintenance.retiring import retire
from albumen.pipeline.running import Workplace
from albumen.settings import Settings

MONTHS, KEPT_DAYS, RECORD_DAYS = 15, 180, 30
SHARD, GROUP = 200, 16
MONTH = timedelta(days=30)
GROWTH = 1.2
JUDGED = ("due, MB", "shards, MB", "outcomes, MB", "history, MB", "bytes an item", "lease, ms")
ORIGINALS = text("""
    INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, discovered_at)
    SELECT :library_id, 'b', n || '.jpg', n, md5(n::text), 3000000, timestamptz '2020-01-01', timestamptz '2020-01-01'
    FROM generate_series(1, CAST(:items AS bigint)) AS n
""")
DATED_BACK = (
    text("INSERT INTO outcome_history OVERRIDING SYSTEM VALUE "
         "SELECT * FROM (SELECT history_id, at - CAST(:back AS interval) AS at, library_id, subject_id, step, state, "
         "reason, detail, attempts, version, inputs_key, cpu_s, wall_s, bytes_read, bytes_written, task "
         "FROM outcome_history WHERE at >= :since) moved"),
    text("DELETE FROM outcome_history WHERE at >= :since"),
    text("UPDATE shards SET finished_at = finished_at - CAST(:back AS interval) WHERE finished_at >= :since"),
)  # fmt: skip
SIZES = text("""
    SELECT COALESCE(p.inhparent::regclass::text, c.oid::regclass::text) AS name,
        sum(pg_total_relation_size(c.oid)) AS bytes
    FROM pg_class c LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1
""")
PARTITIONS = text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'outcome_history'::regclass")
DEAD = text("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'due'")
CLEANED = text("SELECT max(last_autovacuum) > :since FROM pg_stat_user_tables WHERE relname = 'due'")
AUTOVACUUM_S = 90.0
"""A month is longer than autovacuum's rest, which one of a few seconds is not: it is waited for."""


class Upkeep:
    """A library of so many items, worked off month by month."""

    def __init__(self, url: str, items: int) -> None:
        self.engine: Engine = engines.engine(url)
        self.items, self.leasing_s = items, list[float]()
        with self.engine.connect() as connection:
            self.library: Library = libraries.create(
                connection, name="bench", bucket="b", prefix="", home_zone="UTC", consents=()
            )
            connection.execute(ORIGINALS, {"library_id": self.library.library_id, "items": items})
            connection.execute(text("SELECT setval('subject_ids', :last)"), {"last": items + 1})
            connection.commit()

    def month(self, number: int, now: datetime) -> dict[str, Any]:
        """One month that ends at `now`, and what is there afterwards."""
        began = datetime.now(UTC)
        self.leasing_s.clear()
        with self.engine.connect() as connection:
            history.keep_room(connection, now, keep_days=KEPT_DAYS)
            pairs = [(subject, step) for subject in range(1, self.items + 1) for step in STEPS]
            due.enqueue(connection, self.library.library_id, pairs, subject_kind="o", lane=Lane.BACKFILL)
            connection.commit()
        for _ in range(-(-self.items // SHARD)):
            self._shard()
        with self.engine.connect() as connection:
            for statement in DATED_BACK:
                connection.execute(statement, {"since": began, "back": datetime.now(UTC) - now})
            connection.commit()
        self._retire(now)
        self._wait_for_autovacuum(began)
        return {"month": number, **self._told(), "lease, ms": round(statistics.median(self.leasing_s) * 1000, 1)}

    def _shard(self) -> None:
        begun = time.perf_counter()
        with self.engine.connect() as connection:
            taken = leases.take(
                connection,
                pass_name="original",
                steps=list(STEPS),
                claim=f"upkeep/{begun}",
                most=SHARD,
                lease_s=3600,
            )
            connection.commit()
        self.leasing_s.append(time.perf_counter() - begun)
        lease = cast(Lease, taken)
        with self.engine.connect() as connection:
            subjects = shard_work.subjects(connection, lease)
        made = [replace(result_of(subject), follow={}) for subject in subjects]
        for start in range(0, len(made), GROUP):
            with self.engine.connect() as connection:
                results.write(connection, lease=lease, results=made[start : start + GROUP], task="bench")
                connection.commit()
        with self.engine.connect() as connection:
            leases.finish(connection, lease, "{}")
            connection.commit()

    def _retire(self, now: datetime) -> None:
        settings = Settings()
        settings.pipeline.history_days, settings.maintenance.record_days = KEPT_DAYS, RECORD_DAYS
        nothing = cast(Any, None)
        retire(Workplace(self.engine.connect, nothing, nothing, settings, lambda: now, lambda _: None), dry_run=False)

    def _wait_for_autovacuum(self, since: datetime) -> None:
        deadline = time.monotonic() + AUTOVACUUM_S
        while time.monotonic() < deadline:
            with self.engine.connect() as connection:
                if connection.execute(CLEANED, {"since": since}).scalar_one():
                    return
            time.sleep(1)

    def _told(self) -> dict[str, Any]:
        with self.engine.connect() as connection:
            sizes = {row.name: int(row.bytes) for row in connection.execute(SIZES)}
            partitions = connection.execute(PARTITIONS).scalar_one()
            dead = connection.execute(DEAD).scalar_one()
        return {
            "due, MB": round(sizes["due"] / 1e6, 2),
            "dead rows of due": dead,
            "shards, MB": round(sizes["shards"] / 1e6, 2),
            "outcomes, MB": round(sizes["outcomes"] / 1e6, 1),
            "history, MB": round(sizes["outcome_history"] / 1e6, 1),
            "partitions of the history": partitions,
            "bytes an item": round(sum(sizes.values()) / self.items),
        }

    def pruned(self, now: datetime) -> dict[str, list[str]]:
        """The partitions that questions read: of 16 by hash, or of the history's months."""
        questions: dict[str, Callable[[Connection], object]] = {
            "promises of the last week": lambda connection: slos.preview(
                connection, self.library, now, minutes=10, share=0.99
            ),
            "outcomes of one item": lambda connection: connection.execute(
                text("SELECT * FROM outcomes WHERE library_id = :l AND subject_id = 7"),
                {"l": self.library.library_id},
            ).all(),
        }
        found = {}
        for name, question in questions.items():
            with explained(self.engine, small_rows=0) as plans, self.engine.connect() as connection:
                question(connection)
            found[name] = sorted({scan.split()[-1] for plan in plans.plans for scan in plan.scans})
        return found


def faults(months: list[dict[str, Any]]) -> list[str]:
    """What was larger in a month of the last third than in any before, although the history was full."""
    before, after = months[: -MONTHS // 3], months[-MONTHS // 3 :]
    told = []
    for name in JUDGED:
        most, now = max(month[name] for month in before), max(month[name] for month in after)
        if now > GROWTH * most:
            told.append(f"{name} grew from {most} to {now}")
    return told


def main() -> int:
    """Measure, tell, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met = conditions()
    with running_servers() as stack:
        url = catalog_url(stack.home)
        migrate.upgrade(url)
        upkeep = Upkeep(url, options.items)
        months, last = [], datetime.now(UTC) - 2 * MONTH
        for number in range(1, MONTHS + 1):
            months.append(upkeep.month(number, last - (MONTHS - number) * MONTH))
            print(months[-1], file=sys.stderr)
        pruned = upkeep.pruned(last)
    failures = faults(months)
    told = {"conditions": met, "items": options.items, "history_days": KEPT_DAYS, "months": months, "read": pruned}
    print(json.dumps({**told, "failures": failures}, indent=None if options.json else 1))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
