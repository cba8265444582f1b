"""The ledger: which shard is leased, by whom, and what a worker that lost its lease can still do."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from albumen.catalog import due, engine, leases, libraries
from albumen.catalog.due import Lane
from albumen.catalog.leases import Finished, Lease, LeaseLost
from albumen.pipeline import planning
from albumen.pipeline.heartbeat import Heartbeat

pytestmark = pytest.mark.stack


def enqueue(library, subjects, *, lane=Lane.FRESH, step="renditions"):
    with library.connect() as connection:
        due.enqueue(connection, library.library.library_id, [(s, step) for s in subjects], subject_kind="o", lane=lane)
        connection.commit()


def leased(library) -> dict[int, set[int]]:
    shards: dict[int, set[int]] = {}
    for row in library.query("SELECT shard_id, subject_id FROM due WHERE shard_id IS NOT NULL"):
        shards.setdefault(row.shard_id, set()).add(row.subject_id)
    return shards


def test_fresh_work_goes_before_retries_and_retries_before_backfills(library) -> None:
    enqueue(library, [1], lane=Lane.BACKFILL)
    enqueue(library, [2], lane=Lane.RETRY)
    enqueue(library, [3], lane=Lane.FRESH)
    lanes = []
    for claim in "abc":
        lease = library.lease("original", claim)
        assert isinstance(lease, Lease)
        lanes.append((lease.lane, leased(library)[lease.shard_id]))
    assert lanes == [(Lane.FRESH, {3}), (Lane.RETRY, {2}), (Lane.BACKFILL, {1})]
    assert library.lease("original", "d") is None


def test_a_shard_holds_no_more_than_asked_for_and_all_due_steps_of_its_subjects_oldest_first(library) -> None:
    enqueue(library, range(1, 11))
    enqueue(library, range(1, 11), step="metadata")
    lease = library.lease("original", "a", most=4)
    assert isinstance(lease, Lease)
    assert (lease.size, leased(library)[lease.shard_id]) == (4, {1, 2, 3, 4})
    assert len(library.query("SELECT FROM due WHERE shard_id IS NOT NULL")) == 8


def test_work_that_waits_for_its_time_is_not_leased(library) -> None:
    enqueue(library, [1])
    library.execute("UPDATE due SET not_before = now() + interval '1 minute'")
    assert library.lease("original", "a") is None


def test_a_claim_asked_again_gets_the_same_shard_under_a_new_generation(library) -> None:
    enqueue(library, [1, 2])
    first = library.lease("original", "a", most=1)
    again = library.lease("original", "a", most=1)
    assert isinstance(first, Lease)
    assert isinstance(again, Lease)
    assert (again.shard_id, again.generation) == (first.shard_id, first.generation + 1)


def test_a_finished_claim_stays_finished(library) -> None:
    enqueue(library, [1, 2])
    lease = library.lease("original", "a", most=1)
    assert isinstance(lease, Lease)
    with library.connect() as connection:
        leases.finish(connection, lease, "{}")
        connection.commit()
    assert isinstance(library.lease("original", "a", most=1), Finished)


def test_an_expired_lease_is_taken_over_and_the_old_worker_writes_nothing(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    old = library.lease("original", "a")
    assert isinstance(old, Lease)
    assert library.lease("original", "b") is None, "a living lease is not taken"
    library.execute("UPDATE shards SET leased_until = now() - interval '1 second'")
    new = library.lease("original", "b")
    assert isinstance(new, Lease)
    assert (new.shard_id, new.generation) == (old.shard_id, 2)
    before = library.dump()

    with pytest.raises(LeaseLost):
        library.run(old)

    assert library.dump() == before
    library.run(new)
    with pytest.raises(LeaseLost):
        library.run(old)
    assert isinstance(library.lease("original", "b"), Finished)


def test_a_worker_overtaken_between_decoding_and_writing_writes_nothing(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.discover()
    old = library.lease("original", "a")

    def another_takes_over(step, item):
        library.execute("UPDATE shards SET leased_until = now() - interval '1 second'")
        library.lease("original", "b")

    sandbox.interfere = another_takes_over
    with pytest.raises(LeaseLost):
        library.run(old)
    assert library.query("SELECT FROM outcomes") == library.query("SELECT FROM items") == []


def test_takers_at_once_never_lease_a_row_twice(library) -> None:
    enqueue(library, range(1, 101))
    claims = count()

    def lease(_: int):
        found = []
        while isinstance(taken := library.lease("original", f"c{next(claims)}", most=7), Lease):
            found.append(taken)
        return found

    with ThreadPoolExecutor(2) as pool:
        taken = [one for found in pool.map(lease, range(2)) for one in found]
    assert sum(one.size for one in taken) == 100
    assert len({one.shard_id for one in taken}) == len(taken) == 15
    shards = leased(library)
    assert sum(len(subjects) for subjects in shards.values()) == 100


def test_an_object_that_changed_while_it_was_worked_on_drops_the_late_result(library, sandbox, photo) -> None:
    library.put("a.jpg", photo(1))
    library.put("b.jpg", photo(2))
    library.discover()
    lease = library.lease("original", "a")
    changes = ["once"]

    def change(step, item):
        if changes:
            changes.pop()
            library.put("a.jpg", photo(3))
            library.discover()

    sandbox.interfere = change
    library.run(lease)

    records = library.records()
    assert (records["a.jpg"]["state"], records["a.jpg"]["sha256"]) == ("due", None)
    assert records["b.jpg"]["steps"]["renditions"]["state"] == "done"
    library.work()
    assert library.records()["a.jpg"]["state"] == "done"
    assert len(library.query("SELECT FROM items")) == 2


def test_a_heartbeat_keeps_a_lease_and_notices_its_loss(library) -> None:
    enqueue(library, [1])
    lease = library.lease("original", "a")
    assert isinstance(lease, Lease)
    library.execute("UPDATE shards SET leased_until = now() + interval '0.3 seconds'")
    with Heartbeat(library.connect, lease, lease_s=30, every_s=0.05) as heartbeat:
        time.sleep(0.5)
        assert library.lease("original", "b") is None
        heartbeat.check()
        library.execute("UPDATE shards SET generation = 7")
        assert heartbeat.lost.wait(5)
        with pytest.raises(LeaseLost):
            heartbeat.check()


def test_a_backfill_gives_its_rest_back_when_fresh_uploads_wait(library, sandbox, photo) -> None:
    library.settings = library.settings.model_copy(
        update={"pipeline": library.settings.pipeline.model_copy(update={"commit_items": 2})}
    )
    for number in range(6):
        library.put(f"{number}.jpg", photo(number))
    library.discover()
    library.execute("UPDATE due SET lane = 2")
    lease = library.lease("original", "a")
    arrivals = ["new.jpg"]

    def upload(step, item):
        if arrivals:
            library.put(arrivals.pop(), photo(99))
            library.discover()

    sandbox.interfere = upload
    summary = library.run(lease)

    assert summary.gave_way
    assert {subject for _, subject in sandbox.worked} == {1, 2, 3}, "what was begun is ended"
    after = library.lease("original", "b")
    assert isinstance(after, Lease)
    assert (after.lane, after.size) == (Lane.FRESH, 1)
    library.run(after)
    rest = library.lease("original", "c")
    assert isinstance(rest, Lease)
    assert (rest.lane, rest.size) == (Lane.BACKFILL, 3)


def test_work_whose_original_is_gone_is_dropped_instead_of_leased_for_ever(library, sandbox) -> None:
    enqueue(library, [4711])
    with library.connect() as connection:
        due.enqueue(connection, library.library.library_id, [(4712, "quality")], subject_kind="i", lane=Lane.FRESH)
        connection.commit()
    for pass_name in ("original", "preview"):
        lease = library.lease(pass_name, pass_name)
        assert isinstance(lease, Lease)
        library.run(lease)
        assert library.lease(pass_name, f"{pass_name} again") is None
    assert library.query("SELECT FROM due") == []


def test_a_small_backlog_is_spread_over_the_slots_and_a_large_one_is_capped(library) -> None:
    def plan():
        with library.connect() as connection:
            return planning.plan(connection, "original", library.settings)

    knobs = library.settings.pipeline
    assert plan().sizes == []
    enqueue(library, range(1, 3))
    assert list(plan().sizes) == [planning.WORTH_A_SLOT]
    enqueue(library, range(1, 101))
    assert list(plan().sizes) == [50] * knobs.slots
    enqueue(library, range(1, 20_001))
    large = plan()
    assert len(large.sizes) == round(knobs.run_seconds / knobs.shard_seconds) * knobs.slots
    assert large.waiting == large.sizes[0] * len(large.sizes)
    assert large.sizes[0] >= planning.FEWEST_ITEMS["original"]


def test_what_is_a_little_more_than_a_turn_of_every_slot_is_spread_evenly_over_two(library) -> None:
    knobs = library.settings.pipeline
    with library.connect() as connection:
        enqueue(library, range(1, 20_001))
        a_turn = planning.plan(connection, "original", library.settings).sizes[0] * knobs.slots
        library.execute("DELETE FROM due WHERE subject_id > :most", most=a_turn + 10)
        sizes = planning.plan(connection, "original", library.settings).sizes
    assert len(set(sizes)) == 1
    assert len(sizes) == 2 * knobs.slots
    assert a_turn + 10 <= sum(sizes) < a_turn + 10 + len(sizes)


def test_a_plan_has_a_slot_for_every_shard_that_lost_its_worker(library) -> None:
    enqueue(library, range(1, 3))
    library.lease("original", "a")
    library.execute("UPDATE shards SET leased_until = now() - interval '1 second'")
    with library.connect() as connection:
        assert len(planning.plan(connection, "original", library.settings).sizes) == 1


def test_plans_leave_paused_steps_out(library) -> None:
    enqueue(library, range(1, 3))
    with library.connect() as connection:
        found = planning.plan(connection, "original", library.settings, paused={"renditions", "metadata"})
    assert found.sizes == []


def test_a_result_and_a_listing_that_stand_in_each_others_way_both_get_through(library, sandbox, photo) -> None:
    for number in range(4):
        library.put(f"{number}.jpg", photo(number))
    library.discover()
    library.execute("UPDATE originals SET missed_listing = 1")
    lease = library.lease("original", "a")
    with engine.connect(library.url, statement_timeout_s=59) as listing:
        listing.execute(text("UPDATE originals SET missed_listing = NULL"))
        worker = threading.Thread(target=library.run, args=(lease,))
        worker.start()
        deadline = time.monotonic() + 20
        while not library.query("SELECT FROM pg_locks WHERE NOT granted") and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            listing.execute(text("UPDATE due SET lane = 1"))
            listing.commit()
        except OperationalError:
            listing.rollback()
        worker.join()
    library.work()
    assert {record["state"] for record in library.records().values()} == {"done"}


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_a_library_with_a_little_does_not_wait_for_the_backlog_of_another(library, slots) -> None:
    enqueue(library, range(1, 5001))
    with library.connect() as connection:
        small = libraries.create(connection, name="small", bucket="b", prefix="s/", home_zone="UTC", consents=())
        connection.commit()
    claims, at_work = count(), []

    def begin() -> Lease:
        lease = library.lease("original", f"c{next(claims)}", most=200)
        assert isinstance(lease, Lease)
        return lease

    def end(lease: Lease) -> None:
        with library.connect() as connection:
            connection.execute(text("DELETE FROM due WHERE shard_id = :shard_id"), {"shard_id": lease.shard_id})
            leases.finish(connection, lease, "{}")
            connection.commit()

    for _ in range(3):
        at_work = [begin() for _ in range(slots)]
        for lease in at_work[:-1]:
            end(lease)
    last = at_work[-1]
    with library.connect() as connection:
        subjects = [(subject, "renditions") for subject in range(6001, 6051)]
        due.enqueue(connection, small.library_id, subjects, subject_kind="o", lane=Lane.FRESH)
        connection.commit()
    end(last)
    nearest = begin()
    assert (nearest.library_id, nearest.size) == (small.library_id, 50), "the next free slot is theirs"
    end(nearest)
    assert begin().library_id == library.library.library_id, "and then the backlog goes on"
