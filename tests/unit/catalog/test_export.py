"""Records of the export: states, times and what is null."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumen.catalog.export import record

ORDER = ["quarantined", "due", "done", "skipped"]
FINE = {"due": ["due", "leased", "retrying"]}


def row(**values: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        [
            "kind",
            "mime",
            "sha256",
            "facts",
            "first_key",
            "outcomes",
            "due",
            "renditions",
            "faces",
            "quality",
            "video",
            "place",
            "event_id",
            "trip_id",
            "labels",
            "objects",
            "safety",
            "picture_kind",
            "text",
            "group_id",
            "half_key",
            "motion_sha1",
            "motion_bytes",
        ]
    )
    return {**empty, "key": "p/a.jpg", "size": 1, "quality_reasons": None, **values}


def outcome(state: str, **values: Any) -> dict[str, Any]:
    return {"version": 1, "state": state, "reason": None, "detail": None, "attempts": 1, **values}


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from([*ORDER, "retrying"]), min_size=1))
def test_the_state_is_the_first_in_order_of_quarantined_due_done_skipped(states: dict[str, str]) -> None:
    found = record(row(outcomes={name: outcome(state) for name, state in states.items()}), "p/")
    coarse = {"due" if state == "retrying" else state for state in states.values()}
    assert found["state"] == next(state for state in ORDER if state in coarse)


def test_a_photo_that_no_decoder_reads_is_skipped_though_its_facts_are_known() -> None:
    unread = outcome("skipped", reason="unsupported", detail="OpenEXR is not read yet")
    found = record(row(outcomes={"metadata": outcome("done"), "renditions": unread}), "p/")
    assert (found["state"], found["reason"], found["detail"]) == ("skipped", "unsupported", "OpenEXR is not read yet")
    assert found["steps"]["metadata"]["state"] == "done"


@pytest.mark.parametrize("pending", ["due", "leased"])
def test_work_that_waits_hides_an_older_outcome(pending: str) -> None:
    found = record(row(outcomes={"a": outcome("done")}, due={"a": pending}), "p/")
    assert (found["state"], found["steps"]["a"]["state"]) == ("due", pending)


def test_a_retry_says_why_it_is_one() -> None:
    found = record(row(outcomes={"a": outcome("retrying", reason="crashed", detail="abort")}, due={"a": "due"}), "p/")
    assert (found["state"], found["reason"], found["detail"]) == ("due", "crashed", "abort")
    assert found["steps"]["a"]["state"] == "retrying"


def test_an_original_nothing_is_known_of_is_due() -> None:
    found = record(row(), "p/")
    assert (found["state"], found["reason"], found["steps"]) == ("due", None, {})
    assert (found["key"], found["taken"], found["gps"], found["renditions"]) == ("a.jpg", None, None, [])


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "+00:00"), (60, "+01:00"), (-210, "-03:30"), (845, "+14:05"), (None, None), (-30, "-00:30")],
)
def test_offsets_are_written_with_their_sign(minutes: int | None, text: str | None) -> None:
    facts = {
        "taken_local": "2010-07-01T12:00:10.120000", "taken_offset_minutes": minutes, "taken_utc": None,
        "taken_zone": None, "taken_source": "x", "zone_source": None, "taken_confidence": "high",
    }  # fmt: skip
    taken = record(row(facts=facts), "p/")["taken"]
    assert (taken["offset"], taken["local"], taken["utc"]) == (text, "2010-07-01T12:00:10.12", None)


def test_a_copy_names_the_first_original_and_the_first_names_none() -> None:
    assert record(row(first_key="p/b.jpg"), "p/")["duplicate_of"] == "b.jpg"
    assert record(row(first_key="p/a.jpg"), "p/")["duplicate_of"] is None
