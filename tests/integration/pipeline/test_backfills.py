"""Backfills: exactly the step that changed, exactly the selection, behind everything else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from albumen.catalog import backfills, due, libraries, parts
from albumen.catalog.backfills import Selection
from albumen.catalog.due import Lane
from albumen.pipeline import backfilling, registry
from albumen.pipeline.taxonomy import ItemFault, Reason
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

ON_PREVIEWS = {step.name for step in registry.for_everyone("preview") if step.consent is None}


@pytest.fixture
def filled(library, sandbox, photo) -> TestLibrary:
    """Six photos of three years in two folders, all done; `2012/bad.jpg` cannot be rendered."""
    sandbox.interfere = lambda step, item: (
        ItemFault(Reason.UNREADABLE, "bad") if step == "renditions" and item.data == photo(6) else None
    )
    for number, year in enumerate([2010, 2010, 2011, 2011, 2012]):
        library.put(f"{year}/{number}.jpg", photo(number, taken=f"{year}:06:0{number + 1} 10:00:00"))
    library.put("2012/bad.jpg", photo(6))
    library.discover()
    notice(library)
    library.work()
    sandbox.worked.clear()
    return library


def notice(library) -> list[backfilling.Estimate]:
    found = []
    with library.connect() as connection:
        for pass_name in ("original", "preview"):
            found += backfilling.notice_changes(connection, pass_name, library.settings)
            backfilling.advance(connection, pass_name, library.settings)
        connection.commit()
    return found


def measure(library, step: str, **selection) -> int:
    with library.connect() as connection:
        chosen = Selection(**{"stale_only": False, **selection})
        return backfilling.estimate(connection, library.library, registry.steps()[step], chosen, library.settings).items


def waiting(library) -> set[tuple[str, int]]:
    return {tuple(row) for row in library.query("SELECT step, lane FROM due")}


def test_two_planners_at_once_start_one_backfill_and_plan_the_same(filled, monkeypatch) -> None:
    monkeypatch.setattr(registry.steps()["quality"], "version", 99)

    with ThreadPoolExecutor(2) as planners:
        found = list(planners.map(lambda _: notice(filled), range(2)))

    assert sorted(len(estimates) for estimates in found) == [0, 1]
    assert filled.query("SELECT count(*) FROM backfills WHERE step = 'quality'")[0][0] == 1
    assert filled.query("SELECT count(*) FROM due WHERE step = 'quality' AND lane = 2")[0][0] == 5


def test_a_raised_version_makes_exactly_that_step_due_in_the_backfill_lane(filled, sandbox, monkeypatch) -> None:
    assert notice(filled) == []
    monkeypatch.setattr(registry.steps()["quality"], "version", 99)

    (estimate,) = notice(filled)

    assert (estimate.step, estimate.items) == ("quality", 5)
    assert waiting(filled) == {("quality", Lane.BACKFILL)}
    assert len(filled.query("SELECT FROM due")) == 5
    assert {record["state"] for key, record in filled.records().items() if "bad" not in key} == {"due"}
    filled.work()
    assert {step for step, _ in sandbox.worked} == {"quality"}
    assert {r["steps"]["quality"]["version"] for r in filled.records().values() if "quality" in r["steps"]} == {99}
    assert notice(filled) == []


def test_fresh_uploads_overtake_another_look_at_all_scenes_in_which_no_other_step_runs(
    filled, sandbox, photo, monkeypatch
) -> None:
    monkeypatch.setattr(registry.steps()["scene"], "version", 99)
    filled.settings.pipeline.commit_items = 1
    old = {item for (item,) in filled.query("SELECT item_id FROM items")}
    notice(filled)
    assert waiting(filled) == {("scene", Lane.BACKFILL)}
    under_way = filled.lease("preview", "slot")
    filled.put("2024/fresh.jpg", photo(40))
    filled.discover()
    filled.work("original")
    sandbox.worked.clear()

    assert filled.run(under_way).gave_way
    filled.work("preview")

    assert {step for step, item in sandbox.worked if item in old} == {"scene"}
    assert sorted(item for step, item in sandbox.worked if item in old) == sorted(
        item for (item,) in filled.query("SELECT subject_id FROM outcomes WHERE step = 'scene'") if item in old
    )
    fresh = [place for place, (_, item) in enumerate(sandbox.worked) if item not in old]
    assert {sandbox.worked[place][0] for place in fresh} == ON_PREVIEWS
    assert max(fresh) < max(place for place, (_, item) in enumerate(sandbox.worked) if item in old)


def test_consent_to_faces_given_or_withdrawn_makes_quality_due_again(filled) -> None:
    def told(consents: list[str]) -> set[tuple[str, int]]:
        before = filled.library
        with filled.connect() as connection:
            filled.library = libraries.change(connection, "test", {"consents": consents})
            backfilling.start_for_policies(connection, filled.library, before, filled.settings)
            if not consents:
                libraries.forget_faces(connection, filled.library.library_id)
            connection.commit()
        return waiting(filled)

    assert told(["faces"]) == {("faces", Lane.BACKFILL), ("quality", Lane.BACKFILL)}
    assert told([]) == {("quality", Lane.BACKFILL)}
    filled.work()
    assert waiting(filled) == set()


def test_a_raised_version_of_the_renditions_makes_what_reads_them_due_too_and_nothing_else(
    filled, sandbox, monkeypatch
) -> None:
    monkeypatch.setattr(registry.steps()["renditions"], "version", 99)
    sandbox.interfere = lambda step, item: None
    (estimate,) = notice(filled)
    assert estimate.items == 6
    filled.work()
    counted = [step for step, _ in sandbox.worked]
    assert {step: counted.count(step) for step in set(counted)} == dict.fromkeys({"renditions", *ON_PREVIEWS}, 6)
    assert {r["steps"]["renditions"]["version"] for r in filled.records().values()} == {99}
    assert filled.records()["2012/bad.jpg"]["state"] == "done", "a new version is a new chance"


def test_following_work_of_a_backfill_stays_in_the_backfill_lane(filled, monkeypatch) -> None:
    monkeypatch.setattr(registry.steps()["renditions"], "version", 99)
    notice(filled)
    filled.work("original")
    assert waiting(filled) == {(step, Lane.BACKFILL) for step in ON_PREVIEWS}


def test_fresh_uploads_go_before_a_backfill(filled, photo, monkeypatch) -> None:
    monkeypatch.setattr(registry.steps()["metadata"], "version", 99)
    notice(filled)
    filled.put("new.jpg", photo(50))
    filled.discover()
    lease = filled.lease("original", "next")
    assert (lease.lane, lease.size) == (Lane.FRESH, 1)


@pytest.mark.parametrize(
    ("selection", "items"),
    [
        ({}, 6),
        ({"prefix": "test/2010/"}, 2),
        ({"prefix": "test/20"}, 6),
        ({"prefix": "nowhere/"}, 0),
        ({"reason": "unreadable"}, 1),
        ({"reason": "crashed"}, 0),
        ({"taken_from": date(2011, 6, 3)}, 4),
        ({"taken_from": date(2011, 6, 3), "taken_to": date(2011, 6, 3)}, 1),
        ({"taken_to": date(2010, 12, 31), "prefix": "test/2011/"}, 0),
        ({"stale_only": True}, 0),
    ],
)
def test_the_measured_size_of_a_selection_is_what_becomes_due(filled, selection, items) -> None:
    assert measure(filled, "renditions", **selection) == items
    with filled.connect() as connection:
        chosen = Selection(**{"stale_only": False, **selection})
        backfills.create(connection, filled.library.library_id, "renditions", chosen)
        assert backfilling.advance(connection, "original", filled.settings) == items
        connection.commit()
    assert len(filled.query("SELECT FROM due")) == items


def test_a_selection_survives_the_catalog() -> None:
    chosen = Selection("a/", "bug", date(2020, 2, 29), None, stale_only=False)
    assert Selection.from_dict(chosen.as_dict()) == chosen


def test_faces_are_only_due_where_the_owner_consents(filled) -> None:
    assert measure(filled, "faces") == 0
    filled.execute("UPDATE libraries SET consents = '{faces}'")
    with filled.connect() as connection:
        filled.library = libraries.named(connection, filled.library.name)
    assert measure(filled, "faces") == 5


def test_what_became_due_without_consent_ends_without_a_trace(filled, sandbox) -> None:
    with filled.connect() as connection:
        items = connection.exec_driver_sql("SELECT item_id FROM items").scalars().all()
        pairs = [(item, "faces") for item in items]
        due.enqueue(connection, filled.library.library_id, pairs, subject_kind="i", lane=Lane.FRESH)
        connection.commit()
    filled.work()
    assert sandbox.worked == []
    assert filled.query("SELECT FROM due") == []
    assert filled.query("SELECT FROM outcomes WHERE step = 'faces'") == []


def test_a_backfill_goes_on_where_it_was_interrupted(filled) -> None:
    with filled.connect() as connection:
        backfills.create(connection, filled.library.library_id, "metadata", Selection(stale_only=False))
        connection.commit()
    scopes = {"metadata": backfilling.scope_of(registry.steps()["metadata"], filled.settings)}
    parts = []
    for _ in range(4):
        with filled.connect() as connection:
            parts.append(backfills.advance(connection, scopes, most=4))
            connection.commit()
        filled.work()
    assert parts == [4, 2, 0, 0]
    (row,) = filled.query("SELECT enqueued, finished_at IS NOT NULL AS finished FROM backfills")
    assert (row.enqueued, row.finished) == (6, True)
    assert {row.n for row in filled.query(
        "SELECT count(*) AS n FROM outcome_history WHERE step = 'metadata' GROUP BY subject_id")} == {2}  # fmt: skip


def test_a_large_library_is_read_in_parts(filled, monkeypatch) -> None:
    monkeypatch.setattr(parts, "READ_AT_ONCE", 2)
    monkeypatch.setattr(backfills, "READ_A_TURN", 4)
    last = max(row.item_id for row in filled.query("SELECT item_id FROM items"))
    filled.execute(f"UPDATE outcomes SET inputs_key = '' WHERE step = 'metadata' AND subject_id = {last}")
    assert measure(filled, "metadata", stale_only=True) == 1
    assert measure(filled, "metadata") == 6
    with filled.connect() as connection:
        backfills.create(connection, filled.library.library_id, "metadata", Selection())
        connection.commit()
    scopes = {"metadata": backfilling.scope_of(registry.steps()["metadata"], filled.settings)}
    told = []
    for _ in range(3):
        with filled.connect() as connection:
            enqueued = backfills.advance(connection, scopes, most=4)
            connection.commit()
        (row,) = filled.query("SELECT finished_at IS NOT NULL AS finished FROM backfills")
        told.append((enqueued, row.finished))
    assert told == [(0, False), (1, True), (0, True)]
    assert [row.subject_id for row in filled.query("SELECT subject_id FROM due")] == [last]


def test_retired_items_are_not_backfilled(filled) -> None:
    filled.delete("2010/0.jpg")
    filled.discover()
    filled.discover()
    assert measure(filled, "metadata") == 5


def test_costs_are_measured_and_price_a_backfill(filled) -> None:
    with filled.connect() as connection:
        estimate = backfilling.estimate(
            connection, filled.library, registry.steps()["metadata"], Selection(stale_only=False), filled.settings
        )
    assert estimate.seconds_per_item == pytest.approx(0.02)
    assert "6 items" in str(estimate)
