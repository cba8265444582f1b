"""Which plan did PostgreSQL choose? EXPLAIN (ANALYZE, BUFFERS, WAL) of all statements that a piece of code executes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event, text

WATCHED = re.compile(r"^(due|originals|outcomes)(_p\d+)?$")
EXPLAINED = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")

SEQUENTIAL = text("""
    SELECT relname, seq_scan, seq_tup_read FROM pg_stat_user_tables
    WHERE relname ~ '^(due|originals|outcomes)(_p[0-9]+)?$'
""")


@dataclass(slots=True)
class Plan:
    """One statement's plan, boiled down; `logged` are the pages that it put whole into the write-ahead log."""

    statement: str
    ms: float
    buffers: int
    logged: int
    scans: list[str]
    sequential: list[str]


@dataclass(slots=True)
class Plans:
    """The plans of everything executed while it listened."""

    plans: list[Plan] = field(default_factory=list)

    @property
    def sequential(self) -> list[str]:
        """Watched tables that were read from end to end."""
        return sorted({table for plan in self.plans for table in plan.sequential})


@contextmanager
def explained(engine: Engine, *, small_rows: int) -> Iterator[Plans]:
    """Explain every statement before it runs; the trial run is rolled back.

    A sequential scan of at most `small_rows` rows does not count as one.
    """
    found = Plans()

    def explain(
        _connection: Connection, cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool
    ) -> None:
        if executemany or not EXPLAINED.match(statement):
            return
        with cursor.connection.cursor() as trial:
            trial.execute("SAVEPOINT trial")
            trial.execute(f"EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON) {statement}", parameters)
            answer = trial.fetchone()[0]
            trial.execute("ROLLBACK TO SAVEPOINT trial")
        found.plans.append(
            _boiled_down(statement, (answer if isinstance(answer, list) else json.loads(answer))[0], small_rows)
        )

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def sequential_reads(connection: Connection) -> dict[str, tuple[int, int]]:
    """Sequential scans of each watched table and the rows they read so far, of all sessions, generic plans included."""
    connection.execute(text("SELECT pg_stat_force_next_flush()"))
    connection.commit()
    connection.execute(text("SELECT pg_stat_clear_snapshot()"))
    rows = connection.execute(SEQUENTIAL).all()
    connection.commit()
    return {row.relname: (row.seq_scan, row.seq_tup_read) for row in rows}


def _boiled_down(statement: str, answer: dict[str, Any], small_rows: int) -> Plan:
    nodes = list(_nodes(answer["Plan"]))
    scans = [node for node in nodes if "Relation Name" in node and "Scan" in node["Node Type"]]
    described = dict.fromkeys(f"{node['Node Type']} {node.get('Index Name', node['Relation Name'])}" for node in scans)
    sequential = [
        node["Relation Name"]
        for node in scans
        if node["Node Type"] == "Seq Scan" and WATCHED.match(node["Relation Name"]) and _rows_read(node) > small_rows
    ]
    root = answer["Plan"]
    return Plan(
        statement=" ".join(statement.split())[:60],
        ms=round(answer["Execution Time"] + answer["Planning Time"], 2),
        buffers=root.get("Shared Hit Blocks", 0) + root.get("Shared Read Blocks", 0),
        logged=root.get("WAL FPI", 0),
        scans=list(described)[:6],
        sequential=sequential,
    )


def _rows_read(node: dict[str, Any]) -> float:
    """Rows of one loop, those its filter removed included; none for a branch never taken, as a pruned partition."""
    if not node["Actual Loops"]:
        return 0
    return float(node["Actual Rows"] + node.get("Rows Removed by Filter", 0))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
