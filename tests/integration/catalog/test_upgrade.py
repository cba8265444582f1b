"""A catalog of the first schema comes to the newest with all that is in it, and workers of the version before go on
meanwhile: no migration takes away or demands what the code before it does not know of.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text

from albumen.catalog import engine, leases, migrate, status
from albumen.catalog.leases import Lease
from albumen.pipeline import registry

pytestmark = pytest.mark.stack

COLUMNS = text("""
    SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES' AS nullable,
        c.column_default IS NOT NULL OR c.is_identity = 'YES' OR c.is_generated = 'ALWAYS' AS filled
    FROM information_schema.columns c JOIN pg_class t ON t.relname = c.table_name AND NOT t.relispartition
    WHERE c.table_schema = 'public'
""")

LIBRARY = """
    INSERT INTO libraries (name, bucket, prefix, home_zone) VALUES ('first', 'photos', 'first/', 'Europe/Madrid');
    INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id, kind, mime)
    SELECT 1, 'photos', 'first/' || n || '.jpg', n, md5(n::text), 1000, '2020-01-01Z',
        CASE WHEN n <= 80 THEN 1000 + n END, CASE WHEN n <= 80 THEN 'photo' END, CASE WHEN n <= 80 THEN 'image/jpeg' END
    FROM generate_series(1, 100) AS n;
    INSERT INTO fingerprints (library_id, sha256, item_id)
    SELECT 1, sha256(n::text::bytea), 1000 + n FROM generate_series(1, 80) AS n;
    INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
    SELECT 1, 1000 + n, sha256(n::text::bytea), 1000, 'photo', 'image/jpeg' FROM generate_series(1, 80) AS n;
    INSERT INTO facts (library_id, item_id, original_id, width, height, taken_local, gps_lat, gps_lon)
    SELECT 1, 1000 + n, n, 400, 300, timestamp '2015-06-01' + n * interval '1 day', 40.4, -3.7
    FROM generate_series(1, 80) AS n;
    INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes)
    SELECT 1, 1000 + n, 'preview', 'renditions/1/' || n, 'image/jpeg', 400, 300, 500 FROM generate_series(1, 80) AS n;
    INSERT INTO outcomes (library_id, subject_id, step, state, reason, attempts, version, inputs_key, cpu_s, wall_s,
        bytes_read, bytes_written, task)
    SELECT 1, 1000 + n, step, CASE WHEN n > 75 THEN 'quarantined' ELSE 'done' END,
        CASE WHEN n > 75 THEN 'unreadable' END, 1, 1, 'k', 0.1, 0.1, 1000, 500, 'dag/run/process/0/1'
    FROM generate_series(1, 80) AS n, unnest(ARRAY['metadata', 'renditions']) AS step;
    INSERT INTO tallies (library_id, step, state, reason, slice, n)
    SELECT 1, step, state, COALESCE(reason, ''), 0, count(*) FROM outcomes GROUP BY 2, 3, 4;
    INSERT INTO due (library_id, subject_id, step, subject_kind, lane)
    SELECT 1, n, step, 'o', 0 FROM generate_series(81, 100) AS n, unnest(ARRAY['metadata', 'renditions']) AS step;
    SELECT setval('subject_ids', 2000);
"""
BEFORE_THE_FIRST_RELEASE = {
    f"0010 demands face_people.{column} of who does not know it" for column in ("x", "y", "width", "height")
}
"""People of the development before it had to be found anew. Nothing may come to these."""
KEPT = ("libraries", "originals", "fingerprints", "items", "facts", "renditions", "outcomes", "due")


def columns(url: str) -> dict[tuple[str, str], Any]:
    with engine.connect(url) as connection:
        return {(row.table_name, row.column_name): row for row in connection.execute(COLUMNS)}


def counts(url: str) -> dict[str, int]:
    with engine.connect(url) as connection:
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in KEPT}


@pytest.fixture
def first(bare_catalog: str) -> str:
    """A catalog as the first schema had it, with a library in it."""
    migrate.upgrade(bare_catalog, migrate.revisions()[0])
    with engine.connect(bare_catalog) as connection:
        for statement in LIBRARY.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
        connection.commit()
    return bare_catalog


def test_all_that_was_there_is_there_and_work_goes_on(first: str) -> None:
    before = counts(first)
    migrate.upgrade(first)
    assert counts(first) == before
    steps = [step.name for step in registry.for_everyone("original")]
    with engine.connect(first) as connection:
        assert migrate.current(connection) == migrate.head()
        now = status.of_library(connection, 1, "first")
        assert (now.originals, now.quarantined) == (100, 10)
        assert now.steps["renditions"].counts["done"] == 75
        lease = leases.take(connection, pass_name="original", steps=steps, claim="c", most=50, lease_s=60)
        assert isinstance(lease, Lease)
        assert lease.size == 20


def test_no_migration_takes_or_demands_what_the_version_before_does_not_know(bare_catalog: str) -> None:
    known: dict[tuple[str, str], Any] = {}
    wrong: set[str] = set()
    for revision in migrate.revisions():
        migrate.upgrade(bare_catalog, revision)
        found = columns(bare_catalog)
        wrong |= {f"{revision} takes away {table}.{column}" for table, column in known.keys() - found.keys()}
        tables = {table for table, _ in known}
        for (table, column), now in found.items():
            was = known.get((table, column))
            if was is None and table in tables and not (now.nullable or now.filled):
                wrong.add(f"{revision} demands {table}.{column} of who does not know it")
            if was is not None and was.data_type != now.data_type:
                wrong.add(f"{revision} changes the type of {table}.{column}")
            if was is not None and was.nullable and not (now.nullable or now.filled):
                wrong.add(f"{revision} demands {table}.{column}")
        known = found
    assert wrong == BEFORE_THE_FIRST_RELEASE


def test_a_worker_in_the_middle_of_its_work_is_waited_for_and_goes_on(first: str) -> None:
    with engine.connect(first) as worker:
        worker.execute(text("UPDATE outcomes SET attempts = 2 WHERE library_id = 1 AND subject_id = 1001"))
        upgrading = threading.Thread(target=migrate.upgrade, args=(first,))
        upgrading.start()
        worker.execute(text("UPDATE outcomes SET attempts = 3 WHERE library_id = 1 AND subject_id = 1001"))
        worker.commit()
        upgrading.join(120)
        assert not upgrading.is_alive()
        written = """
            INSERT INTO outcomes (library_id, subject_id, step, state, attempts, version, inputs_key, cpu_s, wall_s,
                bytes_read, bytes_written, task) VALUES (1, 1001, 'quality', 'done', 1, 1, 'k', 0, 0, 0, 0, 't')
        """
        worker.execute(text(written))
        worker.commit()
    with engine.connect(first) as connection:
        attempts = text("SELECT DISTINCT attempts FROM outcomes WHERE subject_id = 1001 AND step <> 'quality'")
        assert list(connection.execute(attempts).scalars()) == [3]
        assert migrate.current(connection) == migrate.head()
