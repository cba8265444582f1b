"""A library of simulated rows as searching sees it: labels, points, words, places, people; no file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from sqlalchemy import Connection, text

from albumen.catalog import engine as engines
from albumen.catalog import item_words, models_in_use
from albumen.vision.labels import class_names, groups

LIBRARY = 1
PLACES, PEOPLE, CENTRES, NOISES = 400, 60, 1000, 500
WORDS_AT_ONCE = 20_000
SIDE_BY_SIDE = 2
"""As many connections as an engine has."""
BY_WORD = "CREATE INDEX IF NOT EXISTS item_words_by_word ON item_words USING gin (words)"
INDEX = (
    "CREATE INDEX embeddings_by_text_space ON embeddings USING hnsw ((CAST(vector AS halfvec(384))) halfvec_ip_ops) "
    "WHERE model_id = 'efficientnet-lite2.minilm-l6-v2-int8'"
)

FILL = (
    "INSERT INTO libraries (name, bucket, consents) VALUES ('bench', 'bench', '{faces}')",
    """INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
       SELECT 1, n, sha256(CAST(CAST(n AS text) AS bytea)), 3000000, CASE WHEN n % 40 = 0 THEN 'video' ELSE 'photo' END,
           'image/jpeg' FROM generate_series(1, :n) n""",
    """INSERT INTO originals (library_id, bucket, key, original_id, etag, size, last_modified, item_id)
       SELECT 1, 'bench', (2000 + n * 25 / :n) || '/IMG_' || n || '.jpg', n, 'e', 3000000, now(), n
       FROM generate_series(1, :n) n""",
    """INSERT INTO facts (library_id, item_id, original_id, width, height, taken_local, taken_confidence, make, model)
       SELECT 1, n, n, 4000, 3000, timestamp '2000-01-01' + interval '25 years' * (n / (1.0 * :n)), 'high',
           (ARRAY['Canon', 'Nikon', 'Apple', 'Google', 'Panasonic'])[1 + n % 5], 'Model ' || n % 17
       FROM generate_series(1, :n) n""",
    """INSERT INTO places SELECT 1, 'place-' || p, 'Town' || p, 'Region' || p % 60, 'Country' || p % 20, 'XX', 45, 10
       FROM generate_series(0, :places - 1) p""",
    """INSERT INTO item_places (library_id, item_id, lat, lon, place_id, inferred)
       SELECT 1, n, 45, 10, 'place-' || floor(:places * power(random(), 4)), false FROM generate_series(1, :n) n
       WHERE n % 3 > 0""",
    """INSERT INTO people (library_id, person_id, name, faces)
       SELECT 1, 'person-' || p, 'Person' || p, 100 FROM generate_series(0, :people - 1) p""",
    """INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height)
       SELECT 1, n, 0, 'person-' || floor(:people * power(random(), 3)), 1, 0, 0, 1, 1 FROM generate_series(1, :n) n
       WHERE n % 3 = 0""",
    """INSERT INTO scenes (library_id, item_id, model_id, labels, scores)
       SELECT 1, n, :scene, ARRAY[g.name, c.name], ARRAY[0.4 + 0.6 * random(), 0.25 + 0.5 * random()]
       FROM (SELECT n, floor(:wide * power(random(), 2)) AS g, floor(1000 * random()) AS c
             FROM generate_series(1, :n) n) AS chosen
       JOIN wide_labels g ON g.number = chosen.g JOIN class_labels c ON c.number = chosen.c""",
    """INSERT INTO texts (library_id, item_id, text, lines, model_id)
       SELECT 1, n, 'word' || floor(5000 * random()) || ' word' || floor(5000 * random() * random()), '[]', 'm'
       FROM generate_series(1, :n) n WHERE n % 15 = 0""",
    """INSERT INTO picture_kinds (library_id, item_id, kind, score)
       SELECT 1, n, CASE WHEN n % 25 = 0 THEN 'screenshot' WHEN n % 500 = 1 THEN 'receipt' ELSE 'photo' END, 1
       FROM generate_series(1, :n) n""",
    "INSERT INTO quality SELECT 1, n, random(), 0.5, 0.5, 0.5 FROM generate_series(1, :n) n",
    """INSERT INTO embeddings (library_id, item_id, model_id, vector)
       SELECT 1, n, :text_space, l2_normalize(c.point + z.point)
       FROM (SELECT n, floor(:centres * random()) AS c, floor(:noises * random()) AS z
             FROM generate_series(1, :n) n WHERE n % :apart = 0) AS chosen
       JOIN centres c ON c.number = chosen.c JOIN noises z ON z.number = chosen.z""",
)  # fmt: skip


def fill(url: str, items: int, centres: np.ndarray, points: int) -> None:
    """Twenty-five years of photos; few places have most of them, and so have people and labels.

    What is there already stays: filling a million may be stopped and gone on with.

    Parameters
    ----------
    centres : ndarray, shape (1000, 384), float32
        Where the classes of the scene model are among sentences: pictures lie around them.
    points : int
        So many of the items are points among sentences as well: an index of ten million takes hours.
    """
    with engines.engine(url).connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("SET maintenance_work_mem = '1GB'")
        connection.commit()
        if not connection.scalar(text("SELECT EXISTS (SELECT FROM items)")):
            _fill_rows(connection, items, centres, max(1, items // points))
            connection.commit()
    with engines.engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("ANALYZE")
        begun = connection.scalar(text("SELECT COALESCE(max(item_id), 0) FROM item_words")) or 0
        if begun < items:
            connection.exec_driver_sql("DROP INDEX IF EXISTS item_words_by_word")
    firsts = range(max(1, begun + 1 - SIDE_BY_SIDE * WORDS_AT_ONCE), items + 1, WORDS_AT_ONCE) if begun < items else ()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(lambda first: _remember(url, first, min(first + WORDS_AT_ONCE, items + 1)), firsts))
    with engines.engine(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(BY_WORD)
        connection.exec_driver_sql("VACUUM ANALYZE")


def _remember(url: str, first: int, end: int) -> None:
    with engines.engine(url).connect() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        item_words.remember(connection, LIBRARY, range(first, end))
        connection.commit()


def _fill_rows(connection: Connection, items: int, centres: np.ndarray, apart: int) -> None:
    noise = np.random.default_rng(7).normal(scale=0.5 / np.sqrt(384), size=(NOISES, 384)).astype(np.float32)
    wide = sorted(groups())
    models = models_in_use.model_ids(connection)
    for name, values in (("wide_labels", wide), ("class_labels", class_names())):
        connection.exec_driver_sql(f"CREATE TEMP TABLE {name} (number int, name text)")
        rows = [{"number": number, "name": value} for number, value in enumerate(values)]
        connection.execute(text(f"INSERT INTO {name} VALUES (:number, :name)"), rows)
    for name, points in (("centres", centres), ("noises", noise)):
        connection.exec_driver_sql(f"CREATE TEMP TABLE {name} (number int, point halfvec(384))")
        rows = [{"number": number, "point": str(point.tolist())} for number, point in enumerate(points)]
        connection.execute(text(f"INSERT INTO {name} VALUES (:number, CAST(:point AS halfvec))"), rows)
    known = {
        "n": items, "apart": apart, "places": PLACES, "people": PEOPLE, "wide": len(wide), "centres": len(centres),
        "noises": NOISES, "scene": models[models_in_use.SCENE], "text_space": models[models_in_use.TEXT_SPACE],
    }  # fmt: skip
    connection.exec_driver_sql("DROP INDEX embeddings_by_text_space")
    for statement in FILL:
        connection.execute(text(statement), {name: known[name] for name in known if f":{name}" in statement})
    connection.exec_driver_sql(INDEX)
