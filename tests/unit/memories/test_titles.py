from datetime import date, datetime

import pytest

from albumen.memories.reasons import time_between
from albumen.memories.titles import (
    clock,
    counted_days,
    counted_photos,
    counted_pictures,
    day_month,
    full_day,
    listed,
    month_year,
    weekday_day,
    years_ago,
    years_listed,
    years_spanned,
)
from albumen.testing.memories import a_memorable

DAY = date(2025, 6, 12)


@pytest.mark.parametrize(
    ("locale", "short", "full", "weekday"),
    [
        ("en_GB", "12 June", "12 June 2025", "Thursday, 12 June"),
        ("en_US", "June 12", "June 12, 2025", "Thursday, June 12"),
        ("en-US", "June 12", "June 12, 2025", "Thursday, June 12"),
        ("en_US.UTF-8", "June 12", "June 12, 2025", "Thursday, June 12"),
        ("en", "12 June", "12 June 2025", "Thursday, 12 June"),
        ("de", "12. Juni", "12. Juni 2025", "Donnerstag, 12. Juni"),
        ("de_AT", "12. Juni", "12. Juni 2025", "Donnerstag, 12. Juni"),
        ("fr", "12 juin", "12 juin 2025", "Jeudi 12 juin"),
        ("hr_HR", "12. lipnja", "12. lipnja 2025.", "Četvrtak, 12. lipnja"),
    ],
)
def test_days_are_written_as_the_locale_does(locale, short, full, weekday):
    assert (day_month(DAY, locale), full_day(DAY, locale), weekday_day(DAY, locale)) == (short, full, weekday)


@pytest.mark.parametrize("locale", ["", "C", "xx", "tlh", "es_ES", "no such locale", "../../etc/passwd", "de\n"])
def test_a_language_we_do_not_speak_is_english(locale):
    assert full_day(DAY, locale) == full_day(DAY, "en_GB")
    assert counted_days(4, locale) == "4 days"


def test_months_stand_alone_and_in_dates_each_in_its_case():
    assert [month_year(DAY, locale) for locale in ("en_US", "de", "fr", "hr")] == [
        "June 2025", "Juni 2025", "Juin 2025", "Lipanj 2025.",
    ]  # fmt: skip


def test_times_count_twelve_or_twenty_four_hours():
    moments = [datetime(2025, 1, 1, hour, 5) for hour in (0, 9, 12, 16)]
    assert [clock(each, "en_GB") for each in moments] == ["00:05", "09:05", "12:05", "16:05"]
    twelve = ["12:05 AM", "9:05 AM", "12:05 PM", "4:05 PM"]
    assert [clock(each, "en_US").replace("\u202f", " ") for each in moments] == twelve


def test_years_are_listed_while_they_can_be_read():
    assert years_listed([2025], "en") == "2025"
    assert years_listed([2022, 2023, 2025], "en") == "2022, 2023 and 2025"
    assert years_listed([2022, 2023, 2025], "hr") == "2022., 2023. i 2025."
    assert years_listed(list(range(1998, 2008)), "en") == "10 years from 1998 to 2007"
    assert years_listed(list(range(1998, 2008)), "de") == "10 Jahre von 1998 bis 2007"
    assert [years_spanned([2016, 2023], locale) for locale in ("en", "fr", "hr")] == [
        "2016 to 2023", "2016 à 2023", "2016. do 2023.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", ["0 days", "1 day", "2 days", "5 days", "11 days", "21 days", "1,234 days"]),
        ("de", ["0 Tage", "1 Tag", "2 Tage", "5 Tage", "11 Tage", "21 Tage", "1.234 Tage"]),
        ("fr", ["0 jour", "1 jour", "2 jours", "5 jours", "11 jours", "21 jours", "1\u202f234 jours"]),
        ("hr", ["0 dana", "1 dan", "2 dana", "5 dana", "11 dana", "21 dan", "1.234 dana"]),
    ],
)
def test_counts_have_the_forms_of_the_language(locale, told):
    assert [counted_days(number, locale) for number in (0, 1, 2, 5, 11, 21, 1234)] == told


def test_croatian_has_three_forms():
    counted = [counted_photos(number, "hr").split()[1] for number in (1, 3, 5, 12, 14, 21, 24, 25, 101, 112)]
    assert counted == [
        "fotografija", "fotografije", "fotografija", "fotografija", "fotografija",
        "fotografija", "fotografije", "fotografija", "fotografija", "fotografija",
    ]  # fmt: skip
    assert [years_ago(number, "hr") for number in (1, 2, 5, 21, 22)] == [
        "prije godinu dana", "prije 2 godine", "prije 5 godina", "prije 21 godinu", "prije 22 godine",
    ]  # fmt: skip


def test_pictures_are_counted_by_what_they_are():
    photos = [a_memorable(n, datetime(2025, 1, 1, n)) for n in range(2)]
    film = a_memorable(9, datetime(2025, 1, 2), is_video=True)
    assert counted_pictures([*photos, film], "en") == "2 photos and 1 video"
    assert counted_pictures([*photos, film], "hr") == "2 fotografije i 1 videozapis"
    assert counted_pictures([film], "fr") == "1 vidéo"
    assert listed(["a", "b", "c"], "en_US") == "a, b, and c"


def test_years_ago_and_stretches_of_time():
    assert [years_ago(1, "en"), years_ago(18, "en")] == ["a year ago", "18 years ago"]
    assert [years_ago(1, "de"), years_ago(18, "fr")] == ["vor einem Jahr", "il y a 18 ans"]
    stretches = [time_between(each) for each in (5, 60, 59 * 60 + 50, 3 * 3600, 2 * 86400)]
    assert stretches == ["seconds", "1 minute", "1 hour", "3 hours", "2 days"]
