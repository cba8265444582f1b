import json
from dataclasses import replace
from datetime import date, datetime

from albumen.memories.context import Context, Photo
from albumen.memories.contract import Candidate, CandidateItem
from albumen.memories.story import memory_id, story_json, tell

PHOTOS = tuple(
    Photo(
        number,
        f"{year}/img.jpg",
        datetime(year, 6, 12, 9, 30),
        "high",
        400,
        300,
        None,
        None,
        (),
        None,
        (),
        None,
        "p",
        "t",
        None,
        None,
    )
    for number, year in ((1, 2019), (2, 2023))
)
CANDIDATE = Candidate(
    kind="on_this_day",
    key="on_this_day:2026-06-12",
    date=date(2026, 6, 12),
    reason="2 photos",
    strength=0.4,
    cover=PHOTOS[1],
    items=tuple(CandidateItem(photo, "the best") for photo in PHOTOS),
    years=(2019, 2023),
)
CONTEXT = Context(7, "Home", "Europe/Rome", "en_GB", PHOTOS)


def test_an_id_is_sixteen_hexadecimal_digits_that_never_change():
    assert memory_id(7, "on_this_day", "on_this_day:2026-06-12") == "d5de1f20c40fedb4"
    assert tell(CANDIDATE, "A title", CONTEXT).id == "d5de1f20c40fedb4"


def test_library_kind_and_key_all_tell_memories_apart():
    made = {memory_id(1, "a", "b"), memory_id(2, "a", "b"), memory_id(1, "c", "b"), memory_id(1, "a", "d")}
    assert len(made | {memory_id(1, "ab", ""), memory_id(1, "", "ab")}) == 6


def test_late_uploads_keep_the_id():
    later = replace(CANDIDATE, items=CANDIDATE.items[:1], reason="other")
    assert tell(later, "Another", CONTEXT).id == tell(CANDIDATE, "A title", CONTEXT).id


def test_json_says_all_there_is_to_say():
    told = story_json(tell(CANDIDATE, "On this day, 12 June", CONTEXT))
    assert json.loads(json.dumps(told)) == {
        "version": 1,
        "id": "d5de1f20c40fedb4",
        "kind": "on_this_day",
        "key": "on_this_day:2026-06-12",
        "date": "2026-06-12",
        "title": "On this day, 12 June",
        "reason": "2 photos",
        "cover": "2023/img.jpg",
        "items": [
            {"item_id": 1, "key": "2019/img.jpg", "reason": "the best", "taken_local": "2019-06-12T09:30:00"},
            {"item_id": 2, "key": "2023/img.jpg", "reason": "the best", "taken_local": "2023-06-12T09:30:00"},
        ],
    }
