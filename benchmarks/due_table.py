"""A catalog with as much pending work as wanted: several libraries, all lanes, both steps of the original pass."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from albumen.catalog import libraries
from albumen.catalog.due import Lane

STEPS = ("metadata", "renditions")
# Shares of the libraries and lanes: one large library among small ones, mostly backfill.
LIBRARY_SHARES = (0.5, 0.2, 0.1, 0.1, 0.05, 0.05)
LANE_SHARES = {Lane.FRESH: 0.3, Lane.RETRY: 0.1, Lane.BACKFILL: 0.6}
# Half of the retries wait for their time, as after an outage.
WAITING_RETRIES = 0.5
BUCKET = "bench"

ORIGINALS = text("""
    INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, discovered_at)
    SELECT :library_id, :bucket, 'l' || :library_id || '/' || n || '.jpg', n, md5(n::text), 3000000,
        timestamptz '2020-01-01', timestamptz '2020-01-01'
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
""")
OUTCOMES = text("""
    INSERT INTO outcomes (library_id, subject_id, step, state, attempts, version, inputs_key, cpu_s, wall_s,
        bytes_read, bytes_written, task)
    SELECT :library_id, -n, step, 'done', 1, 1, md5(n::text), 0.1, 0.1, 3000000, 300000, 'bench'
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n,
        unnest(CAST(:steps AS text[])) AS step
""")
COPY = "COPY due (library_id, subject_id, step, subject_kind, lane, due_since, not_before) FROM STDIN"


@dataclass(frozen=True, slots=True)
class Filled:
    """What was made: the libraries' ids and how many rows are due."""

    library_ids: list[int]
    rows: int


def fill(connection: Connection, rows: int, *, seed: int = 1) -> Filled:
    """Make about `rows` due rows, the originals they are due on, and as many outcomes of work that ended.

    No ANALYZE is run, and none runs by itself: the planner knows nothing of what was made.
    """
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("ALTER TABLE due SET (autovacuum_enabled = off)"))
    subjects = max(len(LIBRARY_SHARES), rows // len(STEPS))
    ids, first = [], 1
    spans = []
    for number, share in enumerate(LIBRARY_SHARES):
        name = f"bench{number}"
        made = libraries.create(connection, name=name, bucket=BUCKET, prefix=f"{name}/", home_zone="UTC", consents=())
        last = first + max(1, round(subjects * share)) - 1
        span = {"library_id": made.library_id, "first": first, "last": last}
        connection.execute(ORIGINALS, {**span, "bucket": BUCKET})
        connection.execute(OUTCOMES, {**span, "steps": list(STEPS)})
        ids.append(made.library_id)
        spans.append((made.library_id, first, last))
        first = last + 1
    connection.execute(text("SELECT setval('subject_ids', :last)"), {"last": first})
    cursor = connection.connection.cursor()
    n = 0
    with cursor.copy(COPY) as copy:  # type: ignore[attr-defined]
        for row in _due_rows(spans, random.Random(seed)):
            copy.write_row(row)
            n += 1
    connection.commit()
    return Filled(ids, n)


def _due_rows(spans: list[tuple[int, int, int]], generator: random.Random) -> Iterator[tuple[object, ...]]:
    """Rows in an order that mixes libraries and lanes, as they would arrive; a subject's steps stay together."""
    subjects = [(library_id, subject) for library_id, first, last in spans for subject in range(first, last + 1)]
    generator.shuffle(subjects)
    now = datetime.now(UTC)
    before, later = now - timedelta(minutes=10), now + timedelta(hours=1)
    for library_id, subject in subjects:
        lane = generator.choices(list(LANE_SHARES), list(LANE_SHARES.values()))[0]
        waits = lane is Lane.RETRY and generator.random() < WAITING_RETRIES
        for step in STEPS:
            yield library_id, subject, step, "o", int(lane), before, later if waits else before
