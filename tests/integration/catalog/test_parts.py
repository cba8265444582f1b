"""What counts a whole library does so in parts, and tells the same as one statement would."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from albumen.catalog import duplicates, engine, erasable, libraries, models_in_use, parts, people, renditions
from albumen.catalog.erasures import Selection
from albumen.catalog.libraries import Library
from albumen.catalog.models_in_use import Coverage
from albumen.catalog.renditions import Total

pytestmark = pytest.mark.stack

ITEMS = 11
ROWS = (
    """
    INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime)
    SELECT :library_id, :base + n, decode(md5(n::text) || md5(n::text), 'hex'), 1000, 'photo', 'image/jpeg'
    FROM generate_series(1, :items) AS n
    """,
    # Two copies of every fourth item, of which one more is gone; three that nobody has read.
    """
    INSERT INTO originals (library_id, bucket, key, etag, size, last_modified, item_id, vanished_at)
    SELECT :library_id, 'b', :prefix || n || suffix, '', 1, now(), NULLIF(:base + n, :base),
        CASE WHEN suffix = ' gone' THEN now() END
    FROM generate_series(0, :items) AS n, unnest(ARRAY['', ' copy', ' gone']) AS suffix
    WHERE n % 4 = 0 OR suffix = ''
    """,
    """
    INSERT INTO renditions (library_id, item_id, name, key, mime, width, height, bytes)
    SELECT :library_id, :base + n, name, name || n, 'image/jpeg', 100, 100, n
    FROM generate_series(1, :items) AS n, unnest(ARRAY['preview', 'thumb']) AS name WHERE name = 'thumb' OR n > 2
    """,
    """
    INSERT INTO embeddings (library_id, item_id, model_id, vector)
    SELECT :library_id, :base + n, 'one', array_fill(1, ARRAY[384])::halfvec FROM generate_series(1, 5) AS n
    """,
    """
    INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, model_id, vector)
    SELECT :library_id, :base + n, face_no, 0, 0, 1, 1, 1, '{}', 1, 'm', array_fill(1, ARRAY[128])::vector
    FROM generate_series(1, :items) AS n, generate_series(0, 2) AS face_no WHERE n % 2 = 0
    """,
    """
    INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height)
    SELECT library_id, item_id, face_no, 'p' || face_no, 1, 0, 0, 1, 1 FROM faces WHERE library_id = :library_id
    """,
    """
    INSERT INTO people (library_id, person_id, faces)
    SELECT library_id, person_id, count(*) + CASE person_id WHEN 'p1' THEN 1 ELSE 0 END
    FROM face_people WHERE library_id = :library_id GROUP BY 1, 2
    """,
)


@pytest.fixture
def connection(catalog: str) -> Iterator[Connection]:
    with engine.connect(catalog) as connection:
        yield connection


@pytest.fixture(params=[1, 2, 4, 1000])
def library(connection: Connection, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The first of two alike, read so many rows at a time."""
    monkeypatch.setattr(parts, "READ_AT_ONCE", request.param)
    made = [
        libraries.create(connection, name=name, bucket="b", prefix=f"{name}/", home_zone="UTC", consents=("faces",))
        for name in ("one", "two")
    ]
    for number, one in enumerate(made):
        values = {"library_id": one.library_id, "prefix": one.prefix, "base": 1000 * number, "items": ITEMS}
        for statement in ROWS:
            connection.execute(text(statement), values)
    return made[0]


def test_renditions_are_counted(connection: Connection, library: Library) -> None:
    assert renditions.totals(connection, library.library_id) == [Total("preview", 9, 63), Total("thumb", 11, 66)]


def test_copies_are_found_until_there_are_enough(connection: Connection, library: Library) -> None:
    everyone = [["one/4", "one/4 copy"], ["one/8", "one/8 copy"]]
    assert duplicates.copies(connection, library.library_id) == everyone
    assert duplicates.copies(connection, library.library_id, most=1) == everyone[:1]


def test_what_a_model_has_seen_is_counted_in_all_libraries(connection: Connection, library: Library) -> None:
    assert models_in_use.coverage(connection, "one") == Coverage(photos=18, seen=6)
    assert models_in_use.coverage(connection, "other") == Coverage(photos=18, seen=0)


def test_who_has_fewer_faces_than_counted_is_found(connection: Connection, library: Library) -> None:
    assert people.stale(connection, library.library_id, [1]) == []
    assert people.stale(connection, library.library_id, [1, 77]) == ["p1"]


def test_what_an_erasure_takes_of_a_library_is_counted(connection: Connection, library: Library) -> None:
    extent = erasable.measure(connection, library, Selection(whole_library=True))
    assert (extent.items, extent.originals, extent.faces) == (11, 15, 15)
    assert (extent.renditions, extent.rendition_bytes, extent.memories) == (20, 129, 0)
