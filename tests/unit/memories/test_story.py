import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from jsonschema import ValidationError

from albumen.memories.context import Context, Photo
from albumen.memories.contract import Candidate, CandidateItem
from albumen.memories.story import memory_id, story_bytes, tell

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
        "renditions/p",
        "renditions/t",
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


FILES = {"page": "memories/7/d5de1f20c40fedb4/story-1.html", "story": "memories/7/d5de1f20c40fedb4/story-1.json"}


def told(photos=PHOTOS):
    items = tuple(CandidateItem(photo, "the best") for photo in photos)
    return tell(replace(CANDIDATE, items=items, cover=photos[1]), "On this day, 12 June", CONTEXT)


def test_json_says_all_there_is_to_say():
    described = json.loads(story_bytes(told(), FILES))
    first = described["items"].pop(0)
    assert first == {
        "item_id": 1,
        "media": "photo",
        "key": "2019/img.jpg",
        "reason": "the best",
        "taken_local": "2019-06-12T09:30:00",
        "width": 400,
        "height": 300,
        "preview": "renditions/p",
        "thumb": "renditions/t",
        "place": None,
    }
    assert [item["item_id"] for item in described.pop("items")] == [2]
    assert described == {
        "version": 1,
        "id": "d5de1f20c40fedb4",
        "kind": "on_this_day",
        "key": "on_this_day:2026-06-12",
        "date": "2026-06-12",
        "title": "On this day, 12 June",
        "reason": "2 photos",
        "cover": "2023/img.jpg",
        "files": FILES,
    }


def test_what_breaks_the_schema_is_never_written():
    with pytest.raises(ValidationError):
        story_bytes(told(tuple(replace(photo, preview_key="elsewhere") for photo in PHOTOS)), FILES)
    with pytest.raises(ValidationError):
        story_bytes(replace(told(), title=""), FILES)
    with pytest.raises(ValidationError):
        story_bytes(replace(told(), items=()), FILES)


def test_a_key_that_is_no_unicode_is_carried():
    odd = tuple(replace(photo, key="a\udce9.jpg") for photo in PHOTOS)
    assert b"udce9" in story_bytes(told(odd), FILES)


SCRIPT = """
import locale, sys
sys.path.insert(0, sys.argv[1])
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
import test_story
sys.stdout.buffer.write(test_story.story_bytes(test_story.told(), test_story.FILES))
"""


@pytest.mark.parametrize(("zone", "language"), [("Pacific/Kiritimati", "C"), ("America/Lima", "tr_TR.UTF-8")])
def test_the_bytes_are_the_same_in_another_zone_and_locale(zone, language):
    environment = {**os.environ, "TZ": zone, "LC_ALL": language, "PYTHONHASHSEED": "7"}
    folder = str(Path(__file__).parent)
    ran = subprocess.run([sys.executable, "-c", SCRIPT, folder], env=environment, capture_output=True, check=True)
    assert ran.stdout == story_bytes(told(), FILES)
