"""What pages show, and what actions change."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from albumen.catalog import step_pauses


class Read(HTMLParser):
    """A page as a browser takes it: its text, its elements and their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.elements = "", []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(person: Any, path: str) -> Read:
    answer = person.get(f"/albumen/{path}", headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return Read(answer.text)


def held(library: Any) -> list[Any]:
    return library.query("SELECT subject_id, step, reason FROM outcomes WHERE state = 'quarantined' ORDER BY 1, 2")


def audited(library: Any) -> list[tuple[str, str, str]]:
    return [(row.by, row.action, row.library) for row in library.query("SELECT * FROM audit ORDER BY audit_id")]


def test_the_overview_counts_what_ended_and_links_to_what_did_not(viewer: Any, photos: Any) -> None:
    told = viewer.get("/albumen/overview.json").json()["libraries"][0]
    steps = told["steps"]
    assert (told["library"], told["listed"], told["quarantined"]) == ("test", 5, len(held(photos)))
    assert (steps["renditions"]["done"], steps["renditions"]["quarantined"]) == (3, 2)
    assert steps["renditions"]["today"] == 5
    assert steps["renditions"]["rate_per_s"] > 0
    assert steps["quality"]["done"] == 3
    shown = page(viewer, "overview")
    assert "quarantine?library=test&step=renditions" in {one.get("href") for one in shown.all("a")}


def test_a_viewer_is_shown_no_actions(viewer: Any, operator: Any, photos: Any) -> None:
    for path in ("overview", "quarantine"):
        assert not [one for one in page(viewer, path).all("button") if "data-action" in one]
        assert [one for one in page(operator, path).all("button") if "data-action" in one]


def test_without_a_library_the_pages_say_how_to_make_one(viewer: Any, connections: None) -> None:
    assert "library create" in page(viewer, "overview").text
    answer = viewer.get("/albumen/quarantine", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "library create" in answer.text
    assert "No library is called nope." in viewer.get("/albumen/quarantine?library=nope").json()["detail"]


def test_a_catalog_that_is_away_is_told_in_words(viewer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ALBUMEN_CATALOG", "postgres://nobody:nothing@127.0.0.1:1/none")
    answer = viewer.get("/albumen/overview", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "doctor" in answer.text


def test_the_quarantine_is_filtered_by_step_reason_and_prefix(viewer: Any, photos: Any) -> None:
    assert "old/broken.jpg" in page(viewer, "quarantine").text
    assert "old/page.jpg" in page(viewer, "quarantine?prefix=old/p").text
    assert "old/broken.jpg" not in page(viewer, "quarantine?prefix=old/p").text
    assert "old/" not in page(viewer, "quarantine?reason=crashed").text
    assert "old/" not in page(viewer, "quarantine?camera=Leica").text


def test_parts_follow_one_another_to_the_end(viewer: Any, photos: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("albumen.console.pages.quarantine.SHOWN", 1)
    seen, path = [], "quarantine"
    while path:
        shown = page(viewer, path)
        seen += re.findall(r"old/\w+\.jpg", shown.text)
        path = next((one["href"] for one in shown.all("a") if one.get("rel") == "next"), "")
    assert len(seen) == len(held(photos))


def test_a_released_row_is_due_again_and_the_action_is_written_down(operator: Any, photos: Any) -> None:
    row = held(photos)[0]
    answer = operator.act("release?library=test", {"pairs": [[row.subject_id, row.step]]})
    assert answer.json()["changed"] == 1
    due = photos.query("SELECT subject_id, step, lane FROM due")
    assert [(one.subject_id, one.step, one.lane) for one in due] == [(row.subject_id, row.step, 1)]
    assert audited(photos) == [("operator", "release", "test")]
    assert operator.act("release?library=test", {"pairs": [[row.subject_id, row.step]]}).json()["changed"] == 0


def test_all_that_a_filter_selects_is_released_and_nothing_else(operator: Any, photos: Any) -> None:
    before = held(photos)
    answer = operator.act("release?library=test", {"everything": True, "prefix": "old/b"})
    assert answer.json()["changed"] > 0
    left = held(photos)
    assert 0 < len(left) < len(before)
    assert operator.act("release?library=test", {"everything": True}).json()["changed"] == len(left)
    assert not held(photos)


def test_a_dismissed_row_is_skipped_keeps_its_reason_and_leaves_the_tallies_right(operator: Any, photos: Any) -> None:
    rows = held(photos)
    answer = operator.act("dismiss?library=test", {"everything": True, "why": "known to be broken"})
    assert answer.json()["changed"] == len(rows)
    record = photos.records()["old/broken.jpg"]
    assert (record["state"], record["reason"]) == ("skipped", "unreadable")
    assert "dismissed by operator (known to be broken)" in record["detail"]
    counted = photos.query("""
        SELECT step, state, reason, sum(n)::int AS n FROM tallies GROUP BY 1, 2, 3 HAVING sum(n) <> 0
        EXCEPT SELECT step, state, COALESCE(reason, ''), count(*)::int FROM outcomes GROUP BY 1, 2, 3
    """)
    assert counted == []
    assert audited(photos) == [("operator", "dismiss", "test")]
    last = photos.query("SELECT state FROM outcome_history ORDER BY history_id DESC LIMIT 1")
    assert last[0].state == "skipped"


def test_another_librarys_rows_are_out_of_reach(operator: Any, photos: Any) -> None:
    photos.execute("INSERT INTO libraries (name, bucket, prefix) VALUES ('other', 'b', '')")
    row = held(photos)[0]
    answer = operator.act("release?library=other", {"pairs": [[row.subject_id, row.step]]})
    assert answer.json()["changed"] == 0
    assert held(photos)[0] == row


def test_the_csv_has_every_row_and_no_formula(viewer: Any, photos: Any) -> None:
    photos.execute("UPDATE outcomes SET detail = '=cmd|x!A1' WHERE state = 'quarantined'")
    answer = viewer.get("/albumen/quarantine.csv?library=test")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(held(photos))
    assert {row["detail"] for row in rows} == {"'=cmd|x!A1"}
    assert answer.headers["Content-Type"].startswith("text/csv")


def test_first_bytes_are_shown_as_text(viewer: Any, photos: Any) -> None:
    (row, *_) = photos.query("""
        SELECT s.subject_id, s.step FROM outcomes s JOIN originals o ON s.subject_id IN (o.original_id, o.item_id)
        WHERE s.state = 'quarantined' AND o.key LIKE '%page.jpg'
    """)
    answer = viewer.get(f"/albumen/first-bytes?library=test&subject={row.subject_id}&step={row.step}")
    assert answer.json()["lines"][0].startswith("0000  3c 68 74 6d 6c 3e")
    photos.delete("old/page.jpg")
    answer = viewer.get(f"/albumen/first-bytes?library=test&subject={row.subject_id}&step={row.step}")
    assert (answer.status_code, answer.json()["detail"]) == (404, "the file is gone from the source")


def test_a_step_is_stopped_and_let_go_on(operator: Any, photos: Any) -> None:
    assert operator.act("pause-step", {"step": "quality", "reason": "wrong scores"}).status_code == 200
    with photos.connect() as connection:
        assert step_pauses.everyone(connection)["quality"].by == "operator"
    assert "wrong scores" in page(operator, "overview").text
    assert operator.act("pause-step", {"step": "quality", "reason": "wrong scores"}).status_code == 409
    assert operator.act("pause-step", {"step": "nope", "reason": "wrong scores"}).status_code == 404
    assert operator.act("resume-step", {"step": "quality"}).status_code == 200
    assert operator.act("resume-step", {"step": "quality"}).status_code == 409
    assert [action for _, action, _ in audited(photos)] == ["pause step", "resume step"]
    assert "resume step" in page(operator, "audit").text


def test_a_link_to_a_picture_works_for_its_owner_until_it_expires(
    viewer: Any, operator: Any, photos: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from albumen.console import media

    thumb = photos.query("SELECT key FROM renditions WHERE name = 'thumb' LIMIT 1")[0].key
    link = media.Links("viewer").to(thumb)
    answer = viewer.get(f"/albumen/{link}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert operator.get(f"/albumen/{link}").status_code == 403
    # Not the last one: of its bits, some mean nothing.
    forged = link[:-5] + ("B" if link[-5] == "A" else "A") + link[-4:]
    assert viewer.get(f"/albumen/{forged}").status_code == 403
    monkeypatch.setattr(media, "LINK_SECONDS", -1)
    assert viewer.get(f"/albumen/{link}").status_code == 403


def test_originals_and_what_is_no_picture_are_never_served(viewer: Any, photos: Any) -> None:
    from albumen.console import media

    for key in ("test/2020/1.jpg", "memories/1/x/story.html", "renditions/1/x.svg", "receipts/1.jsonl"):
        assert viewer.get(f"/albumen/{media.Links('viewer').to(key)}").status_code == 403
    gone = media.Links("viewer").to("renditions/1/aa/nothing.jpg")
    assert viewer.get(f"/albumen/{gone}").status_code == 404


def test_a_video_plays_in_parts_and_a_photo_with_what_moved(viewer: Any, films: Any) -> None:
    shown = page(viewer, "item?library=test&key=film.mp4")
    (player,) = shown.all("video")
    stored = films.query("SELECT bytes, key FROM renditions WHERE name = 'hover' AND width = 320")[0]
    data = films.store.get(films.bucket, stored.key)
    link = f"/albumen/{player['src']}"
    whole = viewer.get(link)
    assert (whole.status_code, whole.headers["Content-Type"], whole.content) == (200, "video/mp4", data)
    assert whole.headers["Accept-Ranges"] == "bytes"
    parts = {"bytes=0-99": data[:100], "bytes=100-": data[100:], "bytes=-50": data[-50:], "bytes=9-999999999": data[9:]}
    for wanted, part in parts.items():
        answer = viewer.get(link, headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (206, part), wanted
        assert int(answer.headers["Content-Length"]) == len(part)
    first = viewer.get(link, headers={"Range": "bytes=0-99"}).headers["Content-Range"]
    assert first == f"bytes 0-99/{len(data)}"
    for wanted in (f"bytes={len(data)}-", "bytes=-0", "bytes=5-4"):
        assert viewer.get(link, headers={"Range": wanted}).status_code == 416, wanted
    for wanted in ("bytes=0-1,4-5", "lines=1-2", "bytes=-"):
        assert viewer.get(link, headers={"Range": wanted}).content == data, wanted
    assert "0:02" in shown.text

    live = page(viewer, "item?library=test&key=live.jpg")
    (clip,) = live.all("video")
    assert viewer.get(f"/albumen/{clip['src']}").headers["Content-Type"] == "video/mp4"
    assert "live.mp4" in live.text
    assert "The clip of" in page(viewer, "item?library=test&key=live.mp4").text
    assert page(viewer, "item?library=test&key=plain.jpg").all("video") == []


def test_an_item_shows_every_fact_with_its_source_and_its_ledger(viewer: Any, photos: Any) -> None:
    shown = page(viewer, "item?library=test&key=2020/1.jpg")
    for words in ("exif:DateTimeOriginal", "photo 1", "quality", "likenesses", "metadata v", "CPU s"):
        assert words in shown.text
    (picture,) = shown.all("image")
    assert viewer.get(f"/albumen/{picture['href']}").headers["Content-Type"] == "image/jpeg"
    assert viewer.get("/albumen/item?library=test&key=nope.jpg").status_code == 404
    assert viewer.get("/albumen/item?library=test&subject=999").status_code == 404
    assert "whole story" in page(viewer, "item?library=test").text


def test_an_item_without_a_picture_and_one_that_vanished_have_a_page(viewer: Any, photos: Any) -> None:
    assert "no picture of it that is safe" in page(viewer, "item?library=test&key=old/page.jpg").text
    photos.delete("2020/2.jpg")
    photos.discover()
    photos.discover()
    assert "vanished" in page(viewer, "item?library=test&key=2020/2.jpg").text


def test_faces_are_drawn_where_they_are(viewer: Any, photos: Any) -> None:
    photos.execute("""
        INSERT INTO faces (library_id, item_id, face_no, x, y, width, height, score, landmarks, sharpness, model_id,
            vector)
        SELECT library_id, item_id, 0, 0.25, 0.5, 0.1, 0.2, 0.9, '{}', 1, 'm', array_fill(0, ARRAY[128])::vector
        FROM originals WHERE key = 'test/2020/1.jpg'
    """)
    shown = page(viewer, "item?library=test&key=2020/1.jpg")
    (box,), (picture,) = shown.all("rect"), shown.all("image")
    assert float(box["x"]) == pytest.approx(0.25 * float(picture["width"]))
    assert float(box["height"]) == pytest.approx(0.2 * float(picture["height"]))
    assert "vector" not in {words.strip() for words in shown.text.splitlines()}


WANTED = {"step": "quality", "stale_only": False}


def test_a_backfill_is_measured_started_and_watched(operator: Any, photos: Any) -> None:
    told = operator.act("measure-backfill?library=test", WANTED).json()
    assert told["items"] == 3
    assert "USD" in told["told"]
    assert photos.query("SELECT * FROM due") == []
    assert operator.act("start-backfill?library=test", {**WANTED, "keys": ["2020/1.jpg"]}).status_code == 200
    (due,) = photos.query("SELECT step, lane FROM due")
    assert (due.step, due.lane) == ("quality", 0)
    assert audited(photos) == [("operator", "start backfill", "test")]
    assert "1 due" in page(operator, "backfill?library=test").text
    photos.work("preview")
    assert "nothing" in page(operator, "backfill?library=test").text


def test_a_wrong_field_of_the_form_is_named(operator: Any, library: Any) -> None:
    for wrong, words in (
        ({"step": "nope"}, "no step is called"),
        ({"reason": "nope"}, "no reason is called"),
        ({"taken_from": "yesterday"}, "taken_from is no day"),
        ({"taken_from": "2020-02-02", "taken_to": "2020-01-01"}, "lies after"),
        ({"keys": ["nope.jpg"]}, "has no file 'nope.jpg'"),
        ({"keys": ["x"] * 1001}, "keys"),
        ({"stale_only": "perhaps"}, "stale_only"),
    ):
        answer = operator.act("measure-backfill?library=test", {**WANTED, **wrong})
        assert answer.status_code == 422, wrong
        assert words in answer.json()["detail"]


def test_a_backfill_of_nothing_does_not_start(operator: Any, library: Any) -> None:
    answer = operator.act("start-backfill?library=test", {**WANTED, "prefix": "nowhere/"})
    assert answer.status_code == 409
    assert library.query("SELECT * FROM backfills") == []


def test_a_run_tells_what_its_shards_did_and_what_went_wrong(viewer: Any, photos: Any) -> None:
    photos.execute("UPDATE shards SET claim = 'transcode_originals/manual__1/process/0' WHERE pass_name = 'original'")
    photos.execute("UPDATE outcome_history SET task = 'transcode_originals/manual__1/process/0/1'")
    shown = page(viewer, "run?dag_id=transcode_originals&run_id=manual__1")
    assert "old/broken.jpg" in shown.text
    assert "unreadable" in shown.text
    task = page(viewer, "run?dag_id=transcode_originals&run_id=manual__1&task_id=process&map_index=0")
    assert "old/broken.jpg" in task.text
    for path in ("&task_id=plan&map_index={MAP_INDEX}", "&task_id=process&map_index=1"):
        other = page(viewer, f"run?dag_id=transcode_originals&run_id=manual__1{path}")
        assert "No files passed through here" in other.text
    assert "No files" in page(viewer, "run?dag_id=transcode_originals&run_id=manual%25").text


def test_alerts_are_shown_silenced_with_reason_and_end_and_heard_again(operator: Any, photos: Any) -> None:
    assert "Nothing needs a person" in page(operator, "alerts").text
    photos.execute(
        "INSERT INTO alerts (kind, about, summary, command)"
        " VALUES ('step_stopped', 'quality', 'quality is stopped', './albumen why a.jpg --library test')"
    )
    shown = page(operator, "alerts")
    assert "./albumen why a.jpg --library test" in shown.text
    assert "./albumen step resume quality" in shown.text
    assert "99% of new photos have a preview within 10 min" in shown.text
    quiet = {"kind": "step_stopped", "about": "quality", "reason": "moving house", "hours": 2}
    assert operator.act("silence", {**quiet, "reason": ""}).status_code == 422
    assert operator.act("silence", {**quiet, "hours": 10_000}).status_code == 422
    assert operator.act("silence", {**quiet, "kind": "nope"}).status_code == 404
    assert "silent until" in operator.act("silence", quiet).json()["told"]
    assert "moving house" in page(operator, "alerts").text
    assert operator.act("end-silence", {"silence_id": 1}).status_code == 200
    assert operator.act("end-silence", {"silence_id": 1}).status_code == 409
    assert [action for _, action, _ in audited(photos)] == ["silence", "end silence"]
