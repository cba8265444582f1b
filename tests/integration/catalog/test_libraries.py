"""Libraries side by side: no overlap, no leak, and what happens when consent goes."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from albumen.catalog import engine, libraries
from albumen.catalog.libraries import LibraryError
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

VECTOR = "[" + ",".join(["0.1"] * 128) + "]"


def create(url: str, name: str, bucket: str, prefix: str) -> None:
    with engine.connect(url) as connection:
        libraries.create(connection, name=name, bucket=bucket, prefix=prefix, home_zone="UTC", consents=())
        connection.commit()


def test_a_source_that_overlaps_another_librarys_is_refused(catalog: str) -> None:
    create(catalog, "first", "bucket", "a/b/")
    for prefix in ("", "a/", "a/b/", "a/b/c/", "a/b"):
        with pytest.raises(LibraryError, match="overlaps"):
            create(catalog, "second", "bucket", prefix)


def test_neighbours_that_only_look_alike_are_no_overlap(catalog: str) -> None:
    create(catalog, "first", "bucket", "a/b/")
    create(catalog, "second", "bucket", "a/bc/")
    create(catalog, "third", "other-bucket", "a/b/")
    with engine.connect(catalog) as connection:
        assert [library.name for library in libraries.everyone(connection)] == ["first", "second", "third"]


def test_a_name_is_taken_once_and_a_missing_one_is_told_with_those_there_are(catalog: str) -> None:
    create(catalog, "first", "bucket", "a/")
    with pytest.raises(LibraryError, match="exists already"):
        create(catalog, "first", "bucket", "b/")
    with engine.connect(catalog) as connection, pytest.raises(LibraryError, match="there are: first"):
        libraries.named(connection, "second")


def test_an_unknown_consent_is_refused(catalog: str) -> None:
    create(catalog, "first", "bucket", "a/")
    with engine.connect(catalog) as connection, pytest.raises(LibraryError, match="voices"):
        libraries.change(connection, "first", {"consents": ["voices"]})


def test_two_overlapping_libraries_made_at_once_are_not_both_made(catalog: str) -> None:
    with engine.connect(catalog) as first:
        libraries.create(first, name="one", bucket="bucket", prefix="a/", home_zone="UTC", consents=())
        failed: list[BaseException] = []

        def other() -> None:
            try:
                create(catalog, "two", "bucket", "a/b/")
            except LibraryError as error:
                failed.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.5)
        first.commit()
        thread.join()
    assert len(failed) == 1


def face(library: TestLibrary, item: int) -> None:
    library.execute(
        "INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, model_id, "
        "vector) VALUES (:l, :i, 0, 0, 0, 1, 1, 0.9, '{}', 1, 'm', :v)",
        l=library.library.library_id, i=item, v=VECTOR,
    )  # fmt: skip


def forget(library: TestLibrary) -> None:
    with library.connect() as connection:
        libraries.change(connection, library.library.name, {"consents": []})
        libraries.forget_faces(connection, library.library.library_id)
        connection.commit()


def test_withdrawn_consent_deletes_every_face_and_all_work_on_faces(catalog, object_store, bucket) -> None:
    mine = TestLibrary.create(catalog, object_store, bucket, name="mine", consents=("faces",))
    other = TestLibrary.create(catalog, object_store, bucket, name="other", consents=("faces",))
    for library in (mine, other):
        face(library, 1)
        library.execute(
            "INSERT INTO due (library_id, subject_id, step, subject_kind, lane, shard_id) "
            "VALUES (:l, 1, 'faces', 'i', 0, NULL), (:l, 1, 'quality', 'i', 0, 7), (:l, 1, 'text', 'i', 0, 7)",
            l=library.library.library_id,
        )
        library.execute(
            "INSERT INTO quality (library_id, item_id, score, sharpness, exposure, contrast, reasons, faces) "
            "VALUES (:l, 1, 0.5, 0.5, 1, 1, '{dark,blurred_faces}', 0.2)",
            l=library.library.library_id,
        )
    forget(mine)
    scope = {"l": mine.library.library_id}
    assert mine.query("SELECT reasons, faces FROM quality WHERE library_id = :l", **scope) == [(["dark"], None)]
    assert other.query("SELECT faces IS NULL FROM quality WHERE library_id <> :l", **scope) == [(False,)]
    held = "SELECT step, shard_id FROM due WHERE library_id = :l ORDER BY step"
    assert mine.query(held, **scope) == [("quality", None), ("text", 7)], "what is under way on quality is dropped"
    for table in ("faces", "due WHERE step = 'faces'"):
        assert [row[0] for row in mine.query(f"SELECT library_id FROM {table}")] == [other.library.library_id]


def test_faces_that_a_worker_is_just_writing_go_too_when_consent_is_withdrawn(catalog, object_store, bucket) -> None:
    library = TestLibrary.create(catalog, object_store, bucket, consents=("faces",))
    scope = {"l": library.library.library_id}
    library.execute(
        "INSERT INTO due (library_id, subject_id, step, subject_kind, lane) VALUES (:l, 1, 'faces', 'i', 0)", **scope
    )
    with engine.connect(catalog) as worker:
        worker.execute(text("DELETE FROM due WHERE library_id = :l"), scope)
        worker.execute(
            text(
                "INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, "
                "model_id, vector) VALUES (:l, 1, 0, 0, 0, 1, 1, 0.9, '{}', 1, 'm', :v)"
            ),
            {**scope, "v": VECTOR},
        )
        thread = threading.Thread(target=forget, args=(library,))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits for the worker"
        worker.commit()
        thread.join()
    assert library.query("SELECT FROM faces") == []


def test_a_statement_that_takes_too_long_is_ended(catalog: str) -> None:
    with (
        engine.connect(catalog, statement_timeout_s=0.2) as connection,
        pytest.raises(OperationalError, match="timeout"),
    ):
        connection.execute(text("SELECT pg_sleep(5)"))


@pytest.mark.parametrize("prefix", ["", "renditions/", "renditions/1/", "mem"])
def test_what_albumen_writes_itself_is_no_source(catalog, prefix):
    with engine.connect(catalog) as connection, pytest.raises(LibraryError, match="writes itself"):
        libraries.create(
            connection, name="own", bucket="ours", prefix=prefix, home_zone="UTC", consents=(), library_bucket="ours"
        )


def test_another_prefix_of_the_library_bucket_may_be_a_source(catalog):
    with engine.connect(catalog) as connection:
        made = libraries.create(
            connection, name="own", bucket="ours", prefix="in/", home_zone="UTC", consents=(), library_bucket="ours"
        )
    assert made.prefix == "in/"
