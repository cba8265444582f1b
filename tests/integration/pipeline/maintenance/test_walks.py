"""Walks: budgets, checkpoints, a brake, and deletions that take nothing from a worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest

from albumen.catalog import integrity
from albumen.pipeline.maintenance import registry, walking
from albumen.pipeline.maintenance.missing import MissingCheck
from albumen.pipeline.maintenance.retiring import retire
from albumen.pipeline.maintenance.walking import Report
from albumen.storage.layout import rendition_key
from albumen.storage.object_store import StorageError
from albumen.testing.library import TestLibrary
from albumen.testing.store_proxy import Fault, Request, StoreProxy

pytestmark = pytest.mark.stack

Maintain = Callable[..., dict[str, Report]]
Photo = Callable[..., bytes]


def named(library: TestLibrary) -> set[str]:
    return {row.key for row in library.query("SELECT key FROM renditions")}


def walk(library: TestLibrary, kind: str) -> integrity.Walk:
    with library.connect() as connection:
        found = integrity.current(connection, library.library.library_id, kind)
    assert found is not None
    return found


def orphan(library: TestLibrary, number: int) -> str:
    sha256 = hashlib.sha256(f"nobody's {number}".encode()).digest()
    key = rendition_key(library.library.library_id, sha256, "thumb", version=1, inputs_key="0" * 32, extension="webp")
    library.store.put(library.bucket, key, b"old", mime="image/webp")
    return key


def test_a_run_looks_at_its_share_and_the_next_goes_on(filled: TestLibrary, run_checks: Maintain, knobs: Any) -> None:
    knobs(filled, share=0.25, least_objects=0)
    checked = []
    for run in range(4):
        report = run_checks(filled, "missing", whole=False)["missing"]
        checked.append(report.checked)
        assert report.share == 0.25
        assert walk(filled, "missing").finished_at is None, run
    report = run_checks(filled, "missing", whole=False)["missing"]  # the memories
    assert report.complete
    assert walk(filled, "missing").finished_at is not None
    assert sum(checked) == walk(filled, "missing").checked == 24
    run_checks(filled, "missing", whole=False)
    assert walk(filled, "missing").cursor == "4"


def test_a_small_library_is_seen_whole_every_day(filled: TestLibrary, run_checks: Maintain) -> None:
    assert run_checks(filled, "missing", whole=False)["missing"].complete


def test_a_run_without_time_looks_at_one_piece(filled: TestLibrary, run_checks: Maintain) -> None:
    run_checks(filled, seconds=0.0)
    assert walk(filled, "orphaned").cursor == "1"


def test_a_killed_run_goes_on_where_it_stopped(
    filled: TestLibrary, run_checks: Maintain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in named(filled):
        filled.store.delete(filled.bucket, key)
    look, pieces = MissingCheck.look, 0

    def dies(check: MissingCheck, cursor: str) -> Any:
        nonlocal pieces
        pieces += 1
        if pieces == 8:
            raise KeyboardInterrupt
        return look(check, cursor)

    monkeypatch.setattr(MissingCheck, "look", dies)
    with pytest.raises(KeyboardInterrupt):
        run_checks(filled, "missing")
    before = walk(filled, "missing")
    assert before.cursor == "7"
    report = run_checks(filled, "missing", whole=False)["missing"]
    after = walk(filled, "missing")
    assert report.checked + before.checked == 24
    assert (after.check_id, after.found["found"], after.found["done"]) == (before.check_id, 24, {"due_again": 12})
    filled.work()
    assert named(filled) <= set(filled.stored())


def test_a_store_that_fails_blames_nothing(
    proxied_library: TestLibrary, store_proxy: StoreProxy, sandbox: Any, photo: Photo, run_checks: Maintain, knobs: Any
) -> None:
    proxied_library.put("1.jpg", photo(1))
    proxied_library.discover()
    proxied_library.work()
    knobs(proxied_library, grace_hours=0.0)
    store_proxy.choose = lambda request: Fault(status=503) if request.method == "HEAD" or not request.key else None
    for name in ("missing", "orphaned"):
        with pytest.raises(StorageError):
            run_checks(proxied_library, name)
    assert proxied_library.query("SELECT * FROM due") == []


def test_two_runs_at_once_do_not_undo_each_other(filled: TestLibrary, run_checks: Maintain) -> None:
    before = filled.stored()
    for number in range(40):
        orphan(filled, number)
    reports: list[Report] = []
    threads = [Thread(target=lambda: reports.append(run_checks(filled)["orphaned"])) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 3
    assert filled.stored() == before


def test_too_many_findings_are_reported_and_nothing_is_done(
    filled: TestLibrary, run_checks: Maintain, knobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "ENOUGH_TO_DOUBT", 6)
    before = named(filled)
    filled.execute("DELETE FROM renditions")  # a catalog restored from an old copy
    report = run_checks(filled)["orphaned"]
    assert "too many to be believed" in report.stopped
    assert report.found == 24
    kept = before & set(filled.stored())
    assert len(kept) >= 24 - 6
    knobs(filled, most_share=1.0)
    assert run_checks(filled)["orphaned"].done["deleted"] == len(kept)


def test_superseded_objects_are_never_too_many(
    filled: TestLibrary, run_checks: Maintain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a raised version all that this check looks at is a finding."""
    monkeypatch.setattr(walking, "ENOUGH_TO_DOUBT", 6)
    before = filled.stored()
    for number in range(12):
        filled.execute(
            "INSERT INTO superseded_objects VALUES (:l, :k, now() - interval '1 h')",
            l=filled.library.library_id,
            k=orphan(filled, number),
        )
    report = run_checks(filled, whole=False)["superseded"]
    assert (report.stopped, report.found, report.done["deleted"]) == ("", 12, 12)
    assert filled.stored() == before


