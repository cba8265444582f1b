"""Erasing a whole library: nothing of it is left but the receipt, and its neighbours are untouched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from albumen.catalog import erasures, leases, libraries
from albumen.catalog.erasures import Phase, Selection
from albumen.catalog.leases import Finished, Lease
from albumen.catalog.libraries import LibraryError
from albumen.catalog.listings import ListingShard
from albumen.catalog.models import Base
from albumen.pipeline import backfilling, discovery, erasing
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

TASK = "dag/run/erase/-1/1"


@pytest.fixture
def pair(library: TestLibrary, sandbox: Any, photo: Callable[..., bytes]) -> tuple[TestLibrary, TestLibrary]:
    """Two libraries with the same photos, in the same buckets."""
    library.execute("SELECT setval('libraries_library_id_seq', 41)")
    made = [TestLibrary.create(library.url, library.store, library.bucket, name=name) for name in ("one", "two")]
    for each in made:
        for number in range(5):
            each.put(f"{number}.jpg", photo(number, taken=f"201{number}:06:01 10:00:00"))
        each.put("copy.jpg", photo(0, taken="2010:06:01 10:00:00"))
        each.put("notes.txt", b"milk, eggs")
        each.discover()
        each.work()
        each.store.put(each.bucket, f"memories/{each.library.library_id}/m/page.html", b"-", mime="text/html")
        each.store.put(each.bucket, f"feeds/{each.library.library_id}/all.json", b"-", mime="application/json")
        with each.connect() as connection:
            backfilling.start_for_policies(connection, each.library, each.library, each.settings)
            connection.commit()
        each.execute(
            "INSERT INTO memories VALUES (:id, :library, 'k', 'k', '2020-01-01', 't', 'r', 1, 1, 'i', 'p')",
            id=f"m{each.library.library_id}", library=each.library.library_id,
        )  # fmt: skip
    return made[0], made[1]


def place(library: TestLibrary, connect: Any = None) -> erasing.Workplace:
    return erasing.Workplace(connect or library.connect, library.store, library.store, library.settings)


def ask(library: TestLibrary) -> int:
    with library.connect() as connection:
        erasure_id = erasures.create(
            connection,
            library.library,
            Selection(whole_library=True),
            claim="run",
            requested_by="ann",
            reason="moved out",
        )
        erasures.approve(connection, erasure_id, by="bob")
        connection.commit()
    return erasure_id


def receipt(library: TestLibrary, erasure_id: int) -> erasures.Erasure:
    with library.connect() as connection:
        return erasures.one(connection, erasure_id)


def rows_of(library: TestLibrary) -> dict[str, int]:
    """How many rows each table has of a library."""
    counts = {
        table: library.query(
            f"SELECT count(*) AS n FROM {table} WHERE library_id = :id",
            id=library.library.library_id,
        )[0].n
        for table, columns in Base.metadata.tables.items()
        if "library_id" in columns.c and table != "erasures"
    }
    return {table: n for table, n in counts.items() if n}


def objects_of(library: TestLibrary) -> list[str]:
    return [key for key in library.stored() if f"/{library.library.library_id}/" in key]


def source(library: TestLibrary) -> dict[str, str]:
    found = library.store.list_all(library.bucket, library.library.prefix)
    return {listed.key: listed.etag for listed in found}


def test_nothing_of_it_is_left_but_the_receipt(pair: tuple[TestLibrary, TestLibrary]) -> None:
    one, two = pair
    neighbour, theirs, originals = rows_of(two), sorted(objects_of(two)), source(one)
    assert rows_of(one).keys() == neighbour.keys() >= {"originals", "facts", "outcome_history", "days", "listings"}
    erasure_id = ask(one)
    assert erasing.run(erasure_id, place(one), task=TASK) == 0
    erasure = receipt(one, erasure_id)
    assert (rows_of(one), objects_of(one), source(one)) == ({}, [], originals)
    assert (rows_of(two), sorted(objects_of(two))) == (neighbour, theirs)
    with one.connect() as connection:
        assert [library.name for library in libraries.everyone(connection)] == ["test", "two"]
    lines = one.store.get(one.bucket, erasure.receipt["keys_object"]).decode().splitlines()
    assert sorted(json.loads(line)["key"] for line in lines) == sorted(originals)
    assert (erasure.library, erasure.bucket, erasure.prefix, erasure.approved_by) == ("one", one.bucket, "one/", "bob")
    counts = erasure.receipt["counts"]
    assert {name: counts[name] for name in ("items", "originals", "renditions", "memories", "objects")} == {
        "items": 6, "originals": 7, "renditions": 10, "memories": 1, "objects": 12,
    }  # fmt: skip


def test_a_new_library_of_the_same_name_and_source_begins_anew(pair: tuple[TestLibrary, TestLibrary]) -> None:
    one, _ = pair
    assert erasing.run(ask(one), place(one), task=TASK) == 0
    again = TestLibrary.create(one.url, one.store, one.bucket, name="one")
    again.discover()
    again.work()
    assert {record["state"] for record in again.records().values()} == {"done", "skipped"}
    assert again.library.library_id != one.library.library_id


def test_workers_and_listings_of_before_write_nothing(
    pair: tuple[TestLibrary, TestLibrary], sandbox: Any, photo: Callable[..., bytes]
) -> None:
    one, two = pair
    one.put("late.jpg", photo(80))
    one.put("later.jpg", photo(81))
    one.discover()
    listing = discovery.begin_listing(one.connect, one.store, one.library)
    lease = one.lease("original", "a task")
    assert isinstance(lease, Lease)
    asked: list[tuple[int, float]] = []

    def meanwhile(step: str, item: Any) -> None:
        if not asked:
            erasure_id = ask(one)
            asked.append((erasure_id, erasing.run(erasure_id, place(one), task=TASK)))

    sandbox.interfere = meanwhile
    with pytest.raises(leases.LeaseLost):
        one.run(lease)
    (erasure_id, seconds), digest = asked[0], hashlib.sha256(photo(80)).hexdigest()
    assert 0 < seconds <= erasing.LOOK_AGAIN_S
    assert [key for key in objects_of(one) if digest in key], "the worker stored it after the deletion"
    assert isinstance(one.lease("original", "a task"), Finished)
    with pytest.raises(LibraryError, match="was erased"):
        discovery.list_prefix(
            one.connect,
            one.store,
            one.library,
            listing,
            ListingShard(one.library.prefix, False, "", 0, False),
            page_keys=1000,
        )
    assert erasing.run(erasure_id, place(one), task=TASK) > 0, "the worker's lease has not run out"
    one.execute("UPDATE shards SET leased_until = now() WHERE library_id = :id", id=one.library.library_id)
    assert erasing.run(erasure_id, place(one), task=TASK) == 0
    assert (rows_of(one), objects_of(one)) == ({}, [])
    assert receipt(one, erasure_id).receipt["counts"]["late_objects"] >= 2
    two.put("new.jpg", photo(90))
    two.discover()
    two.work()
    assert two.records()["new.jpg"]["state"] == "done"


def test_it_goes_on_wherever_it_was_killed(
    pair: tuple[TestLibrary, TestLibrary], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    neighbour, theirs = rows_of(two), sorted(objects_of(two))
    for name in ("ITEMS_AT_ONCE", "ROWS_AT_ONCE"):
        monkeypatch.setattr(erasing, name, 2)
    monkeypatch.setattr("albumen.pipeline.erased_objects.OBJECTS_AT_ONCE", 3)
    erasure_id, kills = ask(one), 0

    def dying_after(steps: int) -> Any:
        left = iter(range(steps))

        @contextmanager
        def connect() -> Iterator[Connection]:
            if next(left, None) is None:
                raise KeyboardInterrupt
            with one.connect() as connection:
                yield connection

        return connect

    while receipt(one, erasure_id).phase is not Phase.FINISHED:
        kills += 1
        try:
            erasing.run(erasure_id, place(one, dying_after(2 + kills % 3)), task=TASK)
        except KeyboardInterrupt:
            continue
    assert kills > 10
    assert (rows_of(one), objects_of(one)) == ({}, [])
    assert (rows_of(two), sorted(objects_of(two))) == (neighbour, theirs)
    counts = receipt(one, erasure_id).receipt["counts"]
    assert (counts["items"], counts["originals"]) == (6, 7)


def test_files_are_not_erased_from_a_library_that_is_gone(pair: tuple[TestLibrary, TestLibrary]) -> None:
    one, _ = pair
    with one.connect() as connection:
        named = Selection(keys=("one/0.jpg",))
        first = erasures.create(connection, one.library, named, claim="named", requested_by="ann", reason="")
        erasures.approve(connection, first, by="bob")
        connection.commit()
    assert erasing.run(ask(one), place(one), task=TASK) == 0
    assert erasing.run(first, place(one), task=TASK) == 0
    assert (rows_of(one), receipt(one, first).receipt["counts"]) == ({}, {})
