"""Copies and bursts in a library: found, ranked, settled, and settled for good."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageOps
from sqlalchemy import text

from albumen.catalog import alike, duplicates
from albumen.catalog.duplicates import DuplicateError, Group
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo

pytestmark = pytest.mark.stack


def work(library: TestLibrary) -> None:
    library.discover()
    library.work()


def edited(data: bytes, *, size: tuple[int, int] = (320, 240), mirrored: bool = False) -> bytes:
    """A copy without EXIF, as a messenger makes it."""
    picture = Image.open(io.BytesIO(data)).convert("RGB").resize(size)
    stream = io.BytesIO()
    (ImageOps.mirror(picture) if mirrored else picture).save(stream, "JPEG", quality=60)
    return stream.getvalue()


def groups(library: TestLibrary, **options: Any) -> list[Group]:
    with library.connect() as connection:
        return duplicates.listed(connection, library.library.library_id, **options)


def keys(group: Group) -> list[str]:
    return [member.key.removeprefix("test/") for member in group.members]


@pytest.fixture
def copied(library: TestLibrary, sandbox: Any) -> TestLibrary:
    """Three photos, of one a small and a mirrored copy."""
    for name in "abc":
        library.put(f"{name}.jpg", a_photo(name))
    library.put("sent.jpg", edited(a_photo("a")))
    library.put("mirrored.jpg", edited(a_photo("a"), size=(330, 250), mirrored=True))
    work(library)
    return library


def test_copies_are_one_group_with_the_original_first_and_why(copied: TestLibrary) -> None:
    (group,) = groups(copied, kind="near")
    assert (keys(group)[0], sorted(keys(group))) == ("a.jpg", ["a.jpg", "mirrored.jpg", "sent.jpg"])
    assert group.reasons[0] == "more pixels"
    turned = {member.key.removeprefix("test/"): member.turned for member in group.members}
    assert turned == {"a.jpg": 0, "sent.jpg": 0, "mirrored.jpg": 4}
    records = copied.records()
    assert {records[key]["near_duplicates"] for key in keys(group)} == {group.group_id}
    assert {records[f"{name}.jpg"]["near_duplicates"] for name in "bc"} == {None}


def test_a_settled_group_stays_settled_when_another_copy_comes(copied: TestLibrary) -> None:
    (group,) = groups(copied)
    sent = next(member for member in group.members if member.key.endswith("sent.jpg"))
    with copied.connect() as connection:
        duplicates.resolve(connection, copied.library.library_id, group.group_id, "keep", by="ann", keeper=sent.item_id)
        connection.commit()
    copied.put("again.jpg", edited(a_photo("a"), size=(300, 225)))
    work(copied)
    assert groups(copied) == []
    (settled,) = groups(copied, resolved=True)
    assert (settled.group_id, settled.decision, settled.resolved_by) == (group.group_id, "keep", "ann")
    assert settled.keeper_item_id == sent.item_id
    assert len(settled.members) == 4


def test_what_is_said_to_be_different_is_no_duplicate_any_more(copied: TestLibrary) -> None:
    (group,) = groups(copied)
    with copied.connect() as connection:
        duplicates.resolve(connection, copied.library.library_id, group.group_id, "different", by="ann")
        connection.commit()
    copied.execute("INSERT INTO dirty_items SELECT library_id, item_id FROM items")
    copied.organise()
    assert {record["near_duplicates"] for record in copied.records().values()} == {None}


def test_a_copy_that_vanishes_leaves_its_group_and_the_last_one_ends_it(copied: TestLibrary) -> None:
    for gone, left in (("mirrored.jpg", 2), ("sent.jpg", 0)):
        copied.delete(gone)
        copied.discover()
        copied.discover()
        copied.work()
        assert [len(group.members) for group in groups(copied)] == ([left] if left else [])


def test_frames_of_a_burst_are_a_stack(library: TestLibrary, sandbox: Any) -> None:
    for second in range(4):
        library.put(f"{second}.jpg", a_photo("scene", size=(640, 480 + second), taken=f"2023:06:12 10:00:0{second}"))
    library.put("later.jpg", a_photo("other", taken="2023:06:12 11:00:00"))
    work(library)
    (stack,) = groups(library, kind="stack")
    assert sorted(keys(stack)) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]


def test_the_same_bytes_twice_are_told_as_copies(library: TestLibrary, sandbox: Any) -> None:
    library.put("one.jpg", a_photo("one"))
    library.put("two.jpg", a_photo("one"))
    work(library)
    with library.connect() as connection:
        assert duplicates.copies(connection, library.library.library_id) == [["test/one.jpg", "test/two.jpg"]]


@pytest.mark.parametrize(
    ("group", "decision", "keeper", "told"),
    [("nothing", "keep", None, "no group"), (None, "delete", None, "no decision"), (None, "keep", 999, "not in group")],
)
def test_an_impossible_decision_is_refused(
    copied: TestLibrary, group: str | None, decision: str, keeper: int | None, told: str
) -> None:
    name = group or groups(copied)[0].group_id
    with copied.connect() as connection, pytest.raises(DuplicateError, match=told):
        duplicates.resolve(connection, copied.library.library_id, name, decision, by="ann", keeper=keeper)


def test_candidates_are_looked_up_by_the_index(copied: TestLibrary) -> None:
    with copied.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off; SET enable_sort = off")
        explained = text(f"EXPLAIN {alike.CANDIDATES.text}")
        vector = "[" + ",".join(["0.125"] * 64) + "]"
        parameters = {"library_id": 1, "items": [1], "vectors": [vector], "most": 12, "apart": 0.3}
        plan = "\n".join(connection.execute(explained, parameters).scalars())
    assert plan.count("structure_idx") == 16
