"""Renditions on demand: for those who ask, once, and again for exactly them when the step changes."""

from __future__ import annotations

from datetime import date

import pytest

from albumen.catalog import backfills
from albumen.catalog.backfills import Selection
from albumen.catalog.due import Lane
from albumen.pipeline import backfilling, planning, registry
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.settings import RenditionSettings
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

KEYS = ("2010/0.jpg", "2010/1.jpg", "2011/2.jpg")


@pytest.fixture
def filled(library, sandbox, photo) -> TestLibrary:
    """Three photos of two years, all done."""
    for number, key in enumerate(KEYS):
        library.put(key, photo(number, taken=f"{key[:4]}:06:01 10:00:00"))
    library.discover()
    notice(library)
    library.work()
    sandbox.worked.clear()
    return library


def notice(library: TestLibrary) -> list[tuple[str, int]]:
    """One planner's turn: the backfills it starts."""
    found = []
    with library.connect() as connection:
        for pass_name in ("original", "preview"):
            found += backfilling.notice_changes(connection, pass_name, library.settings)
            backfilling.advance(connection, pass_name, library.settings)
        connection.commit()
    return [(estimate.step, estimate.items) for estimate in found]


def ask(library: TestLibrary, *keys: str, step: str = "large", **selection) -> int:
    """Ask for renditions, and return for how many items there is something to do."""
    chosen = Selection(keys=tuple(library.library.prefix + key for key in keys), **selection)
    with library.connect() as connection:
        wanted = registry.steps()[step]
        items = backfilling.estimate(connection, library.library, wanted, chosen, library.settings).items
        backfills.create(connection, library.library.library_id, step, chosen)
        assert backfilling.advance(connection, "original", library.settings) == items
        connection.commit()
    return items


def waiting(library: TestLibrary) -> list[tuple[str, int]]:
    return [tuple(row) for row in library.query("SELECT step, lane FROM due ORDER BY 1, 2")]


def having(library: TestLibrary, name: str = "large") -> set[str]:
    return {key for key, record in library.records().items() if name in {one["name"] for one in record["renditions"]}}


def test_an_upload_is_done_without_what_nobody_asked_for(filled) -> None:
    assert {record["state"] for record in filled.records().values()} == {"done"}
    assert not {"large", "fullsize"} & {step for record in filled.records().values() for step in record["steps"]}
    assert filled.query("SELECT FROM due") == []
    assert notice(filled) == []
    assert filled.query("SELECT FROM backfills") == []


def test_what_is_asked_for_is_made_and_listed_and_the_rest_stays_as_it_is(filled, sandbox) -> None:
    before = filled.records()

    assert ask(filled, KEYS[0]) == 1
    assert waiting(filled) == [("large", Lane.FRESH)]
    assert filled.records()[KEYS[0]]["state"] == "due"
    filled.work()

    assert [step for step, _ in sandbox.worked] == ["large"]
    record = filled.records()[KEYS[0]]
    assert (record["state"], record["steps"]["large"]["state"]) == ("done", "done")
    (large,) = [one for one in record["renditions"] if one["name"] == "large"]
    assert (large["mime"], large["width"], large["height"]) == ("image/jpeg", 96, 64)
    assert len(filled.store.get(filled.bucket, large["key"])) == large["bytes"]
    assert {key: record for key, record in filled.records().items() if key != KEYS[0]} == {
        key: record for key, record in before.items() if key != KEYS[0]
    }


def test_asking_twice_makes_it_once(filled, sandbox) -> None:
    ask(filled, *KEYS)
    filled.work()
    assert ask(filled, *KEYS) == 0
    assert filled.query("SELECT FROM due") == []
    assert ask(filled, stale_only=False) == 3
    filled.work()
    assert len(sandbox.worked) == 6


