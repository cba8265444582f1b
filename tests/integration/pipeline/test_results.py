"""Results: idempotent, counted right, with history; and what each kind of fault leads to."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from albumen.catalog import due, quarantine
from albumen.catalog.due import Lane
from albumen.catalog.leases import Lease
from albumen.pipeline import reading
from albumen.pipeline.contract import StepResult, StepSkip
from albumen.pipeline.taxonomy import ItemFault, Reason

pytestmark = pytest.mark.stack

RECOUNT = "SELECT step, state, COALESCE(reason, '') AS reason, count(*) AS n FROM outcomes GROUP BY 1, 2, 3"
TALLIED = "SELECT step, state, reason, sum(n) AS n FROM tallies GROUP BY 1, 2, 3 HAVING sum(n) <> 0"


def tallies_are_right(library) -> None:
    recount = {tuple(row) for row in library.query(RECOUNT)}
    assert {tuple(row) for row in library.query(TALLIED)} == recount


def now_due(library) -> None:
    library.execute("UPDATE due SET not_before = now()")


def state_of(library, key: str, step: str = "renditions") -> tuple[str, str | None, int]:
    found = library.records()[key]["steps"][step]
    return found["state"], found["reason"], found["attempts"]


def with_settings(library, **pipeline) -> None:
    knobs = library.settings.pipeline.model_copy(update=pipeline)
    library.settings = library.settings.model_copy(update={"pipeline": knobs})


def test_running_the_same_shard_twice_changes_nothing(library, sandbox, photo) -> None:
    for number in range(5):
        library.put(f"{number}.jpg", photo(number, taken=f"2020:05:0{number + 1} 10:00:00"))
    library.put("copy.jpg", photo(0))
    library.put("notes.txt", b"hello")
    library.put("bad.jpg", b"\xff\xd8\xff\xe0 broken")
    library.discover()
    library.work()
    before, stored = library.dump(), library.stored()

    library.execute("UPDATE shards SET finished_at = NULL, leased_until = now() - interval '1 second'")
    summaries = library.work()

    assert [summary.size for summary in summaries] == [0, 0]
    assert library.dump() == before
    assert library.stored() == stored


def test_a_shard_worked_on_again_from_the_start_ends_in_the_same_state(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1, taken="2020:05:01 10:00:00"))
    library.put("b.jpg", photo(2))
    library.discover()
    library.work()
    before, stored = library.dump(), library.stored()
    for step in ("metadata", "renditions"):
        library.execute(
            "INSERT INTO due (library_id, subject_id, step, subject_kind, lane) "
            "SELECT library_id, item_id, :step, 'i', 0 FROM items", step=step,
        )  # fmt: skip

    library.work()

    after = library.dump()
    moved = {name for name in before if before[name] != after[name]}
    assert moved <= {"outcomes", "outcome_history", "hours_of_work", "days"}
    assert library.stored() == stored
    assert library.query("SELECT FROM superseded_objects") == []
    tallies_are_right(library)


def test_tallies_equal_a_recount_whatever_happened(library, sandbox, photo) -> None:
    chance = random.Random(7)
    faults = [None, None, *(ItemFault(reason, "drawn") for reason in Reason), StepSkip(Reason.UNSUPPORTED, "drawn")]
    sandbox.interfere = lambda step, item: chance.choice(faults)
    for number in range(24):
        library.put(f"{number}.jpg", photo(number % 20))
    library.discover()
    for round_no in range(4):
        library.work()
        tallies_are_right(library)
        if round_no == 1:
            for number in range(6):
                library.put(f"{number}.jpg", photo(100 + number))
            library.delete("20.jpg")
            library.delete("7.jpg")
        library.discover()
        now_due(library)
    with library.connect() as connection:
        held = quarantine.listed(connection, library.library.library_id)
        assert quarantine.release(connection, library.library.library_id, held) == len(held) > 0
        connection.commit()
    tallies_are_right(library)
    sandbox.interfere = lambda step, item: None
    for _ in range(3):
        now_due(library)
        library.work()
    tallies_are_right(library)
    assert library.query("SELECT FROM due") == []
    assert {record["state"] for record in library.records().values()} <= {"done", "skipped"}


def test_history_keeps_every_outcome(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    plan = [ItemFault(Reason.CRASHED, "first"), None]
    sandbox.interfere = lambda step, item: plan.pop(0) if step == "renditions" else None
    library.work()
    now_due(library)
    library.work()

    rows = library.query("SELECT state, reason, attempts FROM outcome_history WHERE step = 'renditions' ORDER BY at")
    assert [tuple(row) for row in rows] == [("retrying", "crashed", 1), ("done", None, 2)]
    assert len({row.task for row in library.query("SELECT task FROM outcome_history")}) == 1


@pytest.mark.parametrize("reason", [Reason.CRASHED, Reason.TIMED_OUT])
def test_what_breaks_the_sandbox_is_quarantined_after_two_attempts(library, sandbox, photo, reason) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    sandbox.interfere = lambda step, item: ItemFault(reason, "no luck") if step == "renditions" else None

    library.work()
    assert state_of(library, "a.jpg") == ("retrying", reason, 1)
    assert [row.lane for row in library.query("SELECT lane FROM due")] == [1]
    now_due(library)
    library.work()

    assert state_of(library, "a.jpg") == ("quarantined", reason, 2)
    record = library.records()["a.jpg"]
    assert (record["state"], record["reason"], record["detail"]) == ("quarantined", reason, "no luck")
    assert record["steps"]["metadata"]["state"] == "done"
    assert library.query("SELECT FROM due") == []


@pytest.mark.parametrize(
    ("reason", "attempts", "ends"),
    [
        (Reason.UNREADABLE, 1, "quarantined"),
        (Reason.TOO_LARGE, 1, "quarantined"),
        (Reason.BUG, 3, "quarantined"),
        (Reason.UNSUPPORTED, 0, "skipped"),
    ],
)
def test_every_reason_ends_after_its_attempts(library, sandbox, photo, reason, attempts, ends) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    sandbox.interfere = lambda step, item: ItemFault(reason, "no luck") if step == "renditions" else None
    for _ in range(max(1, attempts)):
        assert library.records()["a.jpg"]["steps"]["renditions"]["state"] in {"due", "retrying"}
        now_due(library)
        library.work()
    assert state_of(library, "a.jpg") == (ends, reason, attempts)


def test_a_fault_of_the_world_is_never_blamed_on_the_item(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    sandbox.interfere = lambda step, item: ItemFault(Reason.TRANSIENT, "away") if step == "renditions" else None
    for _ in range(6):
        now_due(library)
        library.work()
        assert state_of(library, "a.jpg") == ("retrying", "transient", 0)
    assert library.records()["a.jpg"]["state"] == "due"


def test_a_retry_waits_longer_every_time_up_to_the_bound(library, sandbox, photo) -> None:
    with_settings(library, retry_base_seconds=10.0, retry_max_seconds=15.0)
    library.put("a.jpg", photo(1))
    library.discover()
    sandbox.interfere = lambda step, item: ItemFault(Reason.BUG, "no") if step == "renditions" else None
    waits = []
    for _ in range(2):
        now_due(library)
        library.work()
        (row,) = library.query("SELECT not_before FROM due")
        waits.append(row.not_before - datetime.now(UTC))
    assert timedelta(seconds=8) < waits[0] <= timedelta(seconds=10)
    assert timedelta(seconds=13) < waits[1] <= timedelta(seconds=15)


def test_released_quarantine_is_tried_again_with_fresh_attempts(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.put("video.mp4", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 100)
    library.discover()
    sandbox.interfere = lambda step, item: ItemFault(Reason.UNREADABLE, "no") if step == "renditions" else None
    library.work()
    with library.connect() as connection:
        held = quarantine.listed(connection, library.library.library_id)
        assert [(one.key, one.step) for one in held] == [("test/a.jpg", "renditions")]
        assert quarantine.release(connection, library.library.library_id, held) == 1
        connection.commit()
    assert library.records()["a.jpg"]["state"] == "due"

    sandbox.interfere = lambda step, item: None
    library.work()

    assert state_of(library, "a.jpg") == ("done", None, 1)
    assert library.records()["a.jpg"]["state"] == "done"
    with library.connect() as connection:
        assert quarantine.counts(connection, library.library.library_id) == {}


def test_the_state_of_an_original_is_quarantined_before_due_before_done_before_skipped(library, sandbox, photo) -> None:
    plans = {
        "quarantined": {"renditions": ItemFault(Reason.UNREADABLE, "x"), "metadata": ItemFault(Reason.CRASHED, "x")},
        "due": {"renditions": ItemFault(Reason.CRASHED, "x")},
        "done": {"metadata": ItemFault(Reason.UNSUPPORTED, "x"), "quality": ItemFault(Reason.UNSUPPORTED, "x")},
        "skipped": {step: ItemFault(Reason.UNSUPPORTED, "x") for step in ("metadata", "renditions")},
    }
    keys = {}
    for number, name in enumerate(plans):
        library.put(name, photo(number))
        keys[photo(number)] = name
    library.discover()
    previews = {}

    def act(step, item):
        name = keys.get(item.data) or previews.get(item.subject_id)
        return plans[name].get(step) if name else None

    sandbox.interfere = act
    library.work()
    assert {key: record["state"] for key, record in library.records().items()} == {name: name for name in plans}


def test_a_photo_that_no_decoder_reads_has_its_facts_and_is_skipped(library, sandbox) -> None:
    library.put("Screenshot_20210503-101112.xcf", b"gimp xcf v011\0" + bytes(64))
    library.discover()
    library.work()
    (record,) = library.records().values()
    assert (record["state"], record["reason"], record["detail"]) == (
        "skipped",
        "unsupported",
        "GIMP XCF is not read yet",
    )
    assert record["taken"]["local"] == "2021-05-03T10:11:12"
    assert {name: step["state"] for name, step in record["steps"].items()} == {
        "metadata": "done",
        "renditions": "skipped",
    }
    assert library.query("SELECT * FROM due") == []


def test_new_settings_switch_the_renditions_and_the_old_keys_are_recorded_until_they_are_current_again(
    library, sandbox, photo
) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    library.work()

    def keys() -> set[str]:
        return {one["key"] for one in library.records()["a.jpg"]["renditions"]}

    def render_with(quality: int) -> None:
        renditions = library.settings.renditions.model_copy(update={"preview_quality": quality})
        library.settings = library.settings.model_copy(update={"renditions": renditions})
        (item,) = library.query("SELECT item_id FROM items")
        with library.connect() as connection:
            pairs = [(item.item_id, "renditions")]
            due.enqueue(connection, library.library.library_id, pairs, subject_kind="i", lane=Lane.FRESH)
            connection.commit()
        library.work()

    first = keys()
    render_with(50)
    second = keys()
    assert first.isdisjoint(second)
    assert {row.key for row in library.query("SELECT key FROM superseded_objects")} == first
    assert first | second <= set(library.stored()), "old files stay for those who still look at them"

    render_with(80)

    assert keys() == first
    assert {row.key for row in library.query("SELECT key FROM superseded_objects")} == second


REFUSED_ROWS = [
    {"make": "Canon\x00"},
    {"orientation": 10**6},
    {"no_such_column": 1},
    {"lens": "\udc80 lone surrogate"},
    {"refused": {"a": float("nan")}},
]


def test_rows_the_catalog_refuses_cost_their_item_and_never_the_shard(library, sandbox, photo) -> None:
    poisons = {photo(number): rows for number, rows in enumerate(REFUSED_ROWS)}
    for number in range(len(REFUSED_ROWS) + 3):
        library.put(f"{number}.jpg", photo(number))
    library.discover()

    def act(step, item):
        if step == "metadata" and item.data in poisons:
            return StepResult(rows={"facts": [{"width": 1, **poisons[item.data]}], "raw_tags": []})
        return None

    sandbox.interfere = act
    library.work()
    tallies_are_right(library)
    bad = [f"{number}.jpg" for number in range(len(REFUSED_ROWS))]
    assert [state_of(library, key, "metadata") for key in bad] == [("retrying", "bug", 1)] * len(bad)
    for _ in range(2):
        now_due(library)
        library.work()

    records = library.records()
    assert {(records[key]["state"], records[key]["reason"]) for key in bad} == {("quarantined", "bug")}
    assert all("catalog refuses" in records[key]["detail"] for key in bad)
    assert {record["state"] for key, record in records.items() if key not in bad} == {"done"}
    tallies_are_right(library)


def test_a_fault_in_telling_what_an_object_is_costs_that_object(library, sandbox, photo, monkeypatch) -> None:
    sniff = reading.sniff
    monkeypatch.setattr(reading, "sniff", lambda head, *rest: sniff(head, *rest) if head != b"boom" else 1 / 0)
    library.put("a.jpg", photo(1))
    library.put("b.jpg", b"boom")
    library.discover()
    library.work()
    assert library.records()["a.jpg"]["state"] == "done"
    assert state_of(library, "b.jpg") == ("retrying", "bug", 1)


def test_a_shard_of_nothing_but_missing_objects_is_no_outage(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    library.delete("a.jpg")
    library.work()
    assert state_of(library, "a.jpg") == ("retrying", "transient", 0)


def test_a_lost_preview_is_made_again_and_then_read(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    library.work("original")
    (preview,) = [one["key"] for one in library.records()["a.jpg"]["renditions"] if one["name"] == "preview"]
    library.store.client.delete_object(Bucket=library.bucket, Key=preview)

    library.work()
    library.work()

    assert preview in library.stored()
    assert library.records()["a.jpg"]["state"] == "done"
    assert state_of(library, "a.jpg", "quality") == ("done", None, 1)


def test_an_unexpected_failure_keeps_the_shard_for_the_retry(library, sandbox, photo, monkeypatch) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    lease = library.lease("original", "a")

    def explode(step, item):
        raise RuntimeError("a fault of the program")

    sandbox.interfere = explode
    with pytest.raises(RuntimeError):
        library.run(lease)
    sandbox.interfere = lambda step, item: None
    again = library.lease("original", "a")
    assert isinstance(again, Lease)
    library.run(again)
    assert library.records()["a.jpg"]["steps"]["renditions"]["state"] == "done"
