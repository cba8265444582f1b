"""A stopped step keeps its work and nobody's else; what its breaker held is tried again."""

from datetime import UTC, datetime

import pytest

from albumen.catalog import due, leases, step_pauses
from albumen.catalog.leases import Lease
from albumen.pipeline import planning, registry
from albumen.pipeline.taxonomy import ItemFault, Reason

pytestmark = pytest.mark.stack

PHOTOS = 24


@pytest.fixture
def listed(library, sandbox, photo):
    """Photos that are known, and not yet worked on."""
    for number in range(PHOTOS):
        library.put(f"{number:02}.jpg", photo(number))
    library.discover()
    return library


def stop(library, step: str, **how) -> bool:
    with library.connect() as connection:
        stopped = step_pauses.pause(connection, step, reason="a try", by="me", **how)
        connection.commit()
    return stopped


def resume(library, step: str) -> int | None:
    with library.connect() as connection:
        released = step_pauses.resume(connection, step)
        connection.commit()
    return released


def stopped(library) -> dict[str, step_pauses.StepPause]:
    with library.connect() as connection:
        return step_pauses.everyone(connection)


def states(library, step: str) -> set[str]:
    return {row.state for row in library.query("SELECT state FROM outcomes WHERE step = :step", step=step)}


def test_the_other_steps_of_the_pass_and_what_needs_none_of_it_go_on(listed, sandbox) -> None:
    assert stop(listed, "renditions")
    listed.work()
    assert {step for step, _ in sandbox.worked} == {"metadata"}
    assert states(listed, "metadata") == {"done"}
    waiting = listed.query("SELECT step, subject_kind, shard_id FROM due")
    assert {(row.step, row.subject_kind, row.shard_id) for row in waiting} == {("renditions", "i", None)}
    assert {record["state"] for record in listed.records().values()} == {"due"}

    assert resume(listed, "renditions") == 0
    sandbox.worked.clear()
    listed.work()
    assert "metadata" not in {step for step, _ in sandbox.worked}
    assert {record["state"] for record in listed.records().values()} == {"done"}
    assert listed.query("SELECT FROM due") == []


def test_a_step_that_is_stopped_while_a_shard_is_at_work_is_left_alone_from_then_on(listed, sandbox) -> None:
    listed.settings.pipeline.commit_items = 4

    def interfere(step, item):
        if step == "renditions" and len(sandbox.worked) == 6:
            stop(listed, "renditions")

    sandbox.interfere = interfere
    lease = listed.lease("original", "task")
    summary = listed.run(lease)
    assert 0 < summary.outcomes["renditions", "done", ""] < PHOTOS
    assert summary.outcomes["metadata", "done", ""] == PHOTOS
    left = PHOTOS - summary.outcomes["renditions", "done", ""]
    waiting = [(row.step, row.shard_id) for row in listed.query("SELECT * FROM due WHERE step = 'renditions'")]
    assert waiting == [("renditions", None)] * left
    assert listed.lease("original", "another") is None


def test_a_shard_with_nothing_but_stopped_steps_ends_at_once(listed, sandbox) -> None:
    lease = listed.lease("original", "task")
    steps = [step.name for step in registry.for_everyone("original")]
    for step in steps:
        stop(listed, step)
    assert isinstance(lease, Lease)
    summary = listed.run(lease)
    assert (summary.size, sandbox.worked) == (0, [])
    assert len(listed.query("SELECT FROM due WHERE shard_id IS NULL")) == len(steps) * PHOTOS


def test_a_step_that_fails_on_too_much_stops_itself_and_nothing_else(listed, sandbox) -> None:
    sandbox.interfere = lambda step, item: ItemFault(Reason.BUG, "KeyError: x") if step == "metadata" else None
    listed.settings.pipeline.commit_items = 4
    listed.work()
    assert stopped(listed).keys() == {"metadata"}
    pause = stopped(listed)["metadata"]
    assert pause.breaker
    assert pause.sample["of"] == PHOTOS
    assert {fault["detail"] for fault in pause.sample["faults"]} == {"KeyError: x"}
    assert 10 <= pause.sample["failed"] < PHOTOS
    assert [line for line in listed.log if "breaker of metadata" in line]
    assert states(listed, "renditions") == {"done"}
    assert states(listed, "quality") == {"done"}
    assert len(listed.query("SELECT FROM due WHERE step = 'metadata'")) == PHOTOS


