"""Does Airflow's metadata stay bounded over ten thousand laps?

On a stack of its own photos go through every pass, so that there is a real lap: the last run of each DAG with its
tasks, XComs, log rows and asset events. Airflow is stopped, and the lap is written ten thousand times over as if one
had come every ten minutes. After each thousand, as many days as that is, `albumen maintain airflow` does what it does
every day; what is left is counted table by table. Once the days that are kept have gone by, and a thousand laps more
have made room for what is written between two cleanings, nothing may grow: more than a tenth from then on fails it.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from conditions import conditions, timed
from latency import new_library, one, photo
from psycopg import sql
from stacks import running_stack

from albumen.local.airflow import Airflow
from albumen.local.postgres import airflow_database_url
from albumen.local.stack import Stack
from albumen.testing.scene import wait_for

LAP = timedelta(minutes=10)
KEPT = timedelta(days=14)
PARTS = 10
PHOTOS = 3
APART = 10_000
"""Distance of the ids of two laps; above all ids of the real one."""
GROWTH = 1.1
RUNS = "(t.dag_id, t.run_id) IN (SELECT dag_id, run_id FROM lap)"
COPIED = {
    "dag_run": (RUNS, {"id": "t.id + {n}", "run_id": "t.run_id || '-' || n"}),
    "task_instance": (RUNS, {"id": "gen_random_uuid()", "run_id": "t.run_id || '-' || n", "trigger_id": "NULL"}),
    "xcom": (RUNS, {"dag_run_id": "t.dag_run_id + {n}", "run_id": "t.run_id || '-' || n"}),
    "task_map": (RUNS, {"run_id": "t.run_id || '-' || n"}),
    "rendered_task_instance_fields": (RUNS, {"run_id": "t.run_id || '-' || n"}),
    "log": (RUNS, {"id": "t.id + {n}", "run_id": "t.run_id || '-' || n"}),
    "asset_event": (
        "(t.source_dag_id, t.source_run_id) IN (SELECT dag_id, run_id FROM lap)",
        {"id": "t.id + {n}", "source_run_id": "t.source_run_id || '-' || n"},
    ),
    "dagrun_asset_event": (
        "t.dag_run_id IN (SELECT id FROM lap) AND t.event_id IN (SELECT id FROM lap_event)",
        {"dag_run_id": "t.dag_run_id + {n}", "event_id": "t.event_id + {n}"},
    ),
    "asset_alias_asset_event": ("t.event_id IN (SELECT id FROM lap_event)", {"event_id": "t.event_id + {n}"}),
}
"""Per table which rows make the lap, and what is another in a copy; times move by whole laps."""
THE_LAP = """
    CREATE TABLE lap AS SELECT DISTINCT ON (dag_id) dag_id, run_id, id FROM dag_run WHERE state = 'success'
        ORDER BY dag_id, id DESC;
    CREATE TABLE lap_event AS SELECT e.id FROM asset_event e
        JOIN lap l ON l.dag_id = e.source_dag_id AND l.run_id = e.source_run_id
"""
COLUMNS = """
    SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position
"""
SIZES = """
    SELECT relname, pg_total_relation_size(relid), n_live_tup FROM pg_stat_user_tables WHERE relname NOT LIKE 'lap%'
"""


def copied(connection: psycopg.Connection[Any], first: int, last: int, laps: int) -> None:
    """Write the lap as those from `first` to `last`, of which the last of all is now."""
    for table, (chosen, changed) in COPIED.items():
        columns, values = [], []
        for name, kind in connection.execute(COLUMNS, (table,)).fetchall():
            # By a little more than whole laps: no two runs of a DAG have one logical date, the real one included.
            moved = f"t.{name} - ({laps} - n) * interval '{LAP.total_seconds()} s' - n * interval '1 ms'"
            columns.append(sql.Identifier(name))
            values.append(changed.get(name, moved if kind.startswith("timestamp") else f"t.{name}"))
        write = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} t, generate_series({}, {}) n WHERE {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(columns),
            sql.SQL(", ".join(values).replace("{n}", f"n * {APART}")),
            sql.Identifier(table),
            sql.Literal(first),
            sql.Literal(last),
            # The rows that were there before any copy.
            sql.SQL(chosen),
        )
        connection.execute(write)
    connection.commit()


def real_lap(stack: Stack, session: Any) -> None:
    """Photos through every pass, and Airflow at rest."""
    library = new_library(session, "laps")
    for number in range(PHOTOS):
        one(session, library, f"laps/{number}.jpg", photo(number))
    with session.api() as api:
        wait_for(
            lambda: {run["dag_id"] for run in api.runs(state="success")} >= {"organise_libraries", "generate_memories"},
            "every pass to have run",
            600,
        )
    stack.airflow.stop()


def told(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Rows and megabytes, and rows of each table of the lap, after what autovacuum does."""
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False
    tables = {name: (size, rows) for name, size, rows in connection.execute(SIZES).fetchall()}
    connection.commit()
    return {
        "MB": round(sum(size for size, _ in tables.values()) / 1e6, 1),
        "rows": sum(rows for _, rows in tables.values()),
        **{table: tables[table][1] for table in COPIED},
    }


def measure(stack: Stack, laps: int) -> dict[str, Any]:
    """What is there after each tenth of the laps."""
    airflow, url = Airflow(stack.home), airflow_database_url(stack.home).replace("+psycopg2", "")
    parts, ends = [], datetime.now(UTC)
    with psycopg.connect(url) as connection:
        connection.execute(THE_LAP)
        connection.commit()
        size = connection.execute("SELECT count(*) FROM lap").fetchone()
        for part in range(1, PARTS + 1):
            first, last = laps * (part - 1) // PARTS + 1, laps * part // PARTS
            copied(connection, first, last, laps)
            now = ends - (laps - last) * LAP
            cleaning = timed(lambda now=now: airflow.clean(now - KEPT, dry_run=False))
            parts.append({"laps": last, **told(connection), "cleaning, s": round(cleaning, 1)})
            print(parts[-1], file=sys.stderr)
    return {"runs of a lap": size[0] if size else 0, "parts": parts}


def main() -> int:
    """Measure, tell, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laps", type=int, default=10_000, help="How many.")
    parser.add_argument("--json", action="store_true", help="Machine-readable.")
    options = parser.parse_args()
    met = conditions()
    with running_stack() as session:
        stack = Stack(session.home)
        real_lap(stack, session)
        found = measure(stack, options.laps)
    full = next(part for part in found["parts"] if (part["laps"] - options.laps // PARTS) * LAP >= KEPT)
    growth = {name: round(found["parts"][-1][name] / full[name], 3) for name in ("MB", "rows", "asset_event")}
    print(
        json.dumps(
            {"conditions": met, "kept_days": KEPT.days, **found, "growth since then": growth},
            indent=None if options.json else 1,
        )
    )
    return 0 if all(value <= GROWTH for value in growth.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
