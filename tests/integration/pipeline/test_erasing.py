"""Erasing items: nothing that tells of them is left, and nothing brings them back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Connection, Integer, Table

from albumen.catalog import backfills, erasures
from albumen.catalog.erasures import ErasureError, Phase, Selection
from albumen.catalog.models import Base
from albumen.memories import generating
from albumen.pipeline import backfilling, erasing, registry
from albumen.settings import MemorySettings
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack

FIRST_ID = 7_000_000_001
"""Ids that no other number in the catalog looks like."""
TASK = "dag/run/erase/-1/1"
KEPT = {"erasures", "originals", "tombstones"}
DAY = date(2026, 6, 12)


@pytest.fixture
def filled(library: TestLibrary, sandbox: Any, photo: Callable[..., bytes]) -> TestLibrary:
    """Two photos, a text and a broken file, all ended, with ids one can look for."""
    library.execute(f"SELECT setval('subject_ids', {FIRST_ID}, false)")
    library.put("2010/one.jpg", photo(1, taken="2010:06:01 10:00:00"))
    library.put("2011/two.jpg", photo(2, taken="2011:06:01 10:00:00"))
    library.put("notes.txt", b"milk, eggs")
    library.put("broken.jpg", photo(3)[:300])
    work(library)
    return library


def work(library: TestLibrary) -> None:
    library.discover()
    library.work()


def place(library: TestLibrary) -> erasing.Workplace:
    return erasing.Workplace(library.connect, library.store, library.store, library.settings)


def ask(library: TestLibrary, *keys: str, claim: str = "", **chosen: Any) -> int:
    """An approved request for these files."""
    selection = Selection(keys=tuple(library.library.prefix + key for key in keys), **chosen)
    with library.connect() as connection:
        erasure_id = erasures.create(
            connection, library.library, selection, claim=claim or repr(selection), requested_by="ann", reason="asked"
        )
        erasures.approve(connection, erasure_id, by="bob")
        connection.commit()
    return erasure_id


def erase(library: TestLibrary, *keys: str, **chosen: Any) -> erasures.Erasure:
    erasure_id = ask(library, *keys, **chosen)
    assert erasing.run(erasure_id, place(library), task=TASK) == 0
    return receipt(library, erasure_id)


def receipt(library: TestLibrary, erasure_id: int) -> erasures.Erasure:
    with library.connect() as connection:
        return erasures.one(connection, erasure_id)


def item_of(library: TestLibrary, key: str) -> int:
    return int(library.query("SELECT item_id FROM originals WHERE key = :key", key=f"test/{key}")[0].item_id)


def mentions(library: TestLibrary, *words: str) -> list[str]:
    """Rows and objects that name any of the words."""
    found = [
        f"{table}: {line}"
        for table, lines in library.dump().items()
        for line in lines
        if table not in KEPT and any(word in line for word in words)
    ]
    for key in library.stored():
        body = b"" if key.startswith("receipts/") else library.store.get(library.bucket, key)
        found += [key for word in words if word in key or word.encode() in body]
    return found


def source(library: TestLibrary) -> dict[str, str]:
    return {listed.key: listed.etag for listed in library.store.list_all(library.bucket, library.library.prefix)}


def left_in_source(library: TestLibrary, erasure: erasures.Erasure) -> list[str]:
    lines = library.store.get(library.bucket, erasure.receipt["keys_object"]).decode().splitlines()
    return sorted(json.loads(line)["key"] for line in lines)


def check_tallies(library: TestLibrary) -> None:
    counted = "SELECT step, state, COALESCE(reason, '') AS reason, count(*)::bigint AS n FROM outcomes GROUP BY 1, 2, 3"
    kept = "SELECT step, state, reason, sum(n)::bigint AS n FROM tallies GROUP BY 1, 2, 3 HAVING sum(n) <> 0"
    assert sorted(map(tuple, library.query(kept))) == sorted(map(tuple, library.query(counted)))


def test_after_an_erasure_all_is_as_it_was_before_the_upload(filled: TestLibrary, photo: Callable[..., bytes]) -> None:
    rows, objects = filled.dump(), filled.stored()
    data = photo(9, taken="2012:06:01 10:00:00")
    filled.put("2012/nine.jpg", data)
    work(filled)
    filled.put("copy of nine.jpg", data)
    work(filled)
    item = item_of(filled, "2012/nine.jpg")
    filled.execute(
        "INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, model_id,"
        " vector) SELECT 1, :item, 0, 0, 0, 1, 1, 1, '{}', 1, 'm', array_fill(1, ARRAY[128])::vector",
        item=item,
    )
    everything = source(filled)
    digest = hashlib.sha256(data).hexdigest()
    assert len({line.split(":")[0] for line in mentions(filled, str(item), digest)}) > 10

    erasure = erase(filled, "2012/nine.jpg")
    filled.work()

    assert mentions(filled, str(item), digest) == []
    assert source(filled) == everything
    assert left_in_source(filled, erasure) == ["test/2012/nine.jpg", "test/copy of nine.jpg"]
    assert filled.stored().keys() == objects.keys() | {f"receipts/{erasure.erasure_id}.jsonl"}
    theirs = {row.original_id for row in filled.query("SELECT original_id FROM originals WHERE key LIKE '%nine%'")}
    now = filled.dump()
    for table in sorted(now.keys() - KEPT - {"hours_of_work", "listings", "listing_shards", "tallies"}):
        new = set(now[table]) - set(rows[table])
        assert set(rows[table]) <= set(now[table]), table
        if table in {"outcomes", "outcome_history"}:
            assert len(new) == 6
            assert all("skipped,erased" in line and any(str(one) in line for one in theirs) for line in new)
        else:
            assert new == set(), table
    counts = erasure.receipt["counts"]
    assert {name: counts[name] for name in ("contents", "originals", "items", "facts", "faces", "renditions")} == {
        "contents": 1, "originals": 2, "items": 1, "facts": 1, "faces": 1, "renditions": 2,
    }  # fmt: skip
    assert (counts["objects"], erasure.receipt["keys"]) == (2, 2)
    check_tallies(filled)


def test_the_export_tells_that_it_was_erased(filled: TestLibrary) -> None:
    erase(filled, "2010/one.jpg")
    record = filled.records()["2010/one.jpg"]
    assert (record["state"], record["reason"], record["kind"]) == ("skipped", "erased", "photo")
    assert (record["sha256"], record["taken"], record["camera"]["make"], record["renditions"]) == (None, None, None, [])
    assert {step["reason"] for step in record["steps"].values()} == {"erased"}
    assert filled.records()["2011/two.jpg"]["state"] == "done"


def test_a_copy_that_comes_later_stores_nothing(filled: TestLibrary, sandbox: Any, photo: Callable[..., bytes]) -> None:
    erase(filled, "2010/one.jpg")
    objects, items = filled.stored(), filled.query("SELECT item_id FROM items")
    sandbox.worked.clear()
    filled.put("again/copy.jpg", photo(1, taken="2010:06:01 10:00:00"))
    work(filled)
    record = filled.records()["again/copy.jpg"]
    assert (record["state"], record["reason"], record["sha256"]) == ("skipped", "erased", None)
    assert (filled.stored(), filled.query("SELECT item_id FROM items"), sandbox.worked) == (objects, items, [])
    check_tallies(filled)


def test_other_bytes_under_an_erased_key_are_new_and_the_old_ones_again_are_not(
    filled: TestLibrary, photo: Callable[..., bytes]
) -> None:
    erase(filled, "2010/one.jpg")
    work(filled)
    assert filled.records()["2010/one.jpg"]["state"] == "skipped", "listing it again changes nothing"
    filled.put("2010/one.jpg", photo(50))
    work(filled)
    record = filled.records()["2010/one.jpg"]
    assert (record["state"], record["sha256"]) == ("done", hashlib.sha256(photo(50)).hexdigest())
    filled.put("2010/one.jpg", photo(1, taken="2010:06:01 10:00:00"))
    work(filled)
    record = filled.records()["2010/one.jpg"]
    assert (record["state"], record["reason"]) == ("skipped", "erased")
    filled.delete("2010/one.jpg")
    work(filled)
    work(filled)
    filled.put("2010/one.jpg", photo(1, taken="2010:06:01 10:00:00"))
    work(filled)
    assert filled.records()["2010/one.jpg"]["reason"] == "erased"
    check_tallies(filled)


def test_nothing_makes_it_due_again(filled: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    erase(filled, "2010/one.jpg")
    for step in registry.steps().values():
        monkeypatch.setattr(step, "version", 99)
    with filled.connect() as connection:
        for pass_name in ("original", "preview"):
            erasing_keys = backfills.Selection(keys=("test/2010/one.jpg",), stale_only=False)
            for step in registry.of_pass(pass_name):  # type: ignore[arg-type]
                backfills.create(connection, 1, step.name, erasing_keys)
                backfills.create(connection, 1, step.name, backfills.Selection(stale_only=False))
            backfilling.advance(connection, pass_name, filled.settings)  # type: ignore[arg-type]
        connection.commit()
    (original,) = filled.query("SELECT original_id, item_id FROM originals WHERE key = 'test/2010/one.jpg'")
    due = {row.subject_id for row in filled.query("SELECT subject_id FROM due")}
    assert due
    assert not due & {original.original_id, original.item_id}


@pytest.mark.parametrize("is_new", [True, False], ids=["a new file", "an item done again"])
def test_a_worker_who_has_it_in_hand_does_not_bring_it_back(
    filled: TestLibrary, sandbox: Any, photo: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    data = photo(9, taken="2012:06:01 10:00:00")
    digest = hashlib.sha256(data).hexdigest()
    filled.put("nine.jpg", data)
    filled.discover()
    if not is_new:
        filled.work()
        monkeypatch.setattr(registry.steps()["renditions"], "version", 99)
        with filled.connect() as connection:
            backfills.create(connection, 1, "renditions", backfills.Selection(keys=("test/nine.jpg",)))
            backfilling.advance(connection, "original", filled.settings)
            connection.commit()
    lease = filled.lease("original", "a task")
    asked: list[int] = []
    waits: list[float] = []

    def meanwhile(step: str, item: Any) -> None:
        if item.data == data and not asked:
            asked.append(ask(filled, "nine.jpg"))
            waits.append(erasing.run(asked[0], place(filled), task=TASK))

    sandbox.interfere = meanwhile
    filled.run(lease)  # type: ignore[arg-type]
    sandbox.interfere = lambda step, item: None

    assert waits[0] > 0
    assert receipt(filled, asked[0]).phase is Phase.LATE_OBJECTS
    assert [key for key in filled.stored() if digest in key], "the worker stored it after the deletion"
    assert erasing.run(asked[0], place(filled), task=TASK) == 0
    filled.work()
    assert mentions(filled, digest) == []
    assert filled.records()["nine.jpg"]["reason"] == "erased"
    assert receipt(filled, asked[0]).receipt["counts"]["late_objects"] == 2
    assert filled.query("SELECT FROM due") == []
    check_tallies(filled)


def test_a_copy_in_hand_does_not_bring_it_back_either(
    filled: TestLibrary, sandbox: Any, photo: Callable[..., bytes]
) -> None:
    filled.put("0 other.jpg", photo(60))
    filled.put("copy.jpg", photo(1, taken="2010:06:01 10:00:00"))
    filled.discover()
    lease = filled.lease("original", "a task")
    asked: list[int] = []

    def meanwhile(step: str, item: Any) -> None:
        if not asked:
            asked.append(ask(filled, "2010/one.jpg"))
            erasing.run(asked[0], place(filled), task=TASK)

    sandbox.interfere = meanwhile
    filled.run(lease)  # type: ignore[arg-type]
    filled.work()
    assert erasing.run(asked[0], place(filled), task=TASK) == 0
    assert filled.records()["copy.jpg"]["reason"] == "erased"
    assert mentions(filled, hashlib.sha256(photo(1, taken="2010:06:01 10:00:00")).hexdigest()) == []


def test_what_was_never_read_whole_is_read_to_be_known_again(filled: TestLibrary) -> None:
    film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x00\x00\x08free" * 100
    filled.put("film.mp4", film)
    filled.put("unseen.jpg", b"nobody has looked at it yet")
    filled.discover()
    filled.work()
    filled.put("unseen too.jpg", b"nobody will look at it")
    filled.discover()
    (original,) = filled.query("SELECT original_id, item_id FROM originals WHERE key = 'test/film.mp4'")
    assert original.item_id is None
    erasure = erase(filled, "film.mp4", "unseen too.jpg")
    assert left_in_source(filled, erasure) == ["test/film.mp4", "test/unseen too.jpg"]
    assert filled.query("SELECT FROM due") == []
    history = filled.query("SELECT reason FROM outcome_history WHERE subject_id = :id", id=original.original_id)
    assert {row.reason for row in history} == {"erased"}
    filled.put("film again.mp4", film)
    filled.put("unseen again.jpg", b"nobody will look at it")
    work(filled)
    told = {key: record["reason"] for key, record in filled.records().items()}
    assert (told["film.mp4"], told["unseen too.jpg"], told["unseen again.jpg"]) == ("erased",) * 3
    check_tallies(filled)


def test_an_item_whose_file_is_gone_is_named_by_its_digest(filled: TestLibrary, photo: Callable[..., bytes]) -> None:
    data = photo(1, taken="2010:06:01 10:00:00")
    item = item_of(filled, "2010/one.jpg")
    filled.delete("2010/one.jpg")
    filled.discover()
    filled.discover()
    digests = (hashlib.sha256(data).hexdigest(), hashlib.sha256(photo(77)).hexdigest())
    erasure = erase(filled, hashes=digests)
    assert mentions(filled, str(item), *digests) == []
    assert (erasure.receipt["keys"], erasure.receipt["keys_object"]) == (0, None)
    filled.put("2010/one.jpg", data)
    filled.put("never seen.jpg", photo(77))
    work(filled)
    told = filled.records()
    assert (told["2010/one.jpg"]["reason"], told["never seen.jpg"]["reason"]) == ("erased", "erased")


def test_an_item_is_named_by_its_id(filled: TestLibrary) -> None:
    item = item_of(filled, "2010/one.jpg")
    erase(filled, items=(item,))
    assert mentions(filled, str(item)) == []


def test_superseded_renditions_and_due_work_go_too(filled: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    item = item_of(filled, "2010/one.jpg")
    (row,) = filled.query("SELECT sha256 FROM items WHERE item_id = :item", item=item)
    before = filled.stored()
    monkeypatch.setattr(registry.steps()["renditions"], "version", 99)
    with filled.connect() as connection:
        backfilling.notice_changes(connection, "original", filled.settings)
        backfilling.advance(connection, "original", filled.settings)
        connection.commit()
    filled.work("original")
    assert before.keys() < filled.stored().keys()
    assert filled.query("SELECT FROM due WHERE subject_id = :item", item=item)
    erase(filled, "2010/one.jpg")
    assert mentions(filled, str(item), row.sha256.hex()) == []
    assert filled.query("SELECT FROM superseded_objects")


def test_a_table_of_a_step_that_is_yet_to_come_is_emptied(filled: TestLibrary) -> None:
    table = Table("auras", Base.metadata, Column("library_id", Integer), Column("item_id", BigInteger))
    try:
        filled.execute("CREATE TABLE auras (library_id INTEGER, item_id BIGINT)")
        filled.execute("INSERT INTO auras SELECT library_id, item_id FROM items")
        item = item_of(filled, "2010/one.jpg")
        erasure = erase(filled, "2010/one.jpg")
        assert {row.item_id for row in filled.query("SELECT item_id FROM auras")} == {
            row.item_id for row in filled.query("SELECT item_id FROM items")
        }
        assert (erasure.receipt["counts"]["auras"], mentions(filled, str(item))) == (1, [])
    finally:
        Base.metadata.remove(table)


@pytest.fixture
def told(library: TestLibrary, sandbox: Any) -> TestLibrary:
    """Six photos of one day in two years, and the memory of it."""
    library.execute(f"SELECT setval('subject_ids', {FIRST_ID}, false)")
    library.settings.memories = MemorySettings(on_this_day_min_photos=3)
    for number in range(6):
        taken = f"{2020 + number % 2}:06:12 {8 + number * 2:02}:00:00"
        library.put(f"{number}.jpg", a_photo(number, taken=taken))
    work(library)
    assert tell(library)
    return library


def tell(library: TestLibrary) -> list[Any]:
    found: list[Any] = generating.generate(
        library.connect, library.store, library.library, DAY, library.settings, seed=1
    )
    return found


def test_memories_that_show_it_go_with_all_their_pages_and_are_told_anew_without_it(told: TestLibrary) -> None:
    shown = [row.item_id for row in told.query("SELECT item_id FROM memory_items ORDER BY position")]
    erased, kept = shown[0], shown[1:]
    (memory,) = told.query("SELECT memory_id FROM memories")
    erasure = erase(told, items=(erased,))
    assert erasure.receipt["memories"] == [memory.memory_id]
    assert (told.query("SELECT FROM memories"), [key for key in told.stored() if "memories/" in key]) == ([], [])
    told.work()
    (story,) = tell(told)
    assert {item.photo.item_id for item in story.items} <= set(kept)
    assert mentions(told, str(erased)) == []
    assert [key for key in told.stored() if key.endswith(".html")]


def test_an_older_page_that_showed_it_goes_and_the_memory_stands(told: TestLibrary) -> None:
    (row,) = told.query("SELECT memory_id, page_key FROM memories")
    erased = told.query("SELECT item_id FROM memory_items ORDER BY position")[0].item_id
    told.execute("DELETE FROM memory_items WHERE item_id = :item", item=erased)
    told.execute("UPDATE memories SET page_key = :key", key=row.page_key.replace("story-", "story-f"))
    told.store.put(told.bucket, row.page_key.replace("story-", "story-f"), b"without it", mime="text/html")
    told.store.put(told.bucket, f"feeds/1/{row.memory_id}.json", b"{}", mime="application/json")
    erase(told, items=(erased,))
    assert [r.memory_id for r in told.query("SELECT memory_id FROM memories")] == [row.memory_id]
    assert sorted(key for key in told.stored() if not key.startswith(("renditions/", "receipts/"))) == [
        f"feeds/1/{DAY.isoformat()}.json",
        f"feeds/1/{row.memory_id}.json",
        row.page_key.replace("story-", "story-f"),
    ]


def test_a_feed_that_names_an_erased_memory_goes(told: TestLibrary) -> None:
    (row,) = told.query("SELECT memory_id FROM memories")
    told.store.put(told.bucket, "feeds/1/a.json", f'["{row.memory_id}"]'.encode(), mime="application/json")
    told.store.put(told.bucket, "feeds/1/b.json", b"[]", mime="application/json")
    erase(told, "0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg")
    assert [key for key in told.stored() if key.startswith("feeds/")] == ["feeds/1/b.json"]


def test_a_memory_that_is_being_made_meanwhile_is_withdrawn(told: TestLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    told.execute("DELETE FROM memories")
    render = generating.render_story

    def meanwhile(*told_of: Any) -> str:
        page = render(*told_of)
        erase(told, "0.jpg", "1.jpg")
        return page

    monkeypatch.setattr(generating, "render_story", meanwhile)
    assert tell(told) == []
    assert (told.query("SELECT FROM memories"), [key for key in told.stored() if "memories/" in key]) == ([], [])


def test_it_goes_on_wherever_it_was_killed(
    filled: TestLibrary, photo: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KEYS_AT_ONCE", "ITEMS_AT_ONCE"):
        monkeypatch.setattr(erasing, name, 1)
    names = [f"k{number}.jpg" for number in range(4)]
    for number, name in enumerate(names):
        filled.put(name, photo(20 + number, taken="2012:06:01 10:00:00"))
    work(filled)
    digests = [hashlib.sha256(photo(20 + number, taken="2012:06:01 10:00:00")).hexdigest() for number in range(4)]
    erasure_id, kills, calm = ask(filled, *names), 0, place(filled)

    def dying_after(steps: int) -> erasing.Workplace:
        left = iter(range(steps))

        @contextmanager
        def connect() -> Iterator[Connection]:
            if next(left, None) is None:
                raise KeyboardInterrupt
            with filled.connect() as connection:
                yield connection

        return erasing.Workplace(connect, calm.store, calm.library_store, calm.settings)

    while receipt(filled, erasure_id).phase is not Phase.FINISHED:
        kills += 1
        try:
            erasing.run(erasure_id, dying_after(2 + kills % 4), task=TASK)
        except KeyboardInterrupt:
            continue
    filled.work()
    assert kills > 10
    assert mentions(filled, *digests) == []
    erasure = receipt(filled, erasure_id)
    assert left_in_source(filled, erasure) == sorted(f"test/{name}" for name in names)
    assert (erasure.receipt["counts"]["items"], erasure.receipt["counts"]["originals"]) == (4, 4)
    check_tallies(filled)


def test_again_it_changes_nothing(filled: TestLibrary) -> None:
    erasure = erase(filled, "2010/one.jpg")
    before = filled.dump(), filled.stored()
    assert erasing.run(erasure.erasure_id, place(filled), task=TASK) == 0
    assert (filled.dump(), filled.stored()) == before
    again = erase(filled, "2010/one.jpg", claim="another run")
    assert again.receipt["counts"] == {}
    assert left_in_source(filled, again) == ["test/2010/one.jpg"]
    assert {table: lines for table, lines in filled.dump().items() if table != "erasures"} == {
        table: lines for table, lines in before[0].items() if table != "erasures"
    }


def test_only_what_was_approved_is_erased(filled: TestLibrary) -> None:
    with filled.connect() as connection:
        chosen = Selection(keys=("test/2010/one.jpg",))
        ids = [
            erasures.create(connection, filled.library, chosen, claim=claim, requested_by="ann", reason="")
            for claim in ("first", "second", "first")
        ]
        erasures.reject(connection, ids[1], by="bob")
        erasures.approve(connection, ids[1], by="ann")
        connection.commit()
    assert ids[0] == ids[2]
    for erasure_id, told in ((ids[0], "is asked"), (ids[1], "is rejected"), (99, "there is no erasure 99")):
        with pytest.raises(ErasureError, match=told):
            erasing.run(erasure_id, place(filled), task=TASK)
    assert receipt(filled, ids[1]).receipt == {"rejected_by": "bob"}
    assert filled.records()["2010/one.jpg"]["state"] == "done"


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({}, "name what to erase"),
        ({"keys": ("a",), "whole_library": True}, "name what to erase"),
        ({"hashes": ("ab",)}, "'ab' is no SHA-256 digest"),
        ({"items": tuple(range(10_001))}, "10001 files are named, at most 10000"),
    ],
)
def test_a_selection_that_cannot_be_meant_is_refused(chosen: dict[str, Any], told: str) -> None:
    with pytest.raises(ErasureError, match=re.escape(told)):
        Selection(**chosen)
