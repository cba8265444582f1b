"""What `albumen status` tells, and that it costs the same at any size."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from sqlalchemy import event, text

from albumen.catalog import due, engine, libraries, progress, status
from albumen.cli import status as shown

pytestmark = pytest.mark.stack

DUE = text("""
    INSERT INTO due (library_id, subject_id, step, subject_kind, lane, shard_id)
    SELECT 1, n, :step, 'o', CASE WHEN n % 4 = 0 THEN 1 ELSE 2 END, CASE WHEN n % 100 = 1 THEN n END
    FROM generate_series(1, :rows) AS n
""")
ORIGINALS = text("""
    INSERT INTO originals (library_id, bucket, key, etag, size, last_modified, vanished_at)
    SELECT 1, 'b', 'p/' || n, n::text, 1, now(), CASE WHEN n % 10 = 0 THEN now() END
    FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
""")
LISTING = text("INSERT INTO listings (library_id, keys, finished_at) VALUES (1, :keys, now())")


def printed(one: status.LibraryStatus) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(shown.table(one))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_what_is_pending_is_told_step_by_step(catalog: str) -> None:
    with engine.connect(catalog) as connection:
        for step, rows in (("metadata", 400), ("renditions", 1), ("scene", 200)):
            connection.execute(DUE, {"rows": rows, "step": step})
        one = status.of_library(connection, 1, "test")
        assert {name: step.counts for name, step in one.steps.items()} == {
            "metadata": {"due": 296, "leased": 4, "retrying": 100},
            "renditions": {"leased": 1},
            "scene": {"due": 148, "leased": 2, "retrying": 50},
        }
        assert all(step.oldest_due for step in one.steps.values())
        assert (one.pending, one.is_more, one.listed) == (601, False, False)
        assert not status.is_settled(connection, 1)
        assert status.is_settled(connection, 2)
        assert status.of_library(connection, 2, "other").steps == {}


def test_of_much_is_told_that_there_is_more(catalog: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "MOST_COUNTED", 50)
    with engine.connect(catalog) as connection:
        connection.execute(DUE, {"rows": 400, "step": "metadata"})
        one = status.of_library(connection, 1, "test")
        one.rate = 10.0
        assert one.steps["metadata"].counts == {"due": 50, "leased": 4, "retrying": 50}
        assert (one.is_more, one.eta_s) == (True, None)
        told = printed(one)
        assert "50+" in told
        assert "s left" not in told
        assert shown.described(one)["more_pending"]


def test_originals_are_counted_and_many_are_those_of_the_last_listing(
    catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "MOST_ORIGINALS", 500)
    with engine.connect(catalog) as connection:
        libraries.create(connection, name="test", bucket="b", prefix="p/", home_zone="UTC", consents=())
        connection.execute(ORIGINALS, {"first": 1, "last": 500})
        connection.execute(LISTING, {"keys": 460})
        one = status.of_library(connection, 1, "test")
        assert (one.originals, one.counted, one.listed) == (450, True, True)
        connection.execute(ORIGINALS, {"first": 501, "last": 1000})
        connection.execute(LISTING, {"keys": 12_345})
        one = status.of_library(connection, 1, "test")
        assert (one.originals, one.counted) == (12_345, False)
        assert "12345 originals at the last listing" in printed(one)


@pytest.mark.parametrize("known", ["nothing", "all"])
def test_the_steps_that_wait_are_looked_up_by_index(catalog: str, known: str) -> None:
    with engine.connect(catalog) as connection:
        connection.execute(DUE, {"rows": 20_000, "step": "metadata"})
        if known == "all":
            connection.execute(text("ANALYZE due"))
        due.lookups_only(connection)
        asked = {"library_id": 1, "since": None, "most": 1}
        plan = "\n".join(connection.execute(text(f"EXPLAIN {progress.LEFT_OF_EVERY_STEP}"), asked).scalars())
        assert "Seq Scan on due" not in plan
        assert "due_pick" in plan


def test_work_that_goes_from_step_to_step_is_never_thought_ended(catalog: str) -> None:
    """Between any two statements of the question, the last work of one step ends and work of another is made."""
    steps = ["metadata", "renditions", "scene", "text"]
    with engine.connect(catalog) as connection, engine.connect(catalog) as other:
        other.execute(DUE, {"rows": 1, "step": steps[0]})
        other.commit()
        moves = 0

        @event.listens_for(connection, "before_cursor_execute")
        def _(*_: object) -> None:
            nonlocal moves
            moves += 1
            other.execute(text("UPDATE due SET step = :step"), {"step": steps[moves % len(steps)]})
            other.commit()

        for _turn in range(len(steps)):
            assert not status.is_settled(connection, 1)
            assert status.of_library(connection, 1, "test").pending == 1
        assert moves > len(steps)
