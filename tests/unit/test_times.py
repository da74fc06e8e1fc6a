from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline import times
from pipeline.core import EventTime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAP_DAYS = {2016: 57753, 2015: 57203, 2012: 56108}
"""MJD of days that had a leap second at their end."""

mjds = st.floats(41500, 61500)  # astropy warns of the years that its table does not reach


def by_astropy(time):
    return (time.utc.to_datetime(timezone=UTC) - EPOCH) / timedelta(microseconds=1)


def has_leap_second(mjd):
    import erfa

    table = erfa.leap_seconds.get()
    starts = Time([f"{row['year']:04}-{row['month']:02}-01" for row in table], scale="utc").mjd
    return int(mjd) + 1 in starts


@given(mjds.filter(lambda mjd: not has_leap_second(mjd)))
def test_utc_dates_are_as_astropy_has_them(mjd):
    jd = mjd + 2400000.5

    assert abs(times.from_mjd_utc(mjd) - by_astropy(Time(mjd, format="mjd", scale="utc"))) <= 1
    assert abs(times.from_jd_utc(jd) - by_astropy(Time(jd, format="jd", scale="utc"))) <= 1


@given(mjds)
@example(57754.0)
@example(57753.99)
def test_tai_dates_are_as_astropy_has_them(mjd):
    assert abs(times.from_mjd_tai(mjd) - by_astropy(Time(mjd, format="mjd", scale="tai"))) <= 1


@given(st.floats(1e7, 1.46e9))
@example(1126259462.42)
def test_gps_times_are_as_astropy_has_them(seconds):
    assert abs(times.from_gps(seconds) - by_astropy(Time(seconds, format="gps"))) <= 1


def test_a_leap_second_has_the_number_of_the_one_that_follows():
    before = 1167264015  # GPS, 2016-12-31T23:59:58
    seconds = [times.from_gps(before + i) // 1_000_000 for i in range(4)]

    assert np.diff(seconds).tolist() == [1, 1, 0]


@pytest.mark.parametrize("value", [1480360995.0, -1.0, 0.0, 41316.9, 88069.0, np.nan, np.inf])
@pytest.mark.parametrize("convert", [times.from_mjd_utc, times.from_mjd_tai])
def test_a_date_that_cannot_be_is_named(convert, value):
    with pytest.raises(ValueError, match=str(value)):
        convert(value)


@pytest.mark.parametrize("value", [0.0, -1e18, 1e12, np.nan])
def test_a_gps_time_that_cannot_be_is_named(value):
    with pytest.raises(ValueError, match="GPS time"):
        times.from_gps(value - 1e9 if value == 0 else value)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (EventTime(2440587.5 + 18262, "jd", "utc", ""), "2020-01-01T00:00:00.000000Z"),
        (EventTime(58849.0, "mjd", "utc", ""), "2020-01-01T00:00:00.000000Z"),
        (EventTime(58849.0, "mjd", "tai", ""), "2019-12-31T23:59:23.000000Z"),
        (EventTime(1261872018.0, "gps", "tai", ""), "2020-01-01T00:00:00.000000Z"),
    ],
)
def test_the_time_of_an_event_is_converted_by_its_format_and_scale(time, expected):
    assert times.iso_utc(times.to_us(time)) == expected


def test_a_format_that_goes_with_another_scale_is_an_error():
    with pytest.raises(ValueError, match="jd in tai"):
        times.to_us(EventTime(2458849.5, "jd", "tai", ""))


def test_an_impossible_time_of_an_event_is_unknown():
    assert times.survey_us(EventTime(1480360995.0, "mjd", "tai", "")) is None
