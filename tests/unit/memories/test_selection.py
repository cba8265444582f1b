from dataclasses import replace
from datetime import date, datetime, timedelta

from albumen.memories import selection
from albumen.memories.context import Told
from albumen.memories.contract import Candidate, CandidateItem
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable

DAY = date(2026, 5, 4)


def a_story(key, strength, first, count=10):
    photos = [a_memorable(first + n, datetime(2020, 1, 1) + timedelta(hours=n)) for n in range(count)]
    items = tuple(CandidateItem(photo, "good") for photo in photos)
    return Candidate("event", key, DAY, "because", strength, photos[0], items, (2020,))


def keys(candidates, told=(), **knobs):
    return [one.key for one in selection.select(candidates, a_context([], told=told), DAY, MemorySettings(**knobs))]


def test_the_strongest_go_first_and_no_more_than_asked():
    stories = [a_story(f"s{n}", n / 10, 100 * n) for n in range(6)]
    assert keys(stories) == ["s5", "s4", "s3"]
    assert keys(stories, stories=1) == ["s5"]
    assert keys(reversed(stories)) == keys(stories)


def test_a_story_that_mostly_repeats_a_stronger_one_is_left_out():
    strong = a_story("strong", 0.9, 0)
    weak = replace(a_story("weak", 0.5, 0), items=(*strong.items[:5], *a_story("", 0, 50).items[:5]))
    other = replace(a_story("other", 0.4, 0), items=(*strong.items[:4], *a_story("", 0, 70).items[:6]))
    assert keys([strong, weak, other]) == ["strong", "other"]


def test_a_story_rests_and_so_do_pictures_that_were_shown_lately():
    story = a_story("s", 0.9, 0)
    recent = Told("event", "s", DAY - timedelta(days=20), frozenset())
    assert keys([story], (recent,)) == []
    assert keys([story], (recent,), cooldown_days=10) == ["s"]
    shown = frozenset(item.photo.item_id for item in story.items)
    assert keys([story], (Told("recap", "r", DAY - timedelta(days=3), shown),)) == []
    assert keys([story], (Told("recap", "r", DAY - timedelta(days=15), shown),)) == ["s"]


def test_without_stories_there_is_no_feed():
    assert keys([]) == []
