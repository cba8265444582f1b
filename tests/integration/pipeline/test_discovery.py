"""Discovery: new, changed, vanished, interrupted, and keys nobody expects."""

from __future__ import annotations

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from albumen.catalog import listings, quarantine
from albumen.pipeline import discovery, registry
from albumen.pipeline.discovery import register_keys
from albumen.storage.object_store import StorageError
from albumen.testing.library import TestLibrary
from albumen.testing.store_proxy import Fault

pytestmark = pytest.mark.stack

ON_PREVIEWS = {step.name for step in registry.for_everyone("preview") if step.consent is None}

HOSTILE_KEYS = [
    "with space.jpg",
    " leading and trailing ",
    "percent%20encoded.jpg",
    "plus+and&amp;?query=#fragment.jpg",
    "double//slash.jpg",
    "/leading-slash.jpg",
    "dot/./segment.jpg",
    "dots/../segment.jpg",
    "..",
    "line\nbreak.jpg",
    "tab\tand\rreturn.jpg",
    'quote\'"and"quote.jpg',
    "{braces}[brackets]~tilde^caret`tick|pipe<less>.jpg",
    "emoji-\U0001f469\u200d\U0001f4bb.jpg",
    unicodedata.normalize("NFC", "caf\u00e9.jpg"),
    unicodedata.normalize("NFD", "caf\u00e9.jpg"),
    "right-to-left-\u202ejpg.exe",
    "x" * 240 + "/" + "y" * 240 + "/" + "z" * 240 + "/" + "w" * 200,
    "UPPER.JPG",
    "upper.jpg",
]


def test_new_objects_become_due_once_and_a_second_listing_changes_nothing(library, sandbox, photo) -> None:
    for number in range(3):
        library.put(f"{number}.jpg", photo(number))
    assert library.discover() == (3, 0)
    assert [tuple(row) for row in library.query("SELECT lane, count(*) FROM due GROUP BY 1")] == [(0, 9)]
    library.work()
    before = library.dump()

    assert library.discover() == (3, 0)

    after = library.dump()
    assert {name for name in before if before[name] != after[name]} == {"listings", "listing_shards"}
    assert library.query("SELECT FROM due") == []


def test_a_changed_object_is_due_again_points_to_its_new_content_and_the_old_item_is_retired(
    library, sandbox, photo
) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    library.work()
    (old,) = library.query("SELECT item_id FROM items")

    library.put("a.jpg", photo(2))
    library.discover()
    assert library.records()["a.jpg"]["state"] == "due"
    library.work()

    retired = {
        row.item_id: row.retired
        for row in library.query("SELECT item_id, retired_at IS NOT NULL AS retired FROM items")
    }
    assert retired.pop(old.item_id) is True
    assert list(retired.values()) == [False]
    assert library.records()["a.jpg"]["state"] == "done"
    assert len(library.query("SELECT FROM originals")) == 1


def test_an_object_that_was_only_written_again_is_read_once_more_and_nothing_is_decoded(
    library, sandbox, photo
) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    library.work()
    sandbox.worked.clear()
    library.execute("UPDATE originals SET etag = 'another'")

    library.discover()
    library.work()

    assert sandbox.worked == []
    assert library.records()["a.jpg"]["state"] == "done"
    assert library.discover() == (1, 0)
    assert library.query("SELECT FROM due") == []


