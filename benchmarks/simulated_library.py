"""A library of simulated rows: what organising reads, without any file.

Structures vary most along their first dimensions, and about as little along the others as those of real photos do: the
variances of photos of many sources are those of nine independent dimensions, of these eight (the square of the sum of
all variances over the sum of their squares). Were all alike, an index of them would be searched four times as long, and
find less.
"""

from __future__ import annotations

from sqlalchemy import text

from albumen.catalog import engine as engines
from albumen.catalog import map_cells, visits

FILL = (
    "INSERT INTO libraries (name, bucket, consents) VALUES ('bench', 'bench', '{faces}')",
    """INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
       SELECT 1, n, sha256(CAST(CAST(n AS text) AS bytea)), 3000000, 'photo', 'image/jpeg'
       FROM generate_series(1, :n) n""",
    """INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id)
       SELECT 1, 'bench', 'IMG_' || n || '.jpg', n, 'e', 3000000, now(), n FROM generate_series(1, :n) n""",
    """INSERT INTO facts (library_id, item_id, original_id, width, height, taken_local, taken_utc, taken_confidence,
           gps_lat, gps_lon, make, model)
       SELECT 1, n, n, 4000, 3000, t, t AT TIME ZONE 'UTC', 'high', 43.3 + 0.01 * (n % 5), -1.98, 'Bench', 'One'
       FROM (SELECT n, timestamp '2014-01-01' + interval '1 day' * floor(at / 1440)
                 + interval '1 minute' * (540 + (at - 1440 * floor(at / 1440)) / 2) AS t
             FROM (SELECT n, n * 5256000.0 / :n AS at FROM generate_series(1, :n) n) AS minutes) AS at""",
    "DROP INDEX likenesses_by_structure",
    """INSERT INTO likenesses (library_id, item_id, phash, miniature, structure)
       SELECT 1, n, n, decode(repeat(md5(CAST(n AS text)), 144), 'hex'),
           CAST(ARRAY(SELECT (random() - 0.5 + 0 * n) / power(k, 0.6) FROM generate_series(1, 64) k) AS vector)
       FROM generate_series(1, :n) n""",
    "CREATE INDEX likenesses_by_structure ON likenesses USING hnsw (structure vector_cosine_ops)",
    """INSERT INTO item_places (library_id, item_id, lat, lon, place_id, inferred)
       SELECT 1, item_id, gps_lat, gps_lon, 'es-basque-country-donostia-san-sebastian', false FROM facts""",
    """INSERT INTO places VALUES (1, 'es-basque-country-donostia-san-sebastian', 'Donostia / San Sebastián',
           'Basque Country', 'Spain', 'ES', 43.31, -1.97)""",
    """INSERT INTO visits SELECT 1, CAST(taken_local AS date), floor(gps_lat * 100), floor(gps_lon * 100), avg(gps_lat),
           avg(gps_lon), count(*), min(taken_utc), max(taken_utc) FROM facts GROUP BY 2, 3, 4""",
    "INSERT INTO days SELECT 1, CAST(taken_local AS date), count(*), count(*), count(*) FROM facts GROUP BY 2",
)

NEW = (
    """INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
       VALUES (1, :n, sha256(CAST(CAST(CAST(:n AS bigint) AS text) AS bytea)), 3000000, 'photo', 'image/jpeg')""",
    """INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id)
       VALUES (1, 'bench', 'NEW_' || CAST(:n AS bigint) || '.jpg', :n, 'e', 3000000, now(), :n)""",
    """INSERT INTO facts (library_id, item_id, original_id, width, height, taken_local, taken_utc, taken_confidence,
           gps_lat, gps_lon, make, model)
       VALUES (1, :n, :n, 4000, 3000, timestamp '2024-03-01 12:00' + interval '1 day' * (CAST(:n AS bigint) % 100),
           timestamptz '2024-03-01 12:00+00' + interval '1 day' * (CAST(:n AS bigint) % 100), 'high', 43.32, -1.98,
           'Bench', 'One')""",
    """INSERT INTO likenesses (library_id, item_id, phash, miniature, structure)
       SELECT 1, :n, 1, decode(string_agg(md5(random() || '.' || part), ''), 'hex'),
           CAST(ARRAY(SELECT (random() - 0.5) / power(k, 0.6) FROM generate_series(1, 64) k) AS vector)
       FROM generate_series(1, 144) part""",
    "INSERT INTO dirty_items VALUES (1, :n)",
    """INSERT INTO dirty_days SELECT 1, CAST(taken_local AS date) FROM facts WHERE item_id = :n
       ON CONFLICT DO NOTHING""",
)


def fill(url: str, items: int) -> None:
    """Ten years of photos near one home, by day, five places in turn, organised as far as places and visits.

    A library that is there already stays.
    """
    with engines.engine(url).connect() as connection:
        if connection.scalar(text("SELECT EXISTS (SELECT FROM items)")):
            return
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '1GB'")
        for statement in FILL:
            connection.execute(text(statement), {"n": items} if ":n" in statement else {})
        map_cells.count(connection, 1, sorted({visit.day for visit in visits.everyone(connection, 1)}))
        connection.commit()
    with engines.engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE")


def new_photo(url: str) -> None:
    """One more photo, on a day of its own."""
    with engines.engine(url).connect() as connection:
        number = connection.scalar(text("SELECT max(item_id) + 1 FROM items WHERE library_id = 1"))
        for statement in NEW:
            connection.execute(text(statement), {"n": number})
        connection.commit()