def test_what_a_breaker_held_is_tried_again_with_fresh_attempts(listed, sandbox) -> None:
    sandbox.interfere = lambda step, item: ItemFault(Reason.TIMED_OUT, "20 s") if step == "metadata" else None
    listed.settings.pipeline.retry_base_seconds = 0.001
    listed.settings.pipeline.breaker_items = PHOTOS + 1  # both attempts pass before it trips
    listed.work()
    ended = listed.query("SELECT FROM outcomes WHERE step = 'metadata' AND state = 'quarantined'")
    assert len(ended) == PHOTOS
    began = datetime(2000, 1, 1, tzinfo=UTC)
    stop(listed, "metadata", breaker=True, since=began, sample={})
    sandbox.interfere = lambda step, item: None

    assert resume(listed, "metadata") == PHOTOS
    assert {row.attempts for row in listed.query("SELECT attempts FROM due")} == {0}
    listed.work()
    assert {record["state"] for record in listed.records().values()} == {"done"}
    tallies = listed.query("SELECT sum(n) AS n FROM tallies WHERE step = 'metadata' AND state = 'quarantined'")
    assert [row.n for row in tallies] == [0]


def test_what_waits_for_its_second_try_waits_no_longer(listed, sandbox) -> None:
    sandbox.interfere = lambda step, item: ItemFault(Reason.BUG, "no") if step == "metadata" else None
    listed.work()
    assert stopped(listed)["metadata"].breaker
    retrying = len(listed.query("SELECT FROM due WHERE step = 'metadata' AND lane = 1 AND not_before > now()"))
    assert retrying >= 10
    assert resume(listed, "metadata") == retrying
    assert listed.query("SELECT FROM due WHERE step = 'metadata' AND (attempts > 0 OR not_before > now())") == []


def test_older_quarantine_stays_when_a_breaker_lets_go(listed, sandbox) -> None:
    sandbox.interfere = lambda step, item: ItemFault(Reason.BUG, "old") if step == "metadata" else None
    listed.settings.pipeline.retry_base_seconds = 0.001
    listed.settings.pipeline.breaker_items = PHOTOS + 1
    listed.work()
    listed.execute("UPDATE outcomes SET at = at - interval '1 day'")
    stop(listed, "metadata", breaker=True, sample={})
    assert resume(listed, "metadata") == 0
    assert len(listed.query("SELECT FROM outcomes WHERE step = 'metadata' AND state = 'quarantined'")) == PHOTOS


def test_a_person_who_stops_a_step_leaves_its_quarantine_alone(listed, sandbox) -> None:
    sandbox.interfere = lambda step, item: ItemFault(Reason.UNREADABLE, "cut") if step == "renditions" else None
    listed.work()
    stop(listed, "renditions")
    assert not stop(listed, "renditions")
    assert resume(listed, "renditions") == 0
    assert states(listed, "renditions") == {"quarantined"}
    assert resume(listed, "renditions") is None


def test_a_stopped_step_is_no_reason_to_plan_to_wake_or_to_give_way(listed) -> None:
    steps = [step.name for step in registry.of_pass("original")]
    for step in registry.for_everyone("original"):
        stop(listed, step.name)
    with listed.connect() as connection:
        assert step_pauses.running(connection, steps) == ["large", "fullsize"]
        plan = planning.plan(connection, "original", listed.settings, paused=step_pauses.names(connection))
        assert list(plan.sizes) == []
        running = step_pauses.running(connection, steps)
        assert not due.is_neglected(connection, running, "original", idle_s=0)
        assert not leases.fresh_waits(connection, running)
