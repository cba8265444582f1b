"""Exact copies: one GET each, one decode for all of them, facts of the lowest original."""

from __future__ import annotations

import pytest

from albumen.catalog.leases import Lease
from albumen.pipeline.taxonomy import ItemFault, Reason

pytestmark = pytest.mark.stack


def make_due_again(library, *steps):
    """Have these steps done anew on every item, as a backfill of a raised version would."""
    for step in steps:
        library.execute(f"UPDATE outcomes SET inputs_key = '' WHERE step = '{step}'")
        library.execute(f"""
            INSERT INTO due (library_id, subject_id, step, subject_kind, lane)
            SELECT library_id, item_id, '{step}', 'i', 2 FROM items
        """)


def test_every_original_is_read_exactly_once_in_the_original_pass(proxied_library, store_proxy, sandbox, photo):
    for number in range(7):
        proxied_library.put(f"{number}.jpg", photo(number))
    proxied_library.put("copy.jpg", photo(0))
    proxied_library.put("notes.txt", b"not a photo at all")
    proxied_library.put("odd//name.jpg", photo(8))
    proxied_library.discover()
    store_proxy.requests.clear()

    proxied_library.work("original")

    gets = [one.key for one in store_proxy.requests if one.method in {"GET", "HEAD"} and one.key]
    assert sorted(gets) == sorted(f"test/{key}" for key in proxied_library.records())
    assert len(gets) == 10


def test_a_copy_costs_one_get_and_no_decode_and_names_the_first_original(library, sandbox, photo):
    library.put("a.jpg", photo(1))
    library.discover()
    library.work()
    sandbox.worked.clear()

    library.put("b.jpg", photo(1))
    library.put("c.jpg", photo(1))
    library.discover()
    library.work()

    assert sandbox.worked == []
    records = library.records()
    assert records["a.jpg"]["duplicate_of"] is None
    assert [records[key]["duplicate_of"] for key in ("b.jpg", "c.jpg")] == ["a.jpg", "a.jpg"]
    assert records["b.jpg"] | {"key": "", "duplicate_of": None} == records["a.jpg"] | {"key": ""}
    assert len(library.query("SELECT FROM items")) == 1


def test_copies_in_one_shard_are_decoded_once(library, sandbox, photo):
    for key in "abcd":
        library.put(f"{key}.jpg", photo(1))
    library.discover()

    (summary,) = library.work("original")

    assert len(sandbox.worked) == 2
    assert summary.adopted == 3
    assert {record["state"] for record in library.records().values()} == {"due"}, "the preview pass waits"


def test_copies_of_what_is_no_photo_are_one_item_and_skipped_with_the_same_reason(library, sandbox):
    library.put("a.txt", b"hello")
    library.put("b.txt", b"hello")
    library.discover()
    library.work()

    records = library.records()
    assert [record["state"] for record in records.values()] == ["skipped", "skipped"]
    assert records["a.txt"]["reason"] == records["b.txt"]["reason"] == "not_media"
    assert records["b.txt"]["duplicate_of"] == "a.txt"


def test_facts_come_from_the_lowest_original_even_when_the_other_copy_is_worked_on_first(library, sandbox, photo):
    data = photo(1)
    library.put("IMG_20150101_100000.jpg", data)
    library.put("IMG_20160202_110000.jpg", data)
    library.discover()
    library.execute("UPDATE due SET not_before = now() + interval '1 hour' WHERE subject_id = 1")
    library.work("original")
    assert library.records()["IMG_20160202_110000.jpg"]["taken"]["local"].startswith("2016-02-02")
    sandbox.worked.clear()

    library.execute("UPDATE due SET not_before = now()")
    library.work()

    assert ("renditions", 1) not in sandbox.worked, "only the facts are read again, nothing is decoded"
    records = library.records()
    assert {record["taken"]["local"] for record in records.values()} == {"2015-01-01T10:00:00"}
    assert records["IMG_20160202_110000.jpg"]["duplicate_of"] == "IMG_20150101_100000.jpg"
    assert {record["state"] for record in records.values()} == {"done"}


def test_facts_move_to_the_next_original_when_the_lowest_vanishes(library, sandbox, photo):
    data = photo(1)
    library.put("IMG_20150101_100000.jpg", data)
    library.put("IMG_20160202_110000.jpg", data)
    library.discover()
    library.work()
    sandbox.worked.clear()

    library.delete("IMG_20150101_100000.jpg")
    library.discover()
    assert library.discover() == (1, 1)
    library.work()

    assert {step for step, _ in sandbox.worked} == {"metadata"}
    (record,) = library.records().values()
    assert record["taken"]["local"] == "2016-02-02T11:00:00"
    assert (record["duplicate_of"], record["state"]) == (None, "done")


