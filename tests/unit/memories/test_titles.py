from datetime import date, datetime

import pytest

from albumen.memories.titles import (
    clock,
    counted,
    day_month,
    full_day,
    time_between,
    weekday_day,
    years_ago,
    years_listed,
)

DAY = date(2025, 6, 12)


@pytest.mark.parametrize(
    ("locale", "short", "full", "weekday"),
    [
        ("en_GB", "12 June", "12 June 2025", "Thursday 12 June"),
        ("en_US", "June 12", "June 12, 2025", "Thursday, June 12"),
        ("en-US", "June 12", "June 12, 2025", "Thursday, June 12"),
        ("en_US.UTF-8", "June 12", "June 12, 2025", "Thursday, June 12"),
        ("es_US", "12 June", "12 June 2025", "Thursday 12 June"),
        ("en", "12 June", "12 June 2025", "Thursday 12 June"),
        ("", "12 June", "12 June 2025", "Thursday 12 June"),
        ("C", "12 June", "12 June 2025", "Thursday 12 June"),
    ],
)
def test_days_are_written_in_the_order_of_the_locale(locale, short, full, weekday):
    assert (day_month(DAY, locale), full_day(DAY, locale), weekday_day(DAY, locale)) == (short, full, weekday)


def test_times_count_twelve_or_twenty_four_hours():
    moments = [datetime(2025, 1, 1, hour, 5) for hour in (0, 9, 12, 16)]
    assert [clock(each, "en_GB") for each in moments] == ["00:05", "09:05", "12:05", "16:05"]
    assert [clock(each, "en_US") for each in moments] == ["12:05 am", "9:05 am", "12:05 pm", "4:05 pm"]


def test_years_are_listed_while_they_can_be_read():
    assert years_listed([2025]) == "2025"
    assert years_listed([2022, 2023, 2025]) == "2022, 2023 and 2025"
    assert years_listed(list(range(1998, 2008))) == "10 years from 1998 to 2007"


def test_counts_and_stretches_of_time():
    assert [counted(1, "photo"), counted(2, "photo")] == ["1 photo", "2 photos"]
    assert [years_ago(1), years_ago(18)] == ["a year ago", "18 years ago"]
    stretches = [time_between(each) for each in (5, 60, 59 * 60 + 50, 3 * 3600, 2 * 86400)]
    assert stretches == ["seconds", "1 minute", "1 hour", "3 hours", "2 days"]
