"""What do planning, leasing and writing cost with a million due rows, and do they stay flat?

On a throwaway database of an embedded PostgreSQL of its own: fills the table of due work at three
sizes, and at each size times the questions the pipeline asks of the catalog, first while the
planner has no statistics of the table, then after ANALYZE. The plan of every statement is checked:
a sequential scan of `due`, `originals` or `outcomes` in planning, leasing or writing fails the
benchmark (exit 1), as does a missed target. For comparison the same shards are also leased by the
design that lost: moving rows out of the table, into arrays of a shard.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from conditions import conditions, summary, timed
from due_table import STEPS, Filled, fill
from plans import Plans, explained, sequential_reads
from sqlalchemy import Connection, Engine, text
from stacks import running_servers

from albumen.catalog import due, leases, migrate, results, shard_work, status
from albumen.catalog import engine as engines
from albumen.catalog.leases import Lease
from albumen.catalog.results import Content, StepOutcome, SubjectResult
from albumen.local.postgres import SERVER_SETTINGS, catalog_url
from albumen.pipeline import planning
from albumen.settings import Settings
from albumen.testing.catalogs import Catalogs

SHARD = 200
LEAST_ROWS = 10_000
# Reading a table of a few pages from end to end is right, and PostgreSQL does so.
SMALL_TABLE_ROWS = 2000
TARGETS_MS = {"planning.plan": 100.0, "leases.take": 20.0}
# Questions that may not read a table from end to end; `status` counts a whole library and says so.
INDEXED = ("planning.plan", "leases.take", "shard_work.subjects", "results.write 16", "results.write 200")

DELETE_INTO_ARRAYS = text("""
    WITH leaders AS MATERIALIZED (
        SELECT subject_id FROM due
        WHERE step = :step AND lane = :lane AND library_id = :library_id AND shard_id IS NULL AND not_before <= now()
        ORDER BY seq LIMIT :most
    ), gone AS (
        DELETE FROM due USING leaders
        WHERE due.library_id = :library_id AND due.subject_id = leaders.subject_id AND due.step = ANY(:steps)
          AND due.shard_id IS NULL AND due.not_before <= now()
        RETURNING due.*
    )
    INSERT INTO shard_arrays (library_id, subjects, steps, lanes, attempts, since)
    SELECT :library_id, array_agg(subject_id), array_agg(step), array_agg(lane), array_agg(attempts),
        array_agg(due_since)
    FROM gone
