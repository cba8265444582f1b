"""Pages of what was organised: duplicates are settled, people named, and neither by who may only read."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from albumen.testing.photos import a_photo


@pytest.fixture
def copied(library: Any, sandbox: Any) -> Any:
    """A photo with a hostile name, and a smaller copy of it."""
    data = a_photo("one")
    stream = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").resize((320, 240)).save(stream, "JPEG")
    library.put("<script>alert(1)</script>.jpg", data)
    library.put("copy.jpg", stream.getvalue())
    library.discover()
    library.work()
    return library


def group_of(library: Any) -> str:
    (row,) = library.query("SELECT group_id FROM duplicate_groups")
    return row.group_id


def test_a_group_is_shown_and_settled(viewer: Any, operator: Any, copied: Any) -> None:
    shown = operator.get("/albumen/duplicates?library=test").text
    assert "copy.jpg" in shown
    assert "<script>alert" not in shown
    assert 'data-action="settle-duplicates' in shown
    assert 'data-action="settle-duplicates' not in viewer.get("/albumen/duplicates?library=test").text
    wanted = {"group": group_of(copied), "decision": "keep all"}
    assert viewer.act("settle-duplicates?library=test", wanted).status_code == 403
    assert operator.act("settle-duplicates?library=test", wanted).json()["told"] == "settled: keep all"
    (row,) = copied.query("SELECT decision, resolved_by FROM duplicate_groups")
    assert (row.decision, row.resolved_by) == ("keep all", "operator")
    assert "copy.jpg" not in operator.get("/albumen/duplicates?library=test").text


def test_an_impossible_settlement_is_refused(operator: Any, library: Any) -> None:
    for wanted, status in (
        ({"group": "gone", "decision": "keep"}, 404),
        ({"group": "x", "decision": "delete"}, 422),
        ({}, 422),
    ):
        assert operator.act("settle-duplicates?library=test", wanted).status_code == status, wanted


def test_people_are_named_hidden_and_shown_again(viewer: Any, operator: Any, library: Any) -> None:
    library.execute("UPDATE libraries SET consents = '{faces}'")
    library.execute("INSERT INTO people (library_id, person_id, faces) VALUES (1, 'p1', 3), (1, 'p2', 2)")
    for what, value in (("name", "<b>Ann</b>"), ("hide", "")):
        wanted = {"person": "p1", "what": what, "value": value}
        assert viewer.act("change-person?library=test", wanted).status_code == 403
        assert operator.act("change-person?library=test", wanted).status_code == 200
    assert "Ann" not in operator.get("/albumen/people?library=test").text
    everyone = operator.get("/albumen/people?library=test&everyone=true").text
    assert "&lt;b&gt;Ann&lt;/b&gt;" in everyone
    assert operator.act("change-person?library=test", {"person": "p1", "what": "show"}).status_code == 200
    merged = operator.act("change-person?library=test", {"person": "p2", "what": "merge", "value": "nobody"})
    assert (merged.status_code, "nobody is called" in merged.text) == (409, True)


def test_without_consent_the_page_says_so(viewer: Any, library: Any) -> None:
    assert "No consent" in viewer.get("/albumen/people?library=test").text
