import random
from datetime import date, datetime, timedelta

from albumen.memories.context import Told
from albumen.memories.kinds.event import Event, part_of_day, standing_out, usual
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable

DAY = date(2026, 5, 4)
PARTY = date(2019, 6, 15)


def ordinary(first=date(2019, 4, 1), days=150):
    return [
        a_memorable(n, datetime.combine(first, datetime.min.time()) + timedelta(days=n, hours=12)) for n in range(days)
    ]


def party(day=PARTY, count=30, start=1000, **changes):
    return [a_memorable(start + n, datetime(day.year, day.month, day.day, 9) + timedelta(minutes=24 * n), **changes)
            for n in range(count)]  # fmt: skip


def told(photos, **changes):
    kind = Event(MemorySettings())
    context = a_context(photos, **changes)
    return [(story, kind.title(story, "en_GB")) for story in kind.candidates(context, DAY, seed=1)]


def test_a_day_with_many_more_photos_than_its_neighbours_is_told():
    ((story, title),) = told([*ordinary(), *party()])
    assert title == "Saturday, 15 June 2019"
    assert story.key == "event:2019-06-15"
    assert story.reason == "20 photos of a day with 31, 31 times what is usual"
    assert {part_of_day(item.photo) for item in story.items} >= {
        "the morning",
        "midday",
        "the afternoon",
        "the evening",
    }


def test_the_place_is_in_the_title_where_all_photos_share_it():
    ((_, title),) = told(party(place="Arezzo"))
    assert title == "A day in Arezzo, 15 June 2019"


def test_a_busy_week_does_not_stand_out_day_by_day():
    week = [photo for n in range(7) for photo in party(PARTY + timedelta(days=n), start=1000 * (n + 1))]
    assert standing_out(a_context([*ordinary(), *week]).days) != []
    busy = [photo for n in range(60) for photo in party(PARTY + timedelta(days=n - 30), start=1000 * (n + 1))]
    assert standing_out(a_context(busy).days) == []


def test_what_was_told_within_a_year_has_no_turn():
    before = (Told("event", "event:2019-06-15", date(2025, 9, 1), frozenset()),)
    assert told([*ordinary(), *party()], told=before) == []
    long_ago = (Told("event", "event:2019-06-15", date(2025, 4, 1), frozenset()),)
    assert told([*ordinary(), *party()], told=long_ago) != []


def test_every_day_it_is_another_one_s_turn():
    photos = [photo for year in range(2000, 2020) for photo in party(date(year, 6, 15), start=1000 * year)]
    context = a_context(photos)
    kind = Event(MemorySettings())
    days = {kind.window(context, DAY + timedelta(days=n)).ranges[0].first for n in range(20)}
    assert len(days) > 5
    assert kind.window(context, DAY) == kind.window(context, DAY)


def test_last_week_and_a_burst_are_no_event():
    assert told(party(DAY - timedelta(days=7))) == []
    burst = [a_memorable(n, datetime(2019, 6, 15, 12, 0, n), phash=1) for n in range(40)]
    assert told(burst) == []


def test_what_moves_along_is_what_every_day_by_itself_would_find():
    dice = random.Random(7)
    for sparse in (1.0, 0.5, 0.02):
        days = {
            date(2015, 1, 1) + timedelta(days=n): dice.choice((1, 2, 3, 5, 12, 20, 60))
            for n in range(900)
            if dice.random() < sparse
        }
        alone = [day for day in sorted(days) if days[day] >= 12 and days[day] >= 4 * usual(days, day)]
        assert standing_out(days) == alone != []
