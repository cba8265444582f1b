"""How far a step is: looked up, never by reading the library."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from albumen.catalog import due, engine, progress

pytestmark = pytest.mark.stack

ROWS = 20_000
FILL = text("""
    INSERT INTO due (library_id, subject_id, step, subject_kind, lane, shard_id)
    SELECT 1, n, 'renditions', 'o', CASE WHEN n % 4 = 0 THEN 1 ELSE 2 END, CASE WHEN n % 100 = 1 THEN n END
    FROM generate_series(1, :rows) AS n
""")


def test_what_waits_is_counted_up_to_a_limit_and_what_is_leased_in_full(catalog: str) -> None:
    with engine.connect(catalog) as connection:
        connection.execute(FILL, {"rows": ROWS})
        left = progress.left(connection, 1, ["renditions"])
        assert (left.due, left.retrying, left.leased) == (progress.MOST_COUNTED, progress.MOST_COUNTED, ROWS // 100)
        assert left
        assert str(left).startswith("1000 due, 200 leased, 1000 retrying, the oldest since 20")
        assert not progress.left(connection, 2, ["renditions"])
        assert not progress.left(connection, 1, ["metadata"])


@pytest.mark.parametrize("known", ["nothing", "an empty table", "all"])
def test_it_is_looked_up_by_index_whatever_the_planner_knows(catalog: str, known: str) -> None:
    with engine.connect(catalog) as connection:
        if known == "an empty table":
            connection.execute(text("ANALYZE due"))
        connection.execute(FILL, {"rows": ROWS})
        if known == "all":
            connection.execute(text("ANALYZE due"))
        due.lookups_only(connection)
        scope = {"library_id": 1, "steps": ["renditions"], "since": None, "most": 10}
        plan = "\n".join(connection.execute(text(f"EXPLAIN {progress.LEFT}"), scope).scalars())
        assert "using due_pick" in plan
        assert "due_by_shard" in plan
        assert "Seq Scan" not in plan


def test_nothing_tried_is_no_share(catalog: str) -> None:
    with engine.connect(catalog) as connection:
        assert progress.ended(connection, 1, ["renditions"]).percent == 0