@pytest.mark.parametrize(
    ("selection", "made"),
    [
        ({}, set(KEYS)),
        ({"prefix": "test/2010/"}, set(KEYS[:2])),
        ({"taken_from": date(2011, 1, 1)}, {KEYS[2]}),
        ({"taken_to": date(2010, 12, 31)}, set(KEYS[:2])),
    ],
)
def test_a_selection_is_made_behind_everything_else(filled, selection, made) -> None:
    assert ask(filled, **selection) == len(made)
    assert set(waiting(filled)) == {("large", Lane.BACKFILL)}
    filled.work()
    assert having(filled) == made


def test_keys_and_another_condition_narrow_each_other(filled) -> None:
    assert ask(filled, *KEYS, prefix="test/2010/") == 2
    assert ask(filled, "2010/none.jpg", step="fullsize") == 0


def test_a_raised_version_makes_it_due_again_for_exactly_those_that_have_it(filled, sandbox, monkeypatch) -> None:
    ask(filled, KEYS[0], KEYS[2])
    ask(filled, KEYS[1], step="fullsize")
    filled.work()
    sandbox.worked.clear()
    monkeypatch.setattr(registry.steps()["large"], "version", 2)

    assert notice(filled) == [("large", 2)]
    assert waiting(filled) == [("large", Lane.BACKFILL)] * 2
    filled.work()

    assert [step for step, _ in sandbox.worked] == ["large", "large"]
    assert having(filled) == {KEYS[0], KEYS[2]}
    assert {r["steps"]["large"]["version"] for r in filled.records().values() if "large" in r["steps"]} == {2}
    assert len(filled.query("SELECT FROM superseded_objects")) == 2
    assert notice(filled) == []


def test_a_changed_setting_does_so_too_and_the_other_renditions_are_left_alone(filled, sandbox) -> None:
    ask(filled, KEYS[0])
    filled.work()
    filled.settings.renditions = RenditionSettings(large_long_side=64)
    assert notice(filled) == [("large", 1)]
    filled.work()
    sizes = {one["name"]: one["width"] for one in filled.records()[KEYS[0]]["renditions"]}
    assert sizes == {"large": 64, "preview": 96, "thumb": 96}
    assert {step for step, _ in sandbox.worked} == {"large"}


def test_what_failed_under_the_old_version_has_another_chance_under_the_new(filled, sandbox, monkeypatch) -> None:
    sandbox.interfere = lambda step, item: ItemFault(Reason.UNREADABLE, "bad") if step == "large" else None
    ask(filled, KEYS[0])
    filled.work()
    assert filled.records()[KEYS[0]]["state"] == "quarantined"
    sandbox.interfere = lambda step, item: None
    monkeypatch.setattr(registry.steps()["large"], "version", 2)
    assert notice(filled) == [("large", 1)]
    filled.work()
    assert (filled.records()[KEYS[0]]["state"], having(filled)) == ("done", {KEYS[0]})


def test_new_renditions_do_not_take_the_large_one_away_nor_the_other_way_round(filled, monkeypatch) -> None:
    ask(filled, KEYS[0])
    filled.work()
    monkeypatch.setattr(registry.steps()["renditions"], "version", 99)
    notice(filled)
    filled.work()
    record = filled.records()[KEYS[0]]
    assert {one["name"] for one in record["renditions"]} == {"thumb", "preview", "large"}
    assert {"-v99-" in one["key"] for one in record["renditions"] if one["name"] != "large"} == {True}


def test_an_exact_copy_shares_it_without_a_decode(filled, sandbox, photo) -> None:
    ask(filled, KEYS[0])
    filled.work()
    sandbox.worked.clear()
    filled.put("copy.jpg", photo(0, taken="2010:06:01 10:00:00"))
    filled.discover()
    filled.work()
    assert sandbox.worked == []
    assert having(filled) == {KEYS[0], "copy.jpg"}
    assert ask(filled, "copy.jpg") == 0


def test_a_copy_that_arrives_while_it_is_due_changes_nothing(filled, sandbox, photo) -> None:
    ask(filled, KEYS[0])
    filled.put("copy.jpg", photo(0, taken="2010:06:01 10:00:00"))
    filled.discover()
    filled.work()
    assert [step for step, _ in sandbox.worked] == ["large"]
    assert having(filled) == {KEYS[0], "copy.jpg"}