def test_a_key_vanishes_only_after_two_complete_listings_without_it(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.put("b.jpg", photo(2))
    library.discover()
    library.work()
    library.delete("a.jpg")

    assert library.discover() == (1, 0)
    assert set(library.records()) == {"a.jpg", "b.jpg"}
    assert library.discover() == (1, 1)

    assert set(library.records()) == {"b.jpg"}
    assert [row.n for row in library.query("SELECT count(*) AS n FROM items WHERE retired_at IS NULL")] == [1]


def test_an_object_that_is_back_between_two_listings_is_kept(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    library.delete("a.jpg")
    library.discover()
    library.put("a.jpg", photo(1))

    assert library.discover() == (1, 0)
    library.delete("a.jpg")
    assert library.discover() == (0, 0), "the earlier miss is forgotten"
    assert set(library.records()) == {"a.jpg"}


def test_an_object_two_listings_missed_is_looked_at_once_more_before_it_goes(
    proxied_library, store_proxy, sandbox, photo
) -> None:
    proxied_library.put("a.jpg", photo(1))
    proxied_library.discover()
    proxied_library.execute("UPDATE originals SET missed_listing = 0, discovered_at = now() - interval '1 day'")
    store_proxy.choose = lambda request: None
    listing_id = discovery.begin_listing(proxied_library.connect, proxied_library.store, proxied_library.library)
    with proxied_library.connect() as connection:
        for shard in listings.shards(connection, listing_id):
            listings.checkpoint(connection, listing_id, shard.prefix, token="", keys=0)
        connection.commit()

    concluded = discovery.conclude_listing(
        proxied_library.connect, proxied_library.store, proxied_library.library, listing_id
    )

    assert concluded == (0, 0), "a listing that lies does not delete"
    assert store_proxy.count("HEAD") == 1


def test_a_store_in_doubt_keeps_the_object(proxied_library, store_proxy, photo) -> None:
    proxied_library.put("a.jpg", photo(1))
    proxied_library.discover()
    proxied_library.delete("a.jpg")
    proxied_library.discover()
    store_proxy.choose = lambda request: Fault(403) if request.method == "HEAD" and request.key else None

    assert proxied_library.discover() == (0, 0)
    assert set(proxied_library.records()) == {"a.jpg"}


def test_content_that_comes_back_is_adopted_and_gets_the_work_it_never_had(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1, taken="2020:05:01 10:00:00"))
    library.discover()
    library.work("original")
    library.delete("a.jpg")
    library.discover()
    library.discover()
    library.work("original")
    assert library.query("SELECT FROM due") == []
    assert library.query("SELECT FROM days") == [], "the day went with its only photo"
    sandbox.worked.clear()

    library.put("a.jpg", photo(1, taken="2020:05:01 10:00:00"))
    library.discover()
    library.work()

    assert {step for step, _ in sandbox.worked} == {"metadata", *ON_PREVIEWS}, "nothing is rendered again"
    assert library.records()["a.jpg"]["state"] == "done"
    assert [row.photos for row in library.query("SELECT photos FROM days")] == [1]


def test_what_vanished_is_no_longer_in_quarantine(library, sandbox) -> None:
    library.put("bad.jpg", b"\xff\xd8\xff\xe0 broken")
    library.put("huge.jpg", b"\xff\xd8\xff\xe1" + b"0" * 5000)
    library.settings = library.settings.model_copy(
        update={"limits": library.settings.limits.model_copy(update={"photo_bytes": 1000})}
    )
    library.discover()
    library.work()
    with library.connect() as connection:
        held = quarantine.listed(connection, library.library.library_id)
    assert {one.key for one in held} == {"test/bad.jpg", "test/huge.jpg"}

    library.delete("bad.jpg")
    library.delete("huge.jpg")
    library.discover()
    library.discover()

    with library.connect() as connection:
        assert quarantine.listed(connection, library.library.library_id) == []
        assert quarantine.counts(connection, library.library.library_id) == {}


def test_an_interrupted_listing_resumes_at_its_checkpoint(proxied_library, store_proxy, photo) -> None:
    for folder in "abc":
        for number in range(3):
            proxied_library.put(f"{folder}/{number}.jpg", photo(number))
    served: list[str] = []

    def fails_in_the_second_folder(request):
        if not request.key and "list-type=2" in request.query and "delimiter" not in request.query:
            served.append(request.query)
            return Fault(403) if len(served) == 5 else None
        return None

    store_proxy.choose = fails_in_the_second_folder
    with pytest.raises(StorageError):
        proxied_library.discover(page_keys=1)
    known = len(proxied_library.query("SELECT FROM originals"))
    assert known == 4
    store_proxy.choose = lambda request: None
    store_proxy.requests.clear()

    assert proxied_library.discover(page_keys=1) == (9, 0)

    pages = [one for one in store_proxy.requests if not one.key and "delimiter" not in one.query]
    assert len(pages) <= 6, "what was listed is not listed again"
    assert len(proxied_library.query("SELECT FROM originals")) == 9
    assert len(proxied_library.query("SELECT FROM listings")) == 1


def test_a_listing_that_lost_its_keys_is_made_again_and_lets_nothing_go(library, photo) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    library.execute("UPDATE originals SET missed_listing = 0, discovered_at = now() - interval '1 day'")
    listing_id = discovery.begin_listing(library.connect, library.store, library.library)
    with library.connect() as connection:
        shards = listings.shards(connection, listing_id)
    for shard in shards:
        discovery.list_prefix(library.connect, library.store, library.library, listing_id, shard, page_keys=10)
    library.execute("DELETE FROM listed_keys")

    assert discovery.conclude_listing(library.connect, library.store, library.library, listing_id) is None
    assert library.discover() == (1, 0)
    assert set(library.records()) == {"a.jpg"}


def test_a_listing_ends_in_steps_and_what_is_missing_is_found_in_each(library, photo, monkeypatch) -> None:
    monkeypatch.setattr(discovery, "KEYS_AT_ONCE", 2)
    for number in range(9):
        library.put(f"{number % 3}/{number}.jpg", photo(number))
    assert library.discover() == (9, 0)
    for number in (0, 3, 4, 8):
        library.delete(f"{number % 3}/{number}.jpg")

    assert library.discover() == (5, 0)
    assert library.discover() == (5, 4)
    assert set(library.records()) == {"1/1.jpg", "2/2.jpg", "2/5.jpg", "0/6.jpg", "1/7.jpg"}
    assert library.query("SELECT FROM listed_keys") == []


@pytest.mark.parametrize("lost", [1, 2, 4])
def test_keys_that_are_lost_while_a_listing_ends_let_nothing_go(library, photo, monkeypatch, lost: int) -> None:
    monkeypatch.setattr(discovery, "KEYS_AT_ONCE", 2)
    for number in range(6):
        library.put(f"{number}.jpg", photo(number))
    library.discover()
    library.execute("UPDATE originals SET missed_listing = 0, discovered_at = now() - interval '1 day'")
    asked, steps = listings.whole, []

    def after_a_crash(connection: Connection, listing_id: int) -> int | None:
        steps.append(listing_id)
        if len(steps) == lost:
            library.execute("TRUNCATE listed_keys")
        return asked(connection, listing_id)

    monkeypatch.setattr(listings, "whole", after_a_crash)
    assert library.discover() is None
    assert len(steps) == lost
    assert library.discover() == (6, 0)
    assert len(library.records()) == 6
    assert library.query("SELECT FROM originals WHERE missed_listing IS NOT NULL") == []


def test_hostile_keys_are_kept_exactly_and_their_objects_are_read(library, sandbox, photo) -> None:
    stored, refused = {}, set()
    for number, key in enumerate(HOSTILE_KEYS):
        try:
            library.put(key, photo(number))
        except StorageError:
            refused.add(key)
            continue
        stored[key] = number
    listed = {info.key.removeprefix("test/") for info in library.store.list_all(library.bucket, "test/")}
    refused |= set(stored) - listed
    assert refused <= {"dot/./segment.jpg", "dots/../segment.jpg", "..", "double//slash.jpg", "/leading-slash.jpg"}

    library.discover()
    library.work("original")

    records = library.records()
    assert set(records) == listed
    assert {key: record["state"] for key, record in records.items() if record["state"] != "due"} == {}
    assert all(record["sha256"] for record in records.values())


def test_paging_finds_every_hostile_key(library) -> None:
    for number, key in enumerate(HOSTILE_KEYS):
        with suppress(StorageError):  # the server's file system refuses `..`
            library.put(key, b"%d" % number)
    listed = {info.key.removeprefix("test/") for info in library.store.list_all(library.bucket, "test/")}
    for page_keys in (1, 3):
        keys, _ = library.discover(page_keys=page_keys)
        assert keys == len(listed)
    assert set(library.records()) == listed


TEXT = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\\\ufffe\uffff"), min_size=1, max_size=40
)
SEGMENT = TEXT.filter(lambda part: part not in {".", ".."} and "/" not in part)
KEYS = st.lists(st.lists(SEGMENT, min_size=1, max_size=4).map("/".join), min_size=1, max_size=6, unique=True)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=KEYS)
def test_any_key_that_can_be_stored_comes_out_of_the_export_as_it_went_in(
    library: TestLibrary, keys: list[str]
) -> None:
    library.execute("DELETE FROM originals")
    library.execute("DELETE FROM due")
    for info in library.store.list_all(library.bucket, ""):
        library.store.client.delete_object(Bucket=library.bucket, Key=info.key)
    stored = []
    for key in keys:
        if any(other.startswith(f"{key}/") or key.startswith(f"{other}/") for other in stored):
            continue  # a file and a folder of one name: no S3 server on a file system has both
        library.put(key, key.encode())
        assert library.store.get(library.bucket, f"test/{key}") == key.encode()
        stored.append(key)

    library.discover()

    assert sorted(library.records()) == sorted(stored)