""")


@dataclass
class Measured:
    """Times of one question, and its plans."""

    seconds: list[float] = field(default_factory=list)
    plans: Plans | None = None


class Bench:
    """One catalog of one size."""

    def __init__(self, url: str, filled: Filled, rounds: int, phase: str) -> None:
        self.engine: Engine = engines.engine(url)
        self.filled, self.rounds, self.phase = filled, rounds, phase
        self.settings = Settings()
        self.claims = 0
        self.measured: dict[str, Measured] = {}

    def run(self) -> None:
        """Time every question, then look at its plans."""
        before = self._sequential()
        for name in INDEXED[:3]:
            self.ask(name)
        self.write(16)
        self.write(SHARD)
        self.read_whole = {
            table: (n - before[table][0], rows - before[table][1])
            for table, (n, rows) in self._sequential().items()
            if rows - before[table][1] > SMALL_TABLE_ROWS * (n - before[table][0])
        }
        for name in ("due.is_neglected", "leases.fresh_waits", "status.of_library"):
            self.ask(name)

    def ask(self, name: str) -> None:
        """Time a question that stands alone."""
        measured = self.measured.setdefault(name, Measured())
        question = self._question(name)
        # Once before: connecting and importing the steps is not what is asked.
        self._in_transaction(question)
        for _ in range(self.rounds):
            measured.seconds.append(timed(partial(self._in_transaction, question)))
        with explained(self.engine, small_rows=SMALL_TABLE_ROWS) as measured.plans:
            self._in_transaction(question)

    def write(self, size: int) -> None:
        """Time writing the results of `size` originals, from shards leased beforehand."""
        measured = self.measured.setdefault(f"results.write {size}", Measured())
        pending: list[Callable[[Connection], object]] = []
        for _ in range(self.rounds + 1):
            if not pending:
                lease = self._lease()
                with self.engine.connect() as connection:
                    subjects = shard_work.subjects(connection, lease)
                made = [result_of(subject) for subject in subjects]
                parts = [made[start : start + size] for start in range(0, len(made), size)]
                pending = [partial(results.write, lease=lease, results=part, task="bench") for part in parts]
            writing = pending.pop(0)
            if len(measured.seconds) < self.rounds:
                measured.seconds.append(timed(partial(self._in_transaction, writing)))
        with explained(self.engine, small_rows=SMALL_TABLE_ROWS) as measured.plans:
            self._in_transaction(writing)

    def compare(self) -> tuple[list[float], list[float]]:
        """Seconds of leasing shards our way and by moving their rows into arrays, in turns."""
        with self.engine.connect() as connection:
            connection.execute(
                text("""
                    CREATE TABLE IF NOT EXISTS shard_arrays (
                        shard_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, library_id int, subjects bigint[],
                        steps text[], lanes smallint[], attempts smallint[], since timestamptz[])
                """)
            )
            connection.commit()
        pairs = [
            (timed(partial(self._in_transaction, self._take)), timed(partial(self._in_transaction, self._delete)))
            for _ in range(self.rounds)
        ]
        return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]

    def _delete(self, connection: Connection) -> None:
        connection.execute(leases.PASS_LOCK, {"pass_name": "original"})
        due.lookups_only(connection)
        leader = connection.execute(leases.LEADER, {"steps": list(STEPS), "pass_name": "original"}).mappings().one()
        picks = {name: leader[name] for name in ("step", "lane", "library_id")}
        connection.execute(DELETE_INTO_ARRAYS, {**picks, "steps": list(STEPS), "most": SHARD})

    def _question(self, name: str) -> Callable[[Connection], object]:
        steps = list(STEPS)
        questions: dict[str, Callable[[Connection], object]] = {
            "planning.plan": lambda connection: planning.plan(connection, "original", self.settings),
            "leases.take": self._take,
            "due.is_neglected": lambda connection: due.is_neglected(connection, steps, "original", idle_s=5.0),
            "leases.fresh_waits": lambda connection: leases.fresh_waits(connection, steps),
            "status.of_library": lambda connection: status.of_library(connection, self.filled.library_ids[0], "bench0"),
        }
        if name == "shard_work.subjects":
            lease = self._lease()
            return lambda connection: shard_work.subjects(connection, lease)
        return questions[name]

    def _take(self, connection: Connection) -> Lease:
        self.claims += 1
        lease = leases.take(
            connection,
            pass_name="original",
            steps=list(STEPS),
            claim=f"{self.phase}/{self.claims}",
            most=SHARD,
            lease_s=3600,
        )
        if not isinstance(lease, Lease):
            raise SystemExit("the due work is used up: ask for more --rows or fewer --rounds")
        return lease

    def _lease(self) -> Lease:
        with self.engine.connect() as connection:
            lease = self._take(connection)
            connection.commit()
        return lease

    def _in_transaction(self, action: Callable[[Connection], object]) -> None:
        with self.engine.connect() as connection:
            action(connection)
            connection.commit()

    def _sequential(self) -> dict[str, tuple[int, int]]:
        with self.engine.connect() as connection:
            return sequential_reads(connection)


def rounds_for(rows: int, most: int) -> int:
    """How often each question can be asked before the leases have used up the due work."""
    shards = int(rows / len(STEPS) * 0.9 / SHARD)
    return max(1, min(most, (shards - 10) // 6))


def result_of(subject: shard_work.Subject) -> SubjectResult:
    """What a photo that went well gives: content, facts, two renditions, two outcomes, two following steps."""
    digest = subject.original_id.to_bytes(8, "big") * 4
    rendition = {"mime": "image/jpeg", "width": 1920, "height": 1440, "bytes": 300_000}
    return SubjectResult(
        subject_id=subject.subject_id,
        subject_kind="o",
        original_id=subject.original_id,
        content=Content(digest, 3_000_000, "photo", "image/jpeg"),
        etag=subject.etag,
        last_modified=subject.last_modified,
        kind="photo",
        mime="image/jpeg",
        outcomes=[StepOutcome(step, "done", None, None, 1, 1, digest.hex()[:32], 0.1, 0.1) for step in STEPS],
        rows={
            "facts": [{"width": 4000, "height": 3000, "orientation": 1, "make": "Bench", "taken_local": None}],
            "raw_tags": [{"tags": {"IFD0:Make": "Bench"}}],
            "placeholders": [{"thumbhash": b"\0" * 24, "dominant": "#808080", "frames": 1}],
        },
        renditions=[{**rendition, "name": name, "key": f"{digest.hex()}/{name}"} for name in ("thumb", "preview")],
        follow={"quality": "0" * 32, "likeness": "0" * 32},
    )


def measure(maintenance: str, rows: int, rounds: int) -> dict[str, Any]:
    """All figures at one size, on a database of its own."""
    catalogs = Catalogs(maintenance)
    url = catalogs.create()
    migrate.upgrade(url)
    with engines.engine(url).connect() as connection:
        filled = fill(connection, rows)
    found: dict[str, Any] = {"rows": filled.rows}
    for phase in ("without statistics", "after ANALYZE"):
        if phase == "after ANALYZE":
            _execute(url, "ANALYZE")
        bench = Bench(url, filled, rounds_for(filled.rows, rounds), phase)
        bench.run()
        found[phase] = {
            name: {
                **summary(one.seconds, unit=0.001),
                "plans": [_told(plan) for plan in one.plans.plans] if one.plans else [],
                "sequential": one.plans.sequential if one.plans else [],
            }
            for name, one in bench.measured.items()
        }
        found[phase]["read from end to end while timed"] = bench.read_whole
    ours, losing = bench.compare()
    found["leasing by DELETE into arrays"] = summary(losing, unit=0.001)
    found["ratio"] = round(statistics.median(losing) / statistics.median(ours), 2)
    found["leasing in turns with it"] = summary(ours, unit=0.001)
    engines.engine(url).dispose()
    catalogs.drop(url)
    return found


def faults(found: dict[str, Any]) -> list[str]:
    """Missed targets and sequential scans at one size."""
    told = []
    for phase in ("without statistics", "after ANALYZE"):
        part = found[phase]
        told += [
            f"{name} takes {part[name]['median']} ms {phase}: the target is {most:.0f} ms"
            for name, most in TARGETS_MS.items()
            if part[name]["median"] > most
        ]
        told += [
            f"{name} scans {', '.join(part[name]['sequential'])} sequentially {phase}"
            for name in INDEXED
            if part[name]["sequential"]
        ]
        for table, (scans, rows) in part["read from end to end while timed"].items():
            told.append(f"{table} was scanned sequentially {scans} times ({rows} rows) {phase}")
    return told


def show(found: dict[str, Any]) -> None:
    """The figures of one size, for people."""
    print(f"\n{found['rows']} due rows: milliseconds, median (p95)")
    for name in found["after ANALYZE"]:
        if name == "read from end to end while timed":
            continue
        cells = [found[phase][name] for phase in ("without statistics", "after ANALYZE")]
        print(f"  {name:22}" + "".join(f"  {cell['median']:9.2f} ({cell['p95']:9.2f})" for cell in cells))
    ours, losing = found["leasing in turns with it"], found["leasing by DELETE into arrays"]
    print(
        f"  leasing {ours['median']:.2f} ms, by DELETE into arrays {losing['median']:.2f} ms, in turns, after ANALYZE:",
        end="",
    )
    print(f" ratio {found['ratio']} (above 1: our leasing is quicker)")


def show_plans(found: dict[str, Any]) -> None:
    """What EXPLAIN said, statement by statement, without statistics."""
    print(f"\nEXPLAIN (ANALYZE, BUFFERS, WAL) with {found['rows']} due rows, without statistics")
    for name, one in found["without statistics"].items():
        if name == "read from end to end while timed":
            continue
        print(f"  {name}")
        for plan in one["plans"]:
            pages = f"{plan['buffers']:7} pages, {plan['logged']:5} logged whole"
            print(f"    {plan['ms']:8.2f} ms {pages}  {plan['statement']}")
            print(f"                                {'; '.join(plan['scans']) or 'no table'}")


def main() -> int:
    """Measure, tell, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="Due rows of the largest size.")
    parser.add_argument("--only", action="store_true", help="That size alone.")
    parser.add_argument("--rounds", type=int, default=21, help="How often each question is asked.")
    parser.add_argument("--set", action="append", default=[], help="PostgreSQL's settings, as shared_buffers=256MB.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    SERVER_SETTINGS.update(setting.split("=", 1) for setting in options.set)
    met = {**conditions(), "shared_buffers": SERVER_SETTINGS["shared_buffers"], "set": options.set}
    sizes = sorted({max(LEAST_ROWS, options.rows // part) for part in ((1,) if options.only else (100, 10, 1))})
    scales = []
    with running_servers() as stack:
        for rows in sizes:
            scales.append(measure(catalog_url(stack.home), rows, options.rounds))
            if not options.json:
                show(scales[-1])
    failures = [fault for found in scales for fault in faults(found)]
    met["load_1min_after"] = conditions()["load_1min"]
    if options.json:
        print(json.dumps({"conditions": met, "ratio": scales[-1]["ratio"], "scales": scales, "failures": failures}))
    else:
        show_plans(scales[-1])
        print(json.dumps(met))
        print("\n".join(failures) or "all targets met, no sequential scan")
    return 1 if failures else 0


def _told(plan: Any) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in ("statement", "ms", "buffers", "logged", "scans", "sequential")}


def _execute(url: str, statement: str) -> None:
    with engines.engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engines.engine(url).dispose()


if __name__ == "__main__":
    sys.exit(main())
