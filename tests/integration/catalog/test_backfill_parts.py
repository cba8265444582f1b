"""A part of a backfill costs what the part has, however large the library is."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from albumen.catalog import backfills, engine, libraries
from albumen.catalog.backfills import Selection, StepScope

pytestmark = pytest.mark.stack

SCOPE = StepScope(name="scene", signature="today", kinds=("photo",), needs_renditions=True)
PART = 500
ROWS = (
    """
    INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
    SELECT :library_id, n, decode(md5(n::text) || md5(n::text), 'hex'), 1000, 'photo', 'image/jpeg'
    FROM generate_series(CAST(:first AS bigint), :last) AS n
    """,
    """
    INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes)
    SELECT :library_id, n, 'preview', 'renditions/' || n, 'image/jpeg', 100, 100, 1000
    FROM generate_series(CAST(:first AS bigint), :last) AS n
    """,
    """
    INSERT INTO outcomes (library_id, subject_id, step, state, attempts, version, inputs_key, cpu_s, wall_s, bytes_read,
        bytes_written, task, at)
    SELECT :library_id, n, step, 'done', 1, 1, md5(n::text), 0, 0, 0, 0, '', now()
    FROM generate_series(CAST(:first AS bigint), :last) AS n, unnest(ARRAY['metadata', 'renditions', 'quality']) AS step
    """,
)


def pages_of_a_part(connection: Connection, library_id: int, after: int) -> int:
    """Pages that choosing a part's items reads."""
    parameters = {
        **backfills._parameters(library_id, SCOPE, Selection()),
        "after": after,
        "until": after + PART,
        "most": PART,
    }
    statement = text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {backfills.NEXT}")
    (plan,) = connection.execute(statement, parameters).scalar_one()
    assert plan["Plan"]["Actual Rows"] == PART
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


def test_a_part_costs_the_same_in_a_library_ten_times_as_large(catalog: str) -> None:
    pages = []
    first = 1
    with engine.connect(catalog) as connection:
        for size in (5_000, 50_000):
            made = libraries.create(
                connection, name=f"of-{size}", bucket="b", prefix=f"{size}/", home_zone="UTC", consents=()
            )
            values = {"library_id": made.library_id, "first": first, "last": first + size - 1}
            for statement in ROWS:
                connection.execute(text(statement), values)
            connection.execute(text("ANALYZE items, renditions, outcomes"))
            pages.append(pages_of_a_part(connection, made.library_id, first + size // 2))
            first += size
    assert pages[1] < 1.5 * pages[0], pages