def test_hints_register_what_is_there_and_nothing_outside_the_library(library, photo) -> None:
    library.put("a.jpg", photo(1))
    library.store.put(library.bucket, "elsewhere/b.jpg", photo(2), mime="image/jpeg")
    hinted = ["test/a.jpg", "test/gone.jpg", "elsewhere/b.jpg"]

    found = register_keys(library.connect, library.store, library.library, hinted)

    assert (found.new, found.changed) == (1, 0)
    assert set(library.records()) == {"a.jpg"}


def test_two_libraries_never_see_each_others_items_even_of_the_same_bytes(
    catalog, object_store, bucket, sandbox, photo
) -> None:
    mine = TestLibrary.create(catalog, object_store, bucket, name="mine")
    yours = TestLibrary.create(catalog, object_store, bucket, name="mine-not", prefix="yours/")
    mine.put("a.jpg", photo(1))
    yours.put("b.jpg", photo(1))
    yours.put("c.jpg", photo(2))
    mine.discover()
    yours.discover()
    lease = mine.lease("original", "one")
    while lease is not None:
        owner = mine if lease.library_id == mine.library.library_id else yours
        owner.run(lease)
        lease = mine.lease("original", f"claim-{lease.shard_id}")

    assert set(mine.records()) == {"a.jpg"}
    assert set(yours.records()) == {"b.jpg", "c.jpg"}
    assert yours.records()["b.jpg"]["duplicate_of"] is None
    rows = mine.query("SELECT library_id, item_id FROM items")
    assert len({row.item_id for row in rows}) == 3
    keys = {r["key"] for record in (*mine.records().values(), *yours.records().values()) for r in record["renditions"]}
    assert len(keys) == 6
