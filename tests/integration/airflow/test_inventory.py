"""Finding originals in an S3 Inventory: it registers, it never lets go, and it never knows better than the store."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest

from albumen.airflow.operators.discover import DiscoverOriginalsOperator, PlanDiscoveryOperator
from albumen.catalog.libraries import LibraryError
from albumen.pipeline import registry
from albumen.storage.s3_inventory import InventoryError
from albumen.testing.library import TestLibrary

FOLDER = "inventory/daily/"
SCHEMA = "Bucket, Key, Size, LastModifiedDate, ETag"
OLD = "2020-01-01T00:00:00.000Z"

Run = Callable[..., Any]


@pytest.fixture
def inventory(place: TestLibrary) -> Callable[..., str]:
    """Writes an inventory of (key, ETag) pairs, one data file for each list; returns its folder's address."""

    def write(*files: list[tuple[str, str]], source: str = "") -> str:
        listed = []
        for number, pairs in enumerate(files):
            text = io.StringIO()
            for key, etag in pairs:
                csv.writer(text, quoting=csv.QUOTE_ALL).writerow([place.bucket, quote_plus(key), "3", OLD, etag])
            data = gzip.compress(text.getvalue().encode())
            name = f"{FOLDER}data/{number}.csv.gz"
            place.store.put(place.bucket, name, data, mime="application/gzip")
            listed.append({"key": name, "size": len(data), "MD5checksum": hashlib.md5(data).hexdigest()})
        manifest = {
            "sourceBucket": source or place.bucket,
            "fileFormat": "CSV",
            "fileSchema": SCHEMA,
            "files": listed,
        }
        body = json.dumps(manifest).encode()
        place.store.put(place.bucket, FOLDER + "2026-06-11T00-00Z/manifest.json", body, mime="application/json")
        return f"s3://{place.bucket}/{FOLDER}"

    return write


@pytest.fixture
def register(run_task: Run) -> Callable[[str], dict[str, int]]:
    """One run with an inventory: plan and discover; the sums of what the tasks returned."""

    def run(uri: str) -> dict[str, int]:
        plan = PlanDiscoveryOperator(task_id="plan", library="test", inventory="{{ params.inventory }}")
        jobs = run_task(plan, params={"inventory": uri}).result
        done = [run_task(DiscoverOriginalsOperator(task_id="discover", job=job)).result for job in jobs]
        return {name: sum(one[name] for one in done) for name in ("new", "changed", "unchanged")}

    return run


def originals(place: TestLibrary) -> dict[str, str]:
    return {row.key: row.etag for row in place.query("SELECT key, etag FROM originals WHERE vanished_at IS NULL")}


STEPS = len(registry.for_everyone("original"))


def due(place: TestLibrary) -> int:
    return int(place.query("SELECT count(*) AS n FROM due")[0].n)


def test_what_an_inventory_shows_is_registered_and_due(
    place: TestLibrary, inventory: Callable[..., str], register: Any
) -> None:
    uri = inventory([("test/red flower.jpg", "a"), ("test/a+b.jpg", "b")], [("test/c.jpg", "c"), ("other/d.jpg", "d")])
    assert register(uri) == {"new": 3, "changed": 0, "unchanged": 0}
    assert originals(place) == {"test/red flower.jpg": "a", "test/a+b.jpg": "b", "test/c.jpg": "c"}
    assert due(place) == 3 * STEPS
    assert register(uri) == {"new": 0, "changed": 0, "unchanged": 3}
    assert due(place) == 3 * STEPS


def test_an_object_that_changed_since_is_what_the_store_says_it_is(
    place: TestLibrary, inventory: Callable[..., str], register: Any
) -> None:
    place.put("a.jpg", b"new")
    place.discover()
    known = originals(place)
    place.execute("DELETE FROM due")
    assert register(inventory([("test/a.jpg", "an older one")])) == {"new": 0, "changed": 0, "unchanged": 1}
    assert originals(place) == known
    assert due(place) == 0, "an old inventory makes nothing due"


def test_an_object_that_nobody_noticed_changing_is_noticed(
    place: TestLibrary, inventory: Callable[..., str], register: Any
) -> None:
    place.put("a.jpg", b"before")
    place.discover()
    before = originals(place)
    place.put("a.jpg", b"after")
    (now,) = place.store.list_all(place.bucket, "test/")
    assert register(inventory([("test/a.jpg", now.etag)])) == {"new": 0, "changed": 1, "unchanged": 0}
    assert originals(place) != before


def test_an_original_that_is_gone_does_not_come_back(
    place: TestLibrary, inventory: Callable[..., str], register: Any
) -> None:
    place.put("a.jpg", b"abc")
    place.discover()
    ((_, etag),) = originals(place).items()
    place.delete("a.jpg")
    place.discover()
    place.discover()
    assert originals(place) == {}
    assert register(inventory([("test/a.jpg", etag)])) == {"new": 0, "changed": 0, "unchanged": 0}
    assert originals(place) == {}


def test_what_an_inventory_does_not_show_stays(
    place: TestLibrary, inventory: Callable[..., str], register: Any
) -> None:
    place.put("newer-than-the-inventory.jpg", b"abc")
    place.discover()
    for _ in range(3):
        register(inventory([("test/other.jpg", "a")]))
    assert set(originals(place)) == {"test/newer-than-the-inventory.jpg", "test/other.jpg"}
    assert place.query("SELECT count(*) AS n FROM originals WHERE missed_listing IS NOT NULL")[0].n == 0


def test_what_only_an_old_inventory_knew_is_let_go_by_the_listings(
    place: TestLibrary, inventory: Callable[..., str], register: Any
) -> None:
    register(inventory([("test/deleted-since.jpg", "a")]))
    place.discover()
    place.discover()
    assert originals(place) == {}


def test_an_inventory_of_another_bucket_is_refused(
    place: TestLibrary, inventory: Callable[..., str], register: Any
) -> None:
    with pytest.raises(InventoryError, match=f"lists s3://elsewhere, library 'test' is in s3://{place.bucket}"):
        register(inventory([("test/a.jpg", "a")], source="elsewhere"))


def test_an_inventory_needs_its_library(place: TestLibrary, inventory: Callable[..., str], run_task: Run) -> None:
    uri = inventory([("test/a.jpg", "a")])
    with pytest.raises(LibraryError, match="name the library"):
        run_task(PlanDiscoveryOperator(task_id="plan", inventory=uri))


def test_an_empty_inventory_is_no_work(place: TestLibrary, inventory: Callable[..., str], run_task: Run) -> None:
    assert run_task(PlanDiscoveryOperator(task_id="plan", library="test", inventory=inventory())).result == []


def test_the_files_are_dealt_out_to_several_tasks(
    place: TestLibrary, inventory: Callable[..., str], run_task: Run
) -> None:
    uri = inventory(*([(f"test/{number}.jpg", "a")] for number in range(20)))
    jobs = run_task(PlanDiscoveryOperator(task_id="plan", library="test", inventory=uri)).result
    assert len(jobs) == 16
    assert sum(len(job["files"]) for job in jobs) == 20
    ran = run_task(DiscoverOriginalsOperator(task_id="discover", job=jobs[0]))
    assert ran.label == "test: 2 files of an inventory"
