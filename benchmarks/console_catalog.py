"""A catalog with a library of so many items, as a month of work leaves it: simulated rows, all tables a page asks."""

from __future__ import annotations

from sqlalchemy import Connection, text

from albumen.catalog import libraries, map_cells, visits

STEPS = ("metadata", "renditions", "quality", "likeness")
QUARANTINED = 100
"""One item in so many, of its renditions; one in as many waits for its likeness."""

ROWS = (
    """
    INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id, kind, mime,
        discovered_at)
    SELECT :library_id, 'bench', :prefix || (2000 + n / :rare % 25) || '/' || lpad(n::text, 8, '0') || '.jpg',
        :base + 2 * n, md5(n::text), 3000000, now(), :base + 2 * n + 1, 'photo', 'image/jpeg',
        now() - interval '1 minute' - interval '30 days' * (CAST(:items - n AS float8) / :items)
    FROM generate_series(1, :items) AS n
    """,
    """
    INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
    SELECT :library_id, :base + 2 * n + 1, decode(md5(n::text) || md5(n::text), 'hex'), 3000000, 'photo', 'image/jpeg'
    FROM generate_series(1, :items) AS n
    """,
    """
    INSERT INTO facts (library_id, item_id, original_id, width, height, orientation, taken_local, make, model)
    SELECT :library_id, :base + 2 * n + 1, :base + 2 * n, 4000, 3000, 1,
        timestamp '2000-01-01' + interval '25 years' * (CAST(n AS float8) / :items), 'Bench', 'Model ' || n % 20
    FROM generate_series(1, :items) AS n
    """,
    """
    INSERT INTO days (library_id, day, photos, good, shown)
    SELECT library_id, CAST(taken_local AS date), count(*), count(*), count(*) FROM facts
    WHERE library_id = :library_id GROUP BY 1, 2
    """,
    """
    INSERT INTO visits (library_id, day, lat_cell, lon_cell, lat, lon, photos, first_at, last_at)
    SELECT :library_id, day, row, col, 0.01 * row + 0.005, 0.01 * col + 0.005, count(*), now(), now()
    FROM (
        SELECT CAST(taken_local AS date) AS day, 4300 + (37 * spot) % 900 AS row, -200 + (61 * spot) % 2000 AS col
        FROM facts CROSS JOIN LATERAL (
            SELECT CAST(extract(doy FROM taken_local) AS integer) * 8 + item_id % 8 AS spot
        ) AS s WHERE library_id = :library_id
    ) AS seen GROUP BY 2, 3, 4
    """,
    """
    INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes)
    SELECT :library_id, :base + 2 * n + 1, name, 'renditions/' || n || '/' || name, 'image/jpeg', 1920, 1440, 300000
    FROM generate_series(1, :items) AS n, unnest(ARRAY['preview', 'thumb']) AS name WHERE n % :rare <> 0
    """,
    """
    INSERT INTO quality (library_id, item_id, score, sharpness, exposure, contrast)
    SELECT :library_id, :base + 2 * n + 1, 0.5, 0.5, 0.5, 0.5 FROM generate_series(1, :items) AS n
    """,
    """
    INSERT INTO outcomes (library_id, subject_id, step, state, reason, detail, attempts, version, inputs_key, cpu_s,
        wall_s, bytes_read, bytes_written, task, at)
    SELECT :library_id, :base + 2 * n + 1, step,
        CASE WHEN step = 'renditions' AND n % :rare = 0 THEN 'quarantined' ELSE 'done' END,
        CASE WHEN step = 'renditions' AND n % :rare = 0 THEN 'unreadable' END,
        CASE WHEN step = 'renditions' AND n % :rare = 0 THEN 'cut off: 100 of 3000000 bytes' END,
        1, 1, md5(n::text), 0.05, 0.05, 3000000, 300000,
        'transcode_originals/' || :name || '-r' || n / 1000 || '/process/' || n / 200 % 5 || '/1',
        now() - interval '30 days' * (CAST(:items - n AS float8) / :items)
    FROM generate_series(1, :items) AS n, unnest(CAST(:steps AS text[])) AS step
    WHERE NOT (step = 'likeness' AND n % :rare = 1)
    """,
    """
    INSERT INTO outcome_history (library_id, subject_id, step, state, reason, detail, attempts, version, inputs_key,
        cpu_s, wall_s, bytes_read, bytes_written, task, at)
    SELECT library_id, subject_id, step, state, reason, detail, attempts, version, inputs_key, cpu_s, wall_s,
        bytes_read, bytes_written, task, at
    FROM outcomes WHERE library_id = :library_id ORDER BY at
    """,
    """
    INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, model_id, vector)
    SELECT :library_id, :base + 2 * n + 1, 0, 0.4, 0.2, 0.1, 0.15, 0.9, '{}', 1, 'bench', one.vector
    FROM generate_series(1, :items) AS n, (SELECT array_fill(1, ARRAY[128])::vector AS vector) AS one
    WHERE n % :rare = 2
    """,
    """
    INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height)
    SELECT library_id, item_id, 0, 'p' || item_id / 2 / :rare % GREATEST(10, :items / 20000), 0.9, x, y, width, height
    FROM faces WHERE library_id = :library_id
    """,
    """
    INSERT INTO people (library_id, person_id, name, faces, cover_item_id, cover_face_no, model_id)
    SELECT :library_id, person_id, 'Person ' || person_id, count(*), min(item_id), 0, 'bench'
    FROM face_people WHERE library_id = :library_id GROUP BY person_id
    """,
    """
    INSERT INTO duplicate_groups (library_id, group_id, kind, items, keeper_item_id)
    SELECT :library_id, 'g' || lpad(n::text, 8, '0'), CASE WHEN n % 2 = 0 THEN 'near' ELSE 'stack' END, 2,
        :base + 2 * (n * 50) + 1
    FROM generate_series(1, :items / 50) AS n
    """,
    """
    INSERT INTO duplicate_members (library_id, item_id, kind, group_id, rank, likeness)
    SELECT library_id, keeper_item_id + 2 * rank, kind, group_id, rank, 1 - rank * 0.1
    FROM duplicate_groups CROSS JOIN generate_series(0, 1) AS rank WHERE library_id = :library_id
    """,
    """
    INSERT INTO due (library_id, subject_id, step, subject_kind, lane, due_since)
    SELECT :library_id, :base + 2 * n + 1, 'likeness', 'i', 0, now() - interval '1 minute'
    FROM generate_series(1, :items) AS n WHERE n % :rare = 1
    """,
    """
    INSERT INTO tallies (library_id, step, state, reason, slice, n)
    SELECT library_id, step, state, COALESCE(reason, ''), 0, count(*) FROM outcomes
    WHERE library_id = :library_id GROUP BY 1, 2, 3, 4
    """,
    """
    INSERT INTO hours_of_work (library_id, hour, step, state, reason, slice, n, cpu_s, wall_s, bytes_read,
        bytes_written)
    SELECT library_id, date_trunc('hour', at), step, state, COALESCE(reason, ''), 0, count(*), sum(cpu_s), sum(wall_s),
        sum(bytes_read), sum(bytes_written) FROM outcomes WHERE library_id = :library_id GROUP BY 1, 2, 3, 4, 5
    """,
    """
    INSERT INTO shards (library_id, pass_name, lane, size, claim, leased_until, started_at, finished_at, summary)
    SELECT :library_id, 'original', 0, 200,
        'transcode_originals/' || :name || '-r' || n / 5 || '/process/' || n % 5, now(),
        now() - interval '30 days' * (CAST(:items - n * 200 AS float8) / :items),
        now() - interval '30 days' * (CAST(:items - n * 200 AS float8) / :items) + interval '40 seconds',
        '{"size": 200, "seconds": 40, "adopted": 0, "bytes_read": 600000000, "bytes_written": 60000000,
          "cpu_s": {"renditions": 10.0}, "outcomes": [["renditions", "done", "", 198]]}'::jsonb
    FROM generate_series(1, GREATEST(1, :items / 200)) AS n
    """,
    "INSERT INTO listings (library_id, finished_at, keys) VALUES (:library_id, now(), :items)",
    """
    INSERT INTO backfills (library_id, step, selection, cursor, enqueued, finished_at)
    SELECT :library_id, 'quality', '{"prefix": "2020/", "stale_only": true}', 1, 1000, now() FROM generate_series(1, 30)
    """,
    """
    INSERT INTO memories (memory_id, library_id, kind, key, told_on, title, reason, strength, cover_item_id, inputs_key,
        page_key)
    SELECT substr(md5(:name || '-' || n), 1, 16), :library_id, 'on_this_day', 'day ' || n, current_date - n / 3,
        'Day ' || n, 'ten photos', 0.5, :base + 2 * n + 1, '', ''
    FROM generate_series(1, GREATEST(3, :items / 1000)) AS n
    """,
    """
    INSERT INTO memory_items (memory_id, position, item_id, reason)
    SELECT memory_id, position, cover_item_id + 2 * position, 'sharp'
    FROM memories CROSS JOIN generate_series(0, 9) AS position WHERE library_id = :library_id
    """,
    "INSERT INTO memory_turns (library_id, day) VALUES (:library_id, current_date)",
    """
    INSERT INTO alerts (kind, about, summary, resolved_at)
    SELECT 'quarantine', :name, 'too much is in quarantine', CASE WHEN n > 1 THEN now() - interval '1 hour' * n END
    FROM generate_series(1, 500) AS n
    """,
    """
    INSERT INTO audit (by, action, library, details)
    SELECT 'operator', 'release', :name, '{"outcomes": 3, "subjects": [1, 2, 3]}' FROM generate_series(1, 200)
    """,
)
VACUUM = """
    VACUUM ANALYZE originals, items, facts, renditions, quality, faces, face_people, people, duplicate_groups,
        duplicate_members, memories, memory_items, days, visits, map_cells, outcomes, outcome_history, due, tallies,
        hours_of_work, shards
"""


def fill(connection: Connection, name: str, items: int) -> int:
    """Make a library of so many items; its id. Indexes and statistics are brought up to date as autovacuum would.

    A library of that name that is there already is taken as it is.
    """
    kept = {library.name: library.library_id for library in libraries.everyone(connection)}
    if name in kept:
        return kept[name]
    made = libraries.create(
        connection, name=name, bucket="bench", prefix=f"{name}/", home_zone="UTC", consents=("faces",)
    )
    known = connection.execute(text("SELECT COALESCE(max(original_id), 0) + 2 FROM originals")).scalar_one()
    values = {
        "library_id": made.library_id,
        "items": items,
        "prefix": made.prefix,
        "base": known,
        "steps": list(STEPS),
        "rare": QUARANTINED,
        "name": name,
    }
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    for statement in ROWS:
        connection.execute(text(statement), values)
    seen = visits.everyone(connection, made.library_id)
    map_cells.count(connection, made.library_id, sorted({visit.day for visit in seen}))
    connection.commit()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text(VACUUM))
    return made.library_id
