"""A library with very many faces: memory and time of finding out whose the faces of one more batch are."""

from __future__ import annotations

import resource
from typing import Any

from conditions import timed
from sqlalchemy import text
from stacks import catalog

from albumen.catalog import engine as engines
from albumen.organise import recognising

FACES_A_PERSON = 100
BATCH = 500
INDEX = "CREATE INDEX faces_by_vector ON faces USING hnsw (vector vector_cosine_ops)"
LANDMARKS = "ARRAY[0.3, 0.3, 0.5, 0.3, 0.4, 0.4, 0.32, 0.5, 0.48, 0.5]"

FILL = (
    "INSERT INTO libraries (name, bucket, consents) VALUES ('bench', 'bench', '{faces}')",
    """INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
       SELECT 1, n, sha256(CAST(CAST(n AS text) AS bytea)), 1, 'photo', 'image/jpeg' FROM generate_series(1, :all) n""",
    """INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes)
       SELECT 1, n, 'preview', 'k', 'image/jpeg', 2000, 1440, 1 FROM generate_series(1, :all) n""",
    """CREATE TABLE somebody AS SELECT p AS number, l2_normalize(CAST(ARRAY(
           SELECT random() - 0.5 + 0 * p FROM generate_series(1, 128)) AS vector)) AS point
       FROM generate_series(0, :people) p""",
    """CREATE TABLE mood AS SELECT m AS number, l2_normalize(CAST(ARRAY(
           SELECT random() - 0.5 + 0 * m FROM generate_series(1, 128)) AS vector)) AS point
       FROM generate_series(0, 4999) m""",
    f"""INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, model_id,
           vector)
       SELECT 1, n, 0, 0.2, 0.2, 0.2, 0.3, 0.9, {LANDMARKS}, 100, 'm',
           l2_normalize(s.point + m.point * CAST(array_fill(0.75, ARRAY[128]) AS vector))
       FROM (SELECT n, n % :people AS s, (CAST(n AS bigint) * 7919) % 5000 AS m
             FROM generate_series(1, :all) n) AS chosen
       JOIN somebody s ON s.number = chosen.s JOIN mood m ON m.number = chosen.m""",
    """INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height)
       SELECT 1, n, 0, 'p' || n % :people, 1, 0.2, 0.2, 0.2, 0.3 FROM generate_series(1, :n) n""",
    """INSERT INTO people (library_id, person_id, faces, model_id, centre)
       SELECT 1, 'p' || item_id % :people, count(*), 'm', avg(vector) FROM faces WHERE item_id <= :n GROUP BY 2""",
)  # fmt: skip


def measure(maintenance: str, faces: int) -> dict[str, Any]:
    """So many faces of a hundredth as many people; then 500 more, whose owners are found by the real code."""
    url = catalog(maintenance, f"bench_faces_{faces}")
    known = {"n": faces, "all": faces + BATCH, "people": max(1, faces // FACES_A_PERSON)}
    with engines.engine(url).connect() as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("SET maintenance_work_mem = '1GB'")
        if not connection.scalar(text("SELECT EXISTS (SELECT FROM items)")):
            connection.exec_driver_sql("DROP INDEX faces_by_vector")
            for statement in FILL:
                used = {name: value for name, value in known.items() if f":{name}" in statement}
                connection.execute(text(statement), used)
            connection.exec_driver_sql(INDEX)
        connection.commit()
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
        before = _peak_mb()
        batch = range(faces + 1, faces + BATCH + 1)
        seconds = timed(lambda: recognising.organise(connection, 1, batch))
        right = connection.execute(
            text("SELECT count(*) FROM face_people WHERE item_id > :n AND person_id = 'p' || item_id % :people"),
            {"n": faces, "people": known["people"]},
        ).scalar_one()
    return {
        "faces": faces,
        "people": known["people"],
        "new faces": BATCH,
        "given to their owner": right,
        "seconds": round(seconds, 2),
        "peak MB of the process": _peak_mb(),
        "of that before": before,
    }


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
