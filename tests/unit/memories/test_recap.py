from datetime import date, datetime, timedelta

import pytest

from albumen.memories.kinds.recap import Recap, span_of
from albumen.settings import MemorySettings
from albumen.testing.memories import a_context, a_memorable


def told(photos, day, **knobs):
    kind = Recap(MemorySettings(**knobs))
    found = kind.candidates(a_context(photos), day, seed=1)
    return [(story, kind.title(story, "en_GB")) for story in found]


def every_day(first, last, a_day=1, **changes):
    days = (last - first).days + 1
    moments = [datetime.combine(first, datetime.min.time()) + timedelta(days=n, hours=9 + h)
               for n in range(days) for h in range(a_day)]  # fmt: skip
    return [a_memorable(number, moment, **changes) for number, moment in enumerate(moments, 1)]


def test_a_month_is_told_on_the_first_day_after_it_from_all_its_weeks():
    ((story, title),) = told(every_day(date(2025, 6, 1), date(2025, 6, 30)), date(2025, 7, 1))
    assert title == "June 2025"
    assert story.key == "recap:month:2025-06"
    assert story.reason == "20 photos of 20 days, from 30 photos of the month that has just ended"
    weeks = [(item.photo.taken_local.day - 1) // 7 for item in story.items]
    assert weeks == sorted(weeks)
    assert min(weeks.count(week) for week in range(4)) >= 4


def test_most_days_look_back_on_nothing():
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    spans = [span.size for day in days if (span := span_of(day))]
    assert sorted(spans) == ["month"] * 11 + ["season"] * 4 + ["year"]


def test_new_years_day_tells_the_year_and_every_month_of_it():
    photos = every_day(date(2024, 1, 1), date(2024, 12, 31))
    ((story, title),) = told(photos, date(2025, 1, 1))
    assert title == "Your 2024"
    assert {item.photo.taken_local.month for item in story.items} == set(range(1, 13))
    assert all("2024" not in item.reason for item in story.items)


@pytest.mark.parametrize(
    ("day", "north", "south"),
    [
        (date(2025, 3, 2), "Winter 2024/25", "Summer 2024/25"),
        (date(2025, 6, 2), "Spring 2025", "Autumn 2025"),
        (date(2025, 9, 2), "Summer 2025", "Winter 2025"),
        (date(2025, 12, 2), "Autumn 2025", "Spring 2025"),
    ],
)
def test_a_season_has_the_name_it_has_where_the_photos_were_taken(day, north, south):
    span = span_of(day)
    for gps, name in (((45.8, 16.0), north), ((-33.9, 151.2), south), (None, north)):
        ((_, title),) = told(every_day(span.first, span.last, gps=gps), day)
        assert title == name


def test_too_little_is_no_recap():
    assert told([], date(2025, 7, 1)) == []
    assert told(every_day(date(2025, 6, 1), date(2025, 6, 7)), date(2025, 7, 1)) == []
    assert told(every_day(date(2025, 6, 1), date(2025, 6, 2), a_day=10), date(2025, 7, 1)) == []
    assert told(every_day(date(2025, 1, 1), date(2025, 1, 24)), date(2026, 1, 1)) != []
    assert told(every_day(date(2025, 1, 1), date(2025, 1, 24)), date(2026, 1, 2)) == []


def test_february_of_a_leap_year_ends_on_the_29th():
    assert span_of(date(2024, 3, 1)).last == date(2024, 2, 29)
    assert span_of(date(2024, 3, 2)).first == date(2023, 12, 1)