def test_a_dry_run_changes_and_remembers_nothing(filled: TestLibrary, run_checks: Maintain) -> None:
    orphan(filled, 1)
    lost = sorted(named(filled))[0]
    filled.store.delete(filled.bucket, lost)
    before = (filled.dump(), filled.stored())
    reports = run_checks(filled, acting=(), keeps=False)
    assert (reports["missing"].found, reports["orphaned"].found) == (1, 1)
    assert (filled.dump(), filled.stored()) == before


def test_workers_that_store_while_orphans_are_deleted_lose_nothing(
    filled: TestLibrary, run_checks: Maintain, photo: Photo
) -> None:
    """What was stored before `now` may go unless a row names it; what the workers store is younger."""
    orphans = {orphan(filled, number) for number in range(60)}
    now = max(filled.store.head(filled.bucket, key).last_modified for key in orphans)
    while datetime.now(UTC) < now + timedelta(seconds=1.1):  # the store tells whole seconds
        Event().wait(0.05)
    for number in range(100, 160):
        filled.put(f"{number}.jpg", photo(number))
    filled.discover()
    done = Event()

    def work() -> None:
        filled.work()
        done.set()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    rounds = 0
    while not done.is_set() or rounds == 0:
        run_checks(filled, "orphaned", "superseded", now=now)
        rounds += 1
    for worker in workers:
        worker.join()
    stored = set(filled.stored())
    assert len(named(filled)) == 2 * 72
    assert named(filled) <= stored
    assert not orphans & stored