def test_an_item_is_read_from_a_copy_where_the_first_was_deleted_and_no_listing_knows_yet(library, sandbox, photo):
    for key in ("a.jpg", "b.jpg", "c.jpg"):
        library.put(key, photo(1))
    library.discover()
    library.work()
    sandbox.worked.clear()
    library.delete("a.jpg")
    library.delete("b.jpg")
    make_due_again(library, "metadata", "renditions")

    library.work("original")

    assert sorted(step for step, _ in sandbox.worked) == ["metadata", "renditions"]
    assert library.query("SELECT FROM due") == []
    steps = library.records()["c.jpg"]["steps"]
    assert {steps[name]["state"] for name in ("metadata", "renditions")} == {"done"}


def test_an_item_of_which_every_copy_was_deleted_waits_for_a_listing(library, sandbox, photo):
    for key in ("a.jpg", "b.jpg"):
        library.put(key, photo(1))
    library.discover()
    library.work()
    library.delete("a.jpg")
    library.delete("b.jpg")
    make_due_again(library, "renditions")

    library.run(library.lease("original", "1", most=1))

    (waits,) = library.query("SELECT lane, attempts, failing_since FROM due")
    assert waits.attempts == 0
    assert waits.failing_since is not None
    library.discover()
    library.discover()
    assert library.query("SELECT FROM due") == []


def test_facts_move_to_the_next_original_when_the_lowest_gets_other_content(library, sandbox, photo):
    data = photo(1)
    library.put("IMG_20150101_100000.jpg", data)
    library.put("IMG_20160202_110000.jpg", data)
    library.discover()
    library.work()

    library.put("IMG_20150101_100000.jpg", photo(2))
    library.discover()
    library.work()

    records = library.records()
    assert records["IMG_20160202_110000.jpg"]["taken"]["local"] == "2016-02-02T11:00:00"
    assert records["IMG_20160202_110000.jpg"]["duplicate_of"] is None
    assert records["IMG_20150101_100000.jpg"]["taken"]["local"] == "2015-01-01T10:00:00"
    assert {record["state"] for record in records.values()} == {"done"}


def test_a_copy_of_content_that_waits_for_another_attempt_does_not_break_the_sandbox_again(library, sandbox, photo):
    sandbox.interfere = lambda step, item: ItemFault(Reason.CRASHED, "abort") if step == "renditions" else None
    for key in "abcd":
        library.put(f"{key}.jpg", photo(1))
    library.discover()

    library.work("original")

    assert [step for step, _ in sandbox.worked].count("renditions") == 1
    assert [tuple(row) for row in library.query("SELECT subject_kind, step, attempts FROM due")] == [
        ("i", "renditions", 1)
    ]


def test_two_workers_that_meet_the_same_new_content_make_one_item(library, sandbox, photo):
    library.put("a.jpg", photo(1))
    library.put("b.jpg", photo(1))
    library.discover()
    first, second = library.lease("original", "1", most=1), library.lease("original", "2", most=1)
    assert isinstance(first, Lease)
    assert isinstance(second, Lease)
    others = [second]

    def other_worker_gets_ahead(step, item):
        if others:
            library.run(others.pop())

    sandbox.interfere = other_worker_gets_ahead
    library.run(first)

    assert len(library.query("SELECT FROM items")) == 1
    assert len(library.query("SELECT FROM fingerprints")) == 1
    assert library.records()["b.jpg"]["duplicate_of"] == "a.jpg"


def test_content_that_comes_back_under_another_name_has_the_facts_of_that_name(library, sandbox, photo) -> None:
    library.put("IMG_20150101_100000.jpg", photo(1))
    library.discover()
    library.work()
    library.delete("IMG_20150101_100000.jpg")
    library.discover()
    library.discover()
    sandbox.worked.clear()

    library.put("IMG_20160202_110000.jpg", photo(1))
    library.discover()
    library.work()

    assert {step for step, _ in sandbox.worked} == {"metadata"}
    (record,) = library.records().values()
    assert (record["state"], record["taken"]["local"]) == ("done", "2016-02-02T11:00:00")


def test_an_item_is_read_from_the_copy_that_the_last_listing_saw(library, sandbox, photo):
    for key in ("a.jpg", "b.jpg"):
        library.put(key, photo(1))
        library.discover()
        library.work()
    library.delete("a.jpg")
    library.discover()
    assert [row.key for row in library.query("SELECT key FROM originals WHERE missed_listing IS NOT NULL")] == [
        "test/a.jpg"
    ]
    library.execute(
        "INSERT INTO due (library_id, subject_id, step, subject_kind, lane) "
        "SELECT 1, item_id, 'renditions', 'i', 2 FROM items"
    )
    library.work("original")
    assert library.query("SELECT FROM due") == []
