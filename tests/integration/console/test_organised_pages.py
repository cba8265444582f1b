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


def test_faces_of_a_person_are_split_off_and_rejected(viewer: Any, operator: Any, library: Any) -> None:
    library.execute("INSERT INTO people (library_id, person_id, name, faces) VALUES (1, 'p1', '<b>Ann</b>', 4)")
    for item in (1, 2, 3, 4):
        library.execute(
            "INSERT INTO items (library_id, item_id, sha256, bytes, kind, mime) VALUES (1, :i, :s, 1, 'photo', 'm')",
            i=item, s=bytes([item]),
        )  # fmt: skip
        library.execute(
            "INSERT INTO face_people (library_id, item_id, face_no, person_id, confidence, x, y, width, height) "
            "VALUES (1, :i, 0, 'p1', CAST(:i AS float) / 10, 0.1, 0.1, 0.2, 0.2)", i=item,
        )  # fmt: skip
    shown = operator.get("/albumen/person?library=test&person=p1").text
    assert shown.index("item 1<") < shown.index("item 4<")
    assert "&lt;b&gt;Ann" in shown
    assert 'data-action="part-faces' not in viewer.get("/albumen/person?library=test&person=p1").text
    for what, pairs in (("split", [[1, 0], [2, 0]]), ("reject", [[3, 0]])):
        wanted = {"person": "p1", "what": what, "pairs": pairs}
        assert viewer.act("part-faces?library=test", wanted).status_code == 403
        assert operator.act("part-faces?library=test", wanted).json()["changed"] == len(pairs)
        assert operator.act("part-faces?library=test", wanted).status_code == 409
    owners = {row.item_id: row.person_id for row in library.query("SELECT item_id, person_id FROM face_people")}
    assert owners.keys() == {1, 2, 4}
    assert owners[1] == owners[2] != owners[4] == "p1"
    verdicts = library.query("SELECT verdict, by FROM face_decisions WHERE person_id = 'p1' ORDER BY item_id")
    assert [(row.verdict, row.by) for row in verdicts] == [("not", "operator")] * 3
    assert operator.get("/albumen/person?library=test&person=nobody").status_code == 404
    for pairs in ([], [[1, -1]], [[1]], "x"):
        assert operator.act("part-faces?library=test", {**wanted, "pairs": pairs}).status_code == 422


def test_without_consent_the_page_says_so(viewer: Any, library: Any) -> None:
    assert "No consent" in viewer.get("/albumen/people?library=test").text


CLOCK = """
    INSERT INTO camera_clocks (library_id, camera, first, last, ahead, utc_minutes, matches, days)
    VALUES (1, 'Old <b>Camera</b>', '2020-05-01 00:00', '2020-05-02 23:59', 150, 120, 9, 2) RETURNING clock_id
"""


def test_a_clock_is_shown_with_what_it_would_move_and_answered(viewer: Any, operator: Any, photos: Any) -> None:
    photos.execute(CLOCK)
    photos.execute("UPDATE facts SET make = 'Old <b>Camera</b>', model = NULL, zone_source = 'home'")
    (row,) = photos.query("SELECT clock_id FROM camera_clocks")
    before = photos.query("SELECT item_id, taken_local FROM facts ORDER BY 1")
    page = operator.get("/albumen/clocks?library=test").text
    assert "2 h 30 min ahead" in page
    assert "9 occasions on 2 days agree" in page
    assert "2020-05-01 10:00" in page
    assert "2020-05-01 07:30" in page
    assert "<b>Camera" not in page
    assert photos.query("SELECT item_id, taken_local FROM facts ORDER BY 1") == before
    assert 'data-action="answer-clock' not in viewer.get("/albumen/clocks?library=test").text
    for answer, told, hour in (
        ("apply", "2 photos have other dates", 7),
        ("undo", "2 photos have other dates", 10),
        ("dismiss", "clock: dismiss", 10),
    ):
        wanted = {"clock": row.clock_id, "answer": answer}
        assert viewer.act("answer-clock?library=test", wanted).status_code == 403
        assert operator.act("answer-clock?library=test", wanted).json()["told"] == told
        hours = {one.hour for one in photos.query("SELECT extract(hour FROM min(taken_local)) AS hour FROM facts")}
        assert hours == {hour}
    entries = photos.query("SELECT by, details FROM audit WHERE action = 'answer clock' ORDER BY audit_id")
    assert [(one.by, one.details["answer"], one.details["photos"]) for one in entries] == [
        ("operator", "apply", 2), ("operator", "undo", 2), ("operator", "dismiss", 0),
    ]  # fmt: skip
    assert "Nothing to ask" in operator.get("/albumen/clocks?library=test").text
    assert "dismissed by operator" in operator.get("/albumen/clocks?library=test&everything=true").text


def test_an_answer_to_no_clock_is_refused(operator: Any, library: Any) -> None:
    for wanted, status in (
        ({"clock": 999, "answer": "apply"}, 409),
        ({"clock": 0, "answer": "apply"}, 422),
        ({"clock": 10**30, "answer": "apply"}, 422),
        ({"clock": 1, "answer": "silently"}, 422),
    ):
        assert operator.act("answer-clock?library=test", wanted).status_code == status, wanted
