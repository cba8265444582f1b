"""A store that fails a tenth of all requests, in every way: it ends as on a calm day."""

from __future__ import annotations

import contextlib
import secrets
import time

import pytest

from albumen.catalog.leases import Lease
from albumen.pipeline.running import WorldBroken
from albumen.storage.object_store import StorageError
from albumen.testing.final_state import FinalState, final_state
from albumen.testing.library import TestLibrary
from albumen.testing.photos import a_photo
from albumen.testing.store_proxy import Fault, at_random

pytestmark = pytest.mark.stack

PHOTOS = 40
CALM_IN_S = 120


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Photos, copies of some, and files that cannot be read."""
    made = {f"{n % 7}/{n:02}.jpg": a_photo(f"chaos {n}", taken="2021:05:06 07:08:09") for n in range(PHOTOS)}
    made |= {f"copies/{n}.jpg": made[f"{n % 7}/{n:02}.jpg"] for n in range(5)}
    made |= {f"bad/{n}.jpg": a_photo(f"cut {n}", taken="2021:05:06 07:08:09")[: 3000 + n] for n in range(3)}
    return made | {"notes.txt": b"milk, eggs"}


def until_done(library: TestLibrary) -> None:
    """What retries and later runs come to: listings and shards that fail are begun again."""
    library.settings.pipeline.retry_base_seconds = 0.05
    deadline = time.monotonic() + CALM_IN_S
    while True:
        with contextlib.suppress(StorageError):
            library.discover()
            break
    while library.query("SELECT FROM due") and time.monotonic() < deadline:
        for pass_name in ("original", "preview"):
            claim = secrets.token_hex(8)
            while isinstance(lease := library.lease(pass_name, claim), Lease):
                with contextlib.suppress(WorldBroken):
                    library.run(lease)
    assert library.query("SELECT FROM due") == []


def state_of(library: TestLibrary, calm_store) -> FinalState:
    with library.connect() as connection:
        return final_state(connection, library.library, calm_store, library.settings.library_bucket)


def test_a_stormy_day_ends_as_a_calm_one(library, proxied_store, store_proxy, files, object_store) -> None:
    stormy = TestLibrary.create(library.url, proxied_store, library.bucket, name="stormy")
    for one in (library, stormy):
        for key, data in files.items():
            object_store.put(one.bucket, one.library.prefix + key, data, mime="image/jpeg")
    until_done(library)
    store_proxy.choose = at_random(seed=7, share=0.1)
    until_done(stormy)

    calm, storm = state_of(library, object_store), state_of(stormy, object_store)
    assert storm.records == calm.records
    assert storm.rows == calm.rows
    assert storm.objects == calm.objects
    assert storm.outcomes == calm.outcomes, "attempts are among them: no item is blamed"
    assert storm.doubled == calm.doubled == []
    assert {state for _, _, state, _, _ in storm.outcomes} == {"done", "skipped", "quarantined"}
    assert len(storm.objects) == 2 * PHOTOS
    assert "transient" in {row.reason for row in library.query("SELECT reason FROM outcome_history")}


@pytest.mark.parametrize("flipped", ["GET", "PUT"])
def test_bytes_that_are_changed_on_the_way_are_noticed(proxied_library, store_proxy, photo, sandbox, flipped) -> None:
    proxied_library.put("a.jpg", photo(1))
    proxied_library.discover()
    store_proxy.choose = lambda request: Fault(flip=True) if request.method == flipped and request.key else None
    with pytest.raises(WorldBroken):
        proxied_library.run(proxied_library.lease("original", "task"))
    assert proxied_library.query("SELECT FROM items") == []
    store_proxy.choose = lambda request: None
    proxied_library.run(proxied_library.lease("original", "task"))
    proxied_library.work()
    assert proxied_library.records()["a.jpg"]["state"] == "done"