@pytest.mark.parametrize("kind", ["orphaned", "superseded"])
def test_an_object_put_again_in_the_last_instant_is_made_again(
    proxied_library: TestLibrary, store_proxy: StoreProxy, sandbox: Any, photo: Photo, run_checks: Maintain, kind: str,
    knobs: Any,
) -> None:  # fmt: skip
    """The worker puts the same bytes between the deleter's last look and its deletion, then writes its row."""
    library = proxied_library
    library.put("1.jpg", photo(1))
    library.discover()
    library.work()
    knobs(library, grace_hours=0.0)
    before = library.stored()
    rows = library.query("SELECT * FROM renditions")
    library.execute("DELETE FROM renditions")
    if kind == "superseded":
        for row in rows:
            library.execute(
                "INSERT INTO superseded_objects VALUES (1, :k, now() - interval '1 h')",
                k=row.key,
            )

    def row_of(request: Request) -> Fault | None:
        if request.method == "DELETE":
            (row,) = (row for row in rows if row.key == request.key)
            library.execute("DELETE FROM superseded_objects WHERE key = :k", k=row.key)
            library.execute(
                "INSERT INTO renditions SELECT (jsonb_populate_record(NULL::renditions, CAST(:r AS jsonb))).*",
                r=json.dumps(dict(row._mapping)),
            )
        return None

    store_proxy.choose = row_of
    report = run_checks(library, kind)[kind]
    store_proxy.choose = lambda request: None
    assert report.done["deleted"] == 2
    assert report.done["due_again"] == 1
    library.work()
    assert library.stored() == before


def test_what_was_deleted_is_looked_at_again_by_the_next_run(filled: TestLibrary, run_checks: Maintain) -> None:
    """A worker that was slower than the run writes its row after it."""
    rows = filled.query("SELECT * FROM renditions ORDER BY key LIMIT 1")
    key = rows[0].key
    filled.execute("DELETE FROM renditions WHERE key = :k", k=key)
    assert run_checks(filled, "orphaned")["orphaned"].done["deleted"] == 1
    filled.execute(
        "INSERT INTO renditions SELECT (jsonb_populate_record(NULL::renditions, CAST(:r AS jsonb))).*",
        r=json.dumps(dict(rows[0]._mapping)),
    )
    assert run_checks(filled, "orphaned")["orphaned"].done == {"due_again": 1}
    later = datetime.now(UTC) + timedelta(hours=4)
    run_checks(filled, "orphaned", now=later)
    assert walk(filled, "orphaned").found["unconfirmed"] == {}


def test_the_slower_of_two_clocks_decides_what_is_young(filled: TestLibrary, run_checks: Maintain, knobs: Any) -> None:
    knobs(filled, grace_hours=24.0)
    orphan(filled, 1)
    assert run_checks(filled, "orphaned", now=datetime.now(UTC) + timedelta(days=400))["orphaned"].found == 0


def test_records_past_their_days_go_and_the_last_of_each_stays(filled: TestLibrary, run_checks: Maintain) -> None:
    run_checks(filled)
    run_checks(filled)
    filled.discover()
    filled.execute("UPDATE shards SET started_at = now() - interval '99 d', finished_at = now() - interval '99 d'")
    filled.execute("UPDATE listings SET finished_at = now() - interval '99 d'")
    filled.execute("UPDATE integrity_checks SET looked_at = now() - interval '99 d'")
    filled.execute("UPDATE outcome_history SET at = now() - interval '999 d'")
    place, before = filled.workplace(), filled.dump()
    counted = retire(place, dry_run=True)
    assert filled.dump() == before
    dropped = retire(place, dry_run=False)
    assert dropped == counted
    assert dropped["integrity_checks"] == 5
    assert {name: len(filled.query(f"SELECT * FROM {name}")) for name in dropped} == {
        "shards": 0, "listings": 1, "integrity_checks": 5, "outcome_history": 0,
    }  # fmt: skip
    assert retire(place, dry_run=False) == {}
    filled.put("new.txt", b"not a photo")
    filled.discover()
    filled.work()
    assert filled.records()["new.txt"]["state"] == "skipped"


def test_every_check_is_known_by_its_name() -> None:
    assert list(registry.CHECKS) == ["missing", "changed", "superseded", "erased", "orphaned"]
    assert {name for name, check in registry.CHECKS.items() if check.deletes} == {"superseded", "erased", "orphaned"}
