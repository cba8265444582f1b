"""Objects whose bytes are not what their ETag says: told as damaged, and no reason to stop looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from albumen.pipeline.maintenance.walking import Report
from albumen.storage.object_store import StorageError
from albumen.testing.library import TestLibrary
from albumen.testing.store_proxy import Fault, Request, StoreProxy

pytestmark = pytest.mark.stack

Maintain = Callable[..., dict[str, Report]]
ORIGINAL = "test/1.jpg"


@pytest.fixture
def done(proxied_library: TestLibrary, sandbox: Any, photo: Callable[..., bytes], knobs: Any) -> TestLibrary:
    """Two photos, done; every byte is looked at."""
    for number in range(2):
        proxied_library.put(f"{number}.jpg", photo(number))
    proxied_library.discover()
    proxied_library.work()
    knobs(proxied_library, originals_share=1.0, content_share=1.0)
    return proxied_library


def flips(key: str, times: int) -> Callable[[Request], Fault | None]:
    """So many reads of an object come with a flipped bit."""
    left: Iterator[int] = iter(range(times))

    def choose(request: Request) -> Fault | None:
        is_read = request.method == "GET" and request.key == key
        return Fault(flip=True) if is_read and next(left, None) is not None else None

    return choose


def a_rendition(library: TestLibrary) -> str:
    return str(library.query("SELECT min(key) AS key FROM renditions")[0].key)


def due(library: TestLibrary) -> list[tuple[str, str]]:
    return [(row.subject_kind, row.step) for row in library.query("SELECT subject_kind, step FROM due")]


def test_a_damaged_rendition_is_made_again(done: TestLibrary, store_proxy: StoreProxy, run_checks: Maintain) -> None:
    key, before = a_rendition(done), done.stored()
    store_proxy.choose = flips(key, 1000)
    report = run_checks(done, "changed")["changed"]
    assert report.complete
    assert report.sample == [f"{key}: damaged: the store sends other bytes than its ETag says"]
    assert (report.found, report.done, due(done)) == (1, {"due_again": 1}, [("i", "renditions")])
    store_proxy.choose = lambda request: None
    done.work()
    assert (done.stored(), run_checks(done, "changed")["changed"].found) == (before, 0)


def test_a_damaged_original_is_told_and_nothing_is_made_of_it(
    done: TestLibrary, store_proxy: StoreProxy, run_checks: Maintain
) -> None:
    before = done.records()
    store_proxy.choose = flips(ORIGINAL, 1000)
    report = run_checks(done, "changed")["changed"]
    assert report.complete
    assert report.sample == [f"{ORIGINAL}: damaged: the store sends other bytes than its ETag says; put a good copy"]
    assert (report.done, due(done), done.records()) == ({"damaged_originals": 1}, [], before)


@pytest.mark.parametrize("what", ["rendition", "original"])
def test_one_flipped_transfer_is_the_worlds_fault(
    done: TestLibrary, store_proxy: StoreProxy, run_checks: Maintain, what: str
) -> None:
    key = ORIGINAL if what == "original" else a_rendition(done)
    store_proxy.choose = flips(key, 1)
    report = run_checks(done, "changed")["changed"]
    assert (report.found, due(done)) == (0, [])
    assert sum(request.method == "GET" and request.key == key for request in store_proxy.requests) >= 2


def test_a_store_that_is_away_is_no_damage(done: TestLibrary, store_proxy: StoreProxy, run_checks: Maintain) -> None:
    store_proxy.choose = lambda request: Fault(status=403) if request.method == "GET" and request.key else None
    with pytest.raises(StorageError):
        run_checks(done, "changed")
    assert due(done) == []
