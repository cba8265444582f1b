"""Objects that come below a tombstone after the erasure is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from albumen.catalog import erasures
from albumen.catalog.erasures import Phase, Selection
from albumen.pipeline import erasing
from albumen.pipeline.maintenance.walking import Report
from albumen.testing.library import TestLibrary

pytestmark = pytest.mark.stack

Maintain = Callable[..., dict[str, Report]]


def erase(library: TestLibrary, key: str) -> None:
    selection = Selection(keys=(library.library.prefix + key,))
    with library.connect() as connection:
        asked = erasures.create(connection, library.library, selection, claim=key, requested_by="ann", reason="asked")
        erasures.approve(connection, asked, by="bob")
        connection.commit()
    place = erasing.Workplace(library.connect, library.store, library.store, library.settings)
    assert erasing.run(asked, place, task="dag/run/erase/-1/1") == 0
    with library.connect() as connection:
        assert erasures.one(connection, asked).phase is Phase.FINISHED


def test_what_a_stopped_worker_stores_after_all_goes_at_once(
    filled: TestLibrary, run_checks: Maintain, knobs: Callable[..., None]
) -> None:
    late = {
        row.key: filled.store.get(filled.settings.library_bucket, row.key)
        for row in filled.query(
            "SELECT r.key FROM renditions r JOIN originals o USING (library_id, item_id) WHERE o.key LIKE '%/03.jpg'"
        )
    }
    assert len(late) == 2
    erase(filled, "03.jpg")
    others = filled.stored()
    for key, data in late.items():
        filled.store.put(filled.settings.library_bucket, key, data, mime="image/webp")
    knobs(filled, grace_hours=72.0)

    looked = run_checks(filled, "erased", acting=())["erased"]
    assert (looked.checked, looked.found, looked.done) == (1, 2, {})
    assert set(filled.stored()) == set(others) | set(late)

    report = run_checks(filled, "erased", whole=False)["erased"]
    assert report.done == {"deleted": 2, "deleted_bytes": sum(map(len, late.values()))}
    assert filled.stored() == others
    assert run_checks(filled, "erased")["erased"].found == 0


def test_pieces_go_on_where_the_last_one_ended(
    filled: TestLibrary, run_checks: Maintain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("albumen.pipeline.maintenance.erased.STONES_AT_ONCE", 2)
    for number in range(5):
        erase(filled, f"{number:02}.jpg")
    assert run_checks(filled, "erased")["erased"].checked == 5