def test_other_bytes_under_the_same_key_are_another_photo_and_have_none(filled, photo) -> None:
    ask(filled, KEYS[0])
    filled.work()
    filled.put(KEYS[0], photo(77))
    filled.discover()
    filled.work()
    record = filled.records()[KEYS[0]]
    assert (record["state"], having(filled)) == ("done", set())
    assert "large" not in record["steps"]


def test_content_that_comes_back_brings_it_along_in_the_version_of_today(filled, sandbox, photo, monkeypatch) -> None:
    ask(filled, KEYS[0])
    filled.work()
    filled.delete(KEYS[0])
    filled.discover()
    filled.discover()
    monkeypatch.setattr(registry.steps()["large"], "version", 2)
    assert notice(filled) == []
    sandbox.worked.clear()

    filled.put("again.jpg", photo(0, taken="2010:06:01 10:00:00"))
    filled.discover()
    filled.work()

    assert [step for step, _ in sandbox.worked if step not in {"metadata"}] == ["large"]
    record = filled.records()["again.jpg"]
    assert (record["state"], record["steps"]["large"]["version"]) == ("done", 2)


def test_a_photo_without_a_preview_has_no_large_one_either(library, sandbox, photo) -> None:
    sandbox.interfere = lambda step, item: ItemFault(Reason.UNREADABLE, "bad") if step == "renditions" else None
    library.put("bad.jpg", photo(1))
    library.put("notes.txt", b"not a photo at all")
    library.discover()
    library.work()
    assert ask(library) == 0
    assert ask(library, "bad.jpg", "notes.txt") == 0
    assert library.query("SELECT FROM due") == []


def test_named_files_overtake_a_backfill(filled, monkeypatch) -> None:
    monkeypatch.setattr(registry.steps()["metadata"], "version", 99)
    notice(filled)
    ask(filled, KEYS[0])
    lease = filled.lease("original", "next")
    assert (lease.lane, lease.size) == (Lane.FRESH, 1)


def test_what_nobody_asks_for_makes_no_plan_dearer(filled, photo) -> None:
    filled.execute("UPDATE steps SET items = 10, wall_s = 10000 WHERE step IN ('large', 'fullsize')")
    filled.put("new.jpg", photo(50))
    filled.discover()

    def cost() -> float:
        with filled.connect() as connection:
            return planning.plan(connection, "original", filled.settings).seconds_per_item

    assert cost() < 1
    ask(filled, KEYS[0])
    assert 1000 < cost() < 1001


def test_a_request_is_pending_until_all_of_it_has_ended(filled) -> None:
    def pending(backfill_id: int) -> bool:
        with filled.connect() as connection:
            return backfills.is_pending(connection, backfill_id)

    ask(filled, KEYS[0])
    ask(filled, KEYS[1])
    ask(filled, step="fullsize")
    named, other, everything = (row.backfill_id for row in filled.query("SELECT backfill_id FROM backfills ORDER BY 1"))
    assert [pending(named), pending(other), pending(everything)] == [True, True, True]
    filled.execute(
        "DELETE FROM due USING originals o WHERE due.subject_id = o.item_id AND due.step = 'large' AND o.key = :key",
        key=f"test/{KEYS[0]}",
    )
    assert [pending(named), pending(other)] == [False, True]
    filled.work()
    assert [pending(named), pending(other), pending(everything)] == [False, False, False]
    filled.execute("UPDATE backfills SET finished_at = NULL")
    assert pending(named), "it has not been put into the due work to its end"


def test_keys_that_the_library_has_not_are_told(filled) -> None:
    filled.delete(KEYS[2])
    filled.discover()
    filled.discover()
    with filled.connect() as connection:
        asked = [f"test/{key}" for key in KEYS] + ["2010/0.jpg", "test/2010"]
        unknown = backfills.unknown_keys(connection, filled.library.library_id, asked)
    assert unknown == [f"test/{KEYS[2]}", "2010/0.jpg", "test/2010"]
