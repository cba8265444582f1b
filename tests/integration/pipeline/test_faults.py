"""The world breaks: nothing is lost and nobody is blamed for it."""

from __future__ import annotations

import hashlib
import random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from albumen.catalog import content, engine
from albumen.catalog.leases import Lease
from albumen.pipeline import registry
from albumen.pipeline.running import WorldBroken
from albumen.storage.object_store import ObjectStore, StorageError, StoreOptions
from albumen.testing.library import TestLibrary
from albumen.testing.store_proxy import Fault, Request

pytestmark = pytest.mark.stack

ON_ORIGINALS = {step.name for step in registry.for_everyone("original") if "photo" in step.kinds}
ON_PREVIEWS = {step.name for step in registry.for_everyone("preview") if step.consent is None}

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>"""


def upload(library: TestLibrary, photo, count: int) -> None:
    for number in range(count):
        library.put(f"{number:02}.jpg", photo(number))
    library.discover()


def endings(library: TestLibrary) -> set[tuple]:
    rows = library.query(
        "SELECT encode(i.sha256, 'hex'), o.step, o.state, o.reason, o.attempts, o.inputs_key "
        "FROM outcomes o JOIN items i ON i.item_id = o.subject_id"
    )
    return {tuple(row) for row in rows}


def reads(request: Request) -> bool:
    return request.method == "GET" and request.key.startswith("test/")


@pytest.mark.parametrize("fault", [Fault(403), Fault(cut=0)], ids=["refused", "cut off"])
def test_a_store_that_fails_for_all_breaks_the_task_blames_nobody_and_a_retry_ends_as_if_nothing_had_been(
    proxied_library, store_proxy, sandbox, photo, fault
) -> None:
    library = proxied_library
    upload(library, photo, 6)
    lease = library.lease("original", "task")
    before = library.dump()
    store_proxy.choose = lambda request: fault if reads(request) else None

    with pytest.raises(WorldBroken, match="6 of 6"):
        library.run(lease)

    assert library.dump() == before, "nothing is written, nothing is blamed"
    assert sandbox.worked == []
    store_proxy.choose = lambda request: None
    again = library.lease("original", "task")
    assert isinstance(again, Lease)
    assert again.size == 6
    library.run(again)
    library.work()
    assert {record["state"] for record in library.records().values()} == {"done"}
    assert {(state, attempts) for _, _, state, _, attempts, _ in endings(library)} == {("done", 1)}


def test_a_store_that_fails_for_a_few_sends_those_to_the_retry_lane(
    proxied_library, store_proxy, sandbox, photo
) -> None:
    library = proxied_library
    upload(library, photo, 8)
    store_proxy.choose = lambda request: Fault(403) if reads(request) and "03" in request.key else None

    library.work()

    states = {key: record["state"] for key, record in library.records().items()}
    assert states.pop("03.jpg") == "due"
    assert set(states.values()) == {"done"}
    assert {(row.lane, row.attempts) for row in library.query("SELECT lane, attempts FROM due")} == {(1, 0)}
    assert library.records()["03.jpg"]["steps"]["renditions"]["reason"] == "transient"

    store_proxy.choose = lambda request: None
    library.execute("UPDATE due SET not_before = now()")
    library.work()
    assert {record["state"] for record in library.records().values()} == {"done"}


def test_the_worlds_first_fault_is_retried_soon_however_long_the_work_had_waited(
    proxied_library, store_proxy, sandbox, photo
) -> None:
    library = proxied_library
    upload(library, photo, 8)
    library.execute("UPDATE due SET due_since = now() - interval '3 hours'")
    store_proxy.choose = lambda request: Fault(403) if reads(request) and "03" in request.key else None
    library.work()
    found = library.query("SELECT not_before - now() AS wait, now() - failing_since AS age FROM due WHERE lane = 1")
    waits, ages = {row.wait.total_seconds() for row in found}, {row.age.total_seconds() for row in found}
    assert max(waits) <= library.settings.pipeline.retry_base_seconds
    assert max(ages) < 3600


def test_renditions_that_cannot_be_stored_are_made_again_also_of_copies(
    proxied_library, store_proxy, sandbox, photo
) -> None:
    library = proxied_library
    upload(library, photo, 6)
    library.put("copy-1.jpg", photo(0))
    library.put("copy-2.jpg", photo(0))
    library.discover()
    name = hashlib.sha256(photo(0)).hexdigest()
    store_proxy.choose = lambda request: Fault(403) if request.method == "PUT" and name in request.key else None

    library.work()

    due = {tuple(row) for row in library.query("SELECT subject_kind, step, attempts FROM due")}
    assert due == {("i", "metadata", 0), ("i", "renditions", 0)}
    states = {key: record["state"] for key, record in library.records().items()}
    assert {key for key, state in states.items() if state == "due"} == {"00.jpg", "copy-1.jpg", "copy-2.jpg"}
    store_proxy.choose = lambda request: None
    library.execute("UPDATE due SET not_before = now()")
    library.work()
    records = library.records()
    assert {record["state"] for record in records.values()} == {"done"}
    assert [records[key]["duplicate_of"] for key in ("copy-1.jpg", "copy-2.jpg")] == ["00.jpg", "00.jpg"]
    assert {one["key"] for record in records.values() for one in record["renditions"]} <= set(library.stored())
    assert {state for _, _, state, *_ in endings(library)} == {"done"}, "no step that does not apply waits for ever"


def test_what_turns_out_to_be_no_photo_after_a_fault_waits_for_nothing(
    proxied_library, store_proxy, sandbox, photo
) -> None:
    library = proxied_library
    upload(library, photo, 8)
    library.put("00.jpg.xmp", XMP)
    library.discover()
    store_proxy.choose = lambda request: Fault(403) if reads(request) and request.key.endswith("xmp") else None
    library.work()
    assert library.records()["00.jpg.xmp"]["state"] == "due"

    store_proxy.choose = lambda request: None
    for _ in range(2):
        library.execute("UPDATE due SET not_before = now()")
        library.work()
    record = library.records()["00.jpg.xmp"]
    assert (record["kind"], record["state"], record["reason"]) == ("sidecar", "done", None)
    assert {step["state"] for step in record["steps"].values()} <= {"done", "skipped"}
    assert library.query("SELECT FROM sidecars") != []
    tallied = library.query("SELECT sum(n) AS n FROM tallies WHERE state = 'retrying' GROUP BY step")
    assert {row.n for row in tallied} <= {0}


def test_hiccups_of_the_store_are_bridged_without_a_trace(proxied_library, store_proxy, sandbox, photo) -> None:
    library = proxied_library
    upload(library, photo, 4)
    failed: set[Request] = set()

    def first_time_only(request: Request) -> Fault | None:
        if reads(request) and request not in failed:
            failed.add(request)
            return Fault(random.Random(len(failed)).choice([500, 503]))
        return None

    store_proxy.choose = first_time_only
    library.work("original")
    assert len(failed) == 4
    assert {state for _, _, state, _, _, _ in endings(library)} == {"done"}


def test_a_cut_body_never_becomes_an_item(proxied_library, store_proxy, sandbox, photo) -> None:
    library = proxied_library
    upload(library, photo, 3)
    store_proxy.choose = lambda request: Fault(cut=100) if reads(request) and "01" in request.key else None
    library.work("original")
    assert len(library.query("SELECT FROM items")) == 2
    assert library.records()["01.jpg"]["steps"]["metadata"]["reason"] == "transient"


def test_a_worker_that_dies_in_the_middle_of_a_shard_loses_little_and_a_retry_finishes_it(
    library, sandbox, photo
) -> None:
    knobs = library.settings.pipeline.model_copy(update={"commit_items": 3})
    library.settings = library.settings.model_copy(update={"pipeline": knobs})
    upload(library, photo, 9)
    lease = library.lease("original", "task")
    calls = []

    def die(step, item):
        calls.append(step)
        if len(calls) == 10:
            raise ConnectionError("stands for the worker's death")

    sandbox.interfere = die
    with pytest.raises(ConnectionError):
        library.run(lease)
    done = len(library.query("SELECT FROM outcomes"))
    assert 0 < done < 18
    sandbox.interfere = lambda step, item: None
    sandbox.worked.clear()

    again = library.lease("original", "task")
    assert isinstance(again, Lease)
    library.run(again)

    assert len(sandbox.worked) == 18 - done, "what was written is not done again"
    library.work()
    assert {record["state"] for record in library.records().values()} == {"done"}
    assert {row.n for row in library.query("SELECT count(*) AS n FROM outcome_history")} == {
        9 * len([*ON_ORIGINALS, *ON_PREVIEWS])
    }


def test_backends_ended_in_mid_run_cost_the_task_and_not_the_items(library, sandbox, photo) -> None:
    upload(library, photo, 4)
    lease = library.lease("original", "task")
    hits = []

    def end_all_backends() -> None:
        with engine.connect(library.url, statement_timeout_s=58) as other:
            other.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE datname = current_database() AND pid <> pg_backend_pid()")
            )  # fmt: skip

    attach = content.attach

    def ended(*arguments, **named):
        if not hits:
            hits.append(1)
            end_all_backends()
        return attach(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "attach", ended)
        with pytest.raises(OperationalError) as caught:
            library.run(lease)
    assert engine.is_outage(caught.value)
    assert library.query("SELECT FROM outcomes") == []

    again = library.lease("original", "task")
    assert isinstance(again, Lease)
    library.run(again)
    library.work()
    assert {record["state"] for record in library.records().values()} == {"done"}
    assert {attempts for *_, attempts, _ in endings(library)} == {1}


def test_a_store_nobody_answers_for_is_an_error_of_the_world(servers, photo) -> None:
    away = ObjectStore(StoreOptions(endpoint="http://127.0.0.1:9", access_key="a", secret_key="b"))
    with pytest.raises(StorageError):
        away.head("bucket", "key")
