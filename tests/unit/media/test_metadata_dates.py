"""Dates, offsets, zones and names: what is read, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumen.media.metadata.dates import (
    ImpossibleDate,
    Moment,
    iso_local,
    iso_utc,
    parse_moment,
    parse_offset,
    refusal,
    with_fraction,
)
from albumen.media.metadata.file_name_dates import read_file_name
from albumen.media.metadata.zones import offset_of_instant, offset_of_local, zone_at

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(1826, 1, 1), max_value=datetime(2100, 1, 1)))
def test_a_date_survives_being_written_as_exif(moment):
    second = moment.replace(microsecond=0)
    assert parse_moment(f"{second:%Y:%m:%d %H:%M:%S}") == Moment(second)


@given(st.datetimes(min_value=datetime(1000, 1, 1)), st.integers(-48, 56))
def test_a_date_with_offset_survives_iso_8601(moment, quarters):
    minutes = quarters * 15
    sign = "-" if minutes < 0 else "+"
    text = f"{moment.isoformat()}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    assert parse_moment(text) == Moment(moment, minutes)


@given(st.integers(-48, 56))
def test_offsets_in_use_are_read_in_both_spellings(quarters):
    minutes = quarters * 15
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    assert parse_offset(f"{sign}{hours:02}:{rest:02}") == parse_offset(f" {sign}{hours:02}{rest:02} ") == minutes


@pytest.mark.parametrize("text", ["", "+25:00", "+02:07", "-13:00", "02:00", "+2:99", "abc", "+", "\0"])
def test_offsets_never_in_use_are_none(text):
    assert parse_offset(text) is None


@given(st.text(max_size=40))
def test_no_text_makes_parsing_fail_otherwise_than_as_impossible(text):
    with suppress(ImpossibleDate):
        parse_moment(text)
    parse_offset(text)
    with_fraction(datetime(2020, 1, 1), text)
    read_file_name(text)


@pytest.mark.parametrize(
    "text", ["0000:00:00 00:00:00", "2020:13:01 00:00:00", "2021:02:29 10:00:00", "2020:01:01 25:00:00"]
)
def test_zero_dates_and_days_no_calendar_has_are_impossible(text):
    with pytest.raises(ImpossibleDate):
        parse_moment(text)


@pytest.mark.parametrize("text", ["", "    :  :     :  :  ", "yesterday", "\0\0"])
def test_blanks_are_no_date(text):
    assert parse_moment(text) is None


def test_a_bare_date_stands_at_noon_and_says_so():
    assert parse_moment("2010:07:01") == Moment(datetime(2010, 7, 1, 12), None, has_time=False)


@pytest.mark.parametrize(
    ("digits", "microsecond"), [("123", 123000), ("5 ", 500000), ("0", 0), ("1234567", 123456), ("x", 0), (None, 0)]
)
def test_sub_seconds_are_a_decimal_fraction(digits, microsecond):
    assert with_fraction(datetime(2020, 1, 1), digits).microsecond == microsecond


def test_dates_before_photography_and_in_the_future_are_refused():
    assert refusal(Moment(datetime(1825, 12, 31)), NOW) is not None
    assert refusal(Moment(datetime(1826, 1, 1)), NOW) is None
    assert refusal(Moment(datetime(2026, 6, 2), 0), NOW) is None
    assert refusal(Moment(datetime(2026, 6, 2, 0, 1), 0), NOW) is not None
    assert refusal(Moment(datetime(2026, 6, 2, 13)), NOW) is None, "it may have been taken far in the east"


def test_iso_carries_only_the_sub_seconds_there_are():
    assert iso_local(datetime(2010, 7, 1, 12)) == "2010-07-01T12:00:00"
    assert iso_utc(datetime(2010, 7, 1, 12, 0, 0, 123000), 120) == "2010-07-01T10:00:00.123Z"


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("IMG_20200131_120001.jpg", datetime(2020, 1, 31, 12, 0, 1)),
        ("2010/x/20200131120001.jpg", datetime(2020, 1, 31, 12, 0, 1)),
        ("Screenshot 2020-01-31 at 12.00.01.png", datetime(2020, 1, 31, 12, 0, 1)),
        ("Screenshot_20200131-120001_Maps.jpg", datetime(2020, 1, 31, 12, 0, 1)),
        ("2020-01-31 12.00.01.jpg", datetime(2020, 1, 31, 12, 0, 1)),
        ("signal-2020-01-31-120001.jpg", datetime(2020, 1, 31, 12, 0, 1)),
    ],
)
def test_names_of_phones_and_programs_give_local_time(name, local):
    named = read_file_name(name)
    assert named is not None
    assert (named.moment.local, named.utc) == (local, False)


def test_a_pixel_name_and_an_epoch_are_utc():
    pixel = read_file_name("PXL_20231006_205351724.jpg")
    assert pixel is not None
    assert (pixel.moment.local, pixel.utc) == (datetime(2023, 10, 6, 20, 53, 51, 724000), True)
    epoch = read_file_name("FB_IMG_1530000000123.jpg")
    assert epoch is not None
    assert (epoch.moment.local, epoch.utc) == (datetime(2018, 6, 26, 8, 0, 0, 123000), True)


def test_a_message_app_name_gives_the_day_alone():
    named = read_file_name("IMG-20200131-WA0007.jpg")
    assert named is not None
    assert not named.moment.has_time


@pytest.mark.parametrize(
    "name", ["DSC_0001.jpg", "12345678.jpg", "20201341.jpg", "1234567890123456.jpg", "20200231.jpg"]
)
def test_numbers_that_are_no_date_are_left_alone(name):
    assert read_file_name(name) is None


def test_a_place_has_a_zone_also_at_sea():
    assert zone_at(45.27, 13.71) == "Europe/Zagreb"
    assert zone_at(-40.0, -150.0) == "Etc/GMT+10"


def test_an_hour_that_came_twice_is_uncertain_unless_the_fix_decides():
    twice = datetime(2020, 10, 25, 2, 30)
    assert offset_of_local(twice, "Europe/Berlin") == offset_of_local(twice, "Europe/Berlin", None)
    first = offset_of_local(twice, "Europe/Berlin")
    assert (first.minutes, first.certain) == (120, False)
    second = offset_of_local(twice, "Europe/Berlin", datetime(2020, 10, 25, 1, 29, tzinfo=UTC))
    assert (second.minutes, second.certain) == (60, True)


def test_an_hour_that_never_was_is_uncertain_and_keeps_the_old_offset():
    never = offset_of_local(datetime(2020, 3, 29, 2, 30), "Europe/Berlin")
    assert (never.minutes, never.certain) == (60, False)


@given(
    st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2035, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_instants_go_to_local_time_and_back(instant, zone):
    instant = instant.replace(tzinfo=UTC)
    minutes = offset_of_instant(instant, zone)
    local = (instant + timedelta(minutes=minutes)).replace(tzinfo=None)
    found = offset_of_local(local, zone, instant)
    assert found.minutes == minutes or not found.certain
