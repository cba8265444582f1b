"""Dates in the names that phones and programs give."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from albumen.media.metadata.bursts import burst_of_name
from albumen.media.metadata.file_name_dates import read_file_name

MOMENTS = st.datetimes(min_value=datetime(2001, 10, 1), max_value=datetime(2032, 12, 31)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
LOCAL = (
    "IMG_{0:%Y%m%d_%H%M%S}.jpg",
    "IMG{0:%Y%m%d%H%M%S}.jpg",
    "{0:%Y%m%d_%H%M%S}_HDR.jpg",
    "Screenshot_{0:%Y%m%d-%H%M%S}.png",
    "Screenshot_{0:%Y-%m-%d-%H-%M-%S}_com.app.png",
    "Screenshot {0:%Y-%m-%d %H%M%S}.png",
    "Screen Shot {0:%Y-%m-%d} at {0:%I.%M.%S}\u202f{0:%p}.png",
    "Screen Shot {0:%Y-%m-%d} at {0.hour}.{0:%M.%S} (2).png",
    "Bildschirmfoto {0:%Y-%m-%d} um {0:%H.%M.%S}.png",
    "Capture d’écran {0:%Y-%m-%d} à {0:%H.%M.%S}.png",
    "Captura de pantalla {0:%Y-%m-%d} a la(s) {0:%H.%M.%S}.png",
    "Снимок экрана {0:%Y-%m-%d} в {0:%H.%M.%S}.png",
    "WhatsApp Image {0:%Y-%m-%d} at {0:%H.%M.%S}.jpeg",
    "WhatsApp Image {0:%Y-%m-%d} at {0:%I.%M.%S %p} (1).jpeg",
    "signal-{0:%Y-%m-%d-%H%M%S}.jpg",
    "{0:%Y-%m-%d %H.%M.%S}-1.jpg",
    "photo_{0:%Y-%m-%d_%H-%M-%S}.jpg",
    "Photo {0:%b %d}, {0:%Y}, {0:%I %M %S %p}.jpg",
    "WIN_{0:%Y%m%d_%H_%M_%S}_Pro.jpg",
    "2010/old/DJI_{0:%Y%m%d%H%M%S}_0001_D.JPG",
)
UTC_NAMES = (
    "PXL_{0:%Y%m%d_%H%M%S}{1:03}.MP.jpg",
    "{0:%Y%m%d_%H%M%S}{1:03}_iOS.heic",
    "{0:%Y-%m-%dT%H_%M_%S}.{1:03}Z.png",
)


@given(MOMENTS, st.sampled_from(LOCAL))
def test_local_time_comes_back_from_a_name(moment: datetime, name: str) -> None:
    named = read_file_name(name.format(moment))
    assert named is not None
    assert (named.moment.local, named.utc) == (moment.replace(microsecond=0), False)


@given(MOMENTS, st.sampled_from(UTC_NAMES))
def test_utc_comes_back_from_the_names_that_hold_it(moment: datetime, name: str) -> None:
    named = read_file_name(name.format(moment, moment.microsecond // 1000))
    assert named is not None
    assert (named.moment.local, named.utc) == (moment, True)


@given(MOMENTS, st.sampled_from(["{}.jpg", "FB_IMG_{}.jpg", "mmexport{}.jpg", "IMG_{}.jpg"]))
def test_epochs_come_back_in_seconds_and_milliseconds(moment: datetime, name: str) -> None:
    milliseconds = round((moment - datetime(1970, 1, 1)).total_seconds() * 1000)
    fine, coarse = read_file_name(name.format(milliseconds)), read_file_name(name.format(milliseconds // 1000))
    assert fine is not None
    assert coarse is not None
    assert (fine.moment.local, fine.utc) == (moment, True)
    assert (coarse.moment.local, coarse.utc) == (moment.replace(microsecond=0), True)


@pytest.mark.parametrize(
    "name", ["IMG-20210503-WA0001.jpg", "2021-05-03 party.jpg", "20210503.tif", "WP_20210503_003.jpg"]
)
def test_a_day_alone_has_no_time(name: str) -> None:
    named = read_file_name(name)
    assert named is not None
    assert (named.moment.local.date(), named.moment.has_time) == (datetime(2021, 5, 3).date(), False)


@pytest.mark.parametrize(
    "name",
    [
        "DSC_0001.jpg",
        "received_1234567890123456.jpeg",
        "Photo 02-01-2020, 15 04 05.jpg",
        "IMG_20200231_101112.jpg",
        "1.jpg",
    ],
)
def test_numbers_that_may_mean_anything_are_no_date(name: str) -> None:
    assert read_file_name(name) is None


def test_a_name_is_the_least_of_the_sources_it_comes_before(read, photo) -> None:
    found = read(photo(), "IMG_20190824_101112.jpg")
    assert (found.taken_source, found.taken_confidence) == ("file_name", "low")
    assert (
        read(photo(photo=[(0x9004, 2, b"2009:01:02 03:04:05\0")]), "IMG_20190824_101112.jpg").taken_source
        == "exif:CreateDate"
    )


@pytest.mark.parametrize(
    ("name", "burst"),
    [
        ("20180101_120000_Burst01.jpg", "20180101_120000"),
        ("IMG_20150515_120000_BURST001_COVER.jpg", "IMG_20150515_120000"),
        ("x/00100dPORTRAIT_00100_BURST20180311123456789_COVER.jpg", "BURST20180311123456789"),
        ("DSC_0001_BURST20190105120000123.JPG", "BURST20190105120000123"),
        ("IMG_20150515_120000.jpg", None),
        ("burst of joy 2015.jpg", None),
    ],
)
def test_a_burst_is_known_by_its_name(name: str, burst: str | None) -> None:
    assert burst_of_name(name) == burst
