"""What a listing missed is looked up key by key, never by reading the library."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from albumen.catalog import due, engine, libraries, listings, originals

pytestmark = pytest.mark.stack

ROWS = 20_000
ORIGINALS = text("""
    INSERT INTO originals (library_id, bucket, key, etag, size, last_modified, discovered_at)
    SELECT 1, 'b', 'p/' || n, n::text, 1, now(), now() - interval '1 day' FROM generate_series(1, :rows) AS n
""")
LISTED = text("""
    INSERT INTO listed_keys (listing_id, key) SELECT :listing_id, 'p/' || n FROM generate_series(1, :rows) AS n
""")


@pytest.mark.parametrize("known", ["nothing", "empty tables", "all"])
def test_each_step_reads_its_own_keys_whatever_the_planner_knows(catalog: str, known: str) -> None:
    with engine.connect(catalog) as connection:
        library = libraries.create(connection, name="test", bucket="b", prefix="p/", home_zone="UTC", consents=())
        listing_id = listings.start(connection, library.library_id, [("p/", False)])
        if known == "empty tables":
            connection.execute(text("ANALYZE originals, listed_keys"))
        connection.execute(ORIGINALS, {"rows": ROWS})
        connection.execute(LISTED, {"rows": ROWS - 1, "listing_id": listing_id})
        if known == "all":
            connection.execute(text("ANALYZE originals, listed_keys"))
        due.lookups_only(connection)
        scope = {"library_id": 1, "bucket": "b", "after": "p/5", "until": "p/6", "most": 100, "listing_id": listing_id}
        for statement in (originals.UNTIL, originals.MISSING):
            plan = "\n".join(connection.execute(text(f"EXPLAIN {statement}"), scope).scalars())
            assert "Seq Scan" not in plan, plan
            assert "Sort  (" not in plan, plan
        marked, after = [], ""
        while after is not None:
            after, twice = originals.mark_missing(connection, library, listing_id, after=after, most=3_000)
            marked += twice
        assert marked == []
        missed = connection.execute(text("SELECT key FROM originals WHERE missed_listing IS NOT NULL")).scalars()
        assert list(missed) == [f"p/{ROWS}"]
        listings.checkpoint(connection, listing_id, "p/", token="", keys=ROWS - 1)
        assert listings.whole(connection, listing_id) == ROWS - 1
