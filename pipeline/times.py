"""Convert between the clocks of surveys and ours.  Nothing else in the project does.

Ours counts microseconds since 1970-01-01 UTC, as Kafka and the operating system do: a day has
86,400 seconds, and a leap second has the number of the second that follows it.

===========  ==========================================================================
UTC          ZTF's ``jd``, native HiTS; pulses, in nanoseconds since 1970
TAI          Rubin's ``midpointMjdTai``; 37 s ahead of UTC since 2017
TT           MAXI's events, in seconds since a date; always 32.184 s ahead of TAI
GPS          gravitational waves; seconds since 1980-01-06, always 19 s behind TAI
===========  ==========================================================================

The leap seconds are those of the installed ERFA, which astropy uses too.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache

from pipeline.core import EventTime

__all__ = [
    "from_gps",
    "from_jd_utc",
    "from_mjd_tai",
    "from_mjd_utc",
    "from_tt",
    "from_unix_ns",
    "iso_utc",
    "mjd_utc",
    "survey_us",
    "to_us",
]

_UNIX_JD = 2440587.5
_UNIX_MJD = 40587.0
_GPS_TAI_S = 315_964_819
"""The GPS epoch, 1980-01-06 UTC, as seconds since 1970 of a TAI clock: 19 s ahead then."""

_TT_TAI_S = 32.184
"""What TT is ahead of TAI [s]. IAU 1991 recommendation IV."""

_DAY_S = 86_400
_DAY_US = 86_400_000_000
_DAY_NS = 86_400_000_000_000
_SECOND_US = 1_000_000

_FIRST_US = 63_072_000 * _SECOND_US
"""1972-01-01, when UTC began to differ from TAI by whole seconds [µs UTC]."""

_LAST_US = 4_102_444_800 * _SECOND_US
"""2100-01-01 [µs UTC]."""

_FIRST_YEAR = 1972
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(time: EventTime) -> int:
    """Return the time of an event on our clock [µs UTC].

    Raises
    ------
    ValueError
        If it lies outside the years 1972 to 2099, or its format and scale do not go together.
    """
    match time.format, time.scale:
        case "jd", "utc":
            return from_jd_utc(time.value)
        case "mjd", "utc":
            return from_mjd_utc(time.value)
        case "mjd", "tai":
            return from_mjd_tai(time.value)
        case "gps", "tai":
            return from_gps(time.value)
    raise ValueError(f"no conversion from {time.format} in {time.scale}")


def survey_us(time: EventTime) -> int | None:
    """Return the time of an event on our clock [µs UTC], or None if it cannot be true.

    Rubin's test packets have a ``midpointMjdTai`` of 1480360995.  The event keeps such
    digits, and is no worse for them; only its latency is unknown.
    """
    try:
        return to_us(time)
    except ValueError:
        return None


def from_jd_utc(jd: float) -> int:
    """Return a Julian Date [d, UTC] on our clock [µs UTC].

    A double of it is good to 40 µs.

    >>> iso_utc(from_jd_utc(2458493.7606134))
    '2019-01-10T06:15:16.997762Z'
    """
    return _plausible((jd - _UNIX_JD) * _DAY_US, "Julian Date", jd)


def from_mjd_utc(mjd: float) -> int:
    """Return a Modified Julian Date [d, UTC] on our clock [µs UTC]."""
    return _plausible((mjd - _UNIX_MJD) * _DAY_US, "Modified Julian Date", mjd)


def from_mjd_tai(mjd: float) -> int:
    """Return a Modified Julian Date [d, TAI] on our clock [µs UTC].

    >>> from_mjd_utc(61041.5) - from_mjd_tai(61041.5)
    37000000
    """
    return _from_tai(_plausible((mjd - _UNIX_MJD) * _DAY_US, "Modified Julian Date", mjd))


def from_gps(seconds: float) -> int:
    """Return a GPS time [s] on our clock [µs UTC].

    >>> iso_utc(from_gps(1126259462.42))
    '2015-09-14T09:50:45.420000Z'
    """
    return _from_tai(_plausible((seconds + _GPS_TAI_S) * _SECOND_US, "GPS time", seconds))


def from_tt(reference_mjd: float, seconds: float) -> int:
    """Return seconds since a Modified Julian Date, both in TT, on our clock [µs UTC].

    >>> iso_utc(from_tt(51544 + 0.00074287037037037, 0))
    '2000-01-01T00:00:00.000000Z'
    """
    us = (reference_mjd - _UNIX_MJD) * _DAY_US + (seconds - _TT_TAI_S) * _SECOND_US
    return _from_tai(_plausible(us, "TT", reference_mjd + seconds / _DAY_S))


def from_unix_ns(ns: int) -> int:
    """Return nanoseconds since 1970-01-01 UTC on our clock [µs UTC], those of a part cut off."""
    return _plausible(ns // 1000, "time in nanoseconds", ns)


def mjd_utc(ns: int) -> float:
    """Return nanoseconds since 1970-01-01 UTC as Modified Julian Date [d, UTC].

    A double of it is good to 0.4 µs: the nanoseconds themselves need 64 bits.

    >>> mjd_utc(1_767_182_400_000_000_000)
    61040.5
    """
    days, rest = divmod(ns, _DAY_NS)
    return _UNIX_MJD + days + rest / _DAY_NS


def iso_utc(us: int) -> str:
    """Return our clock [µs UTC] as ISO 8601.

    >>> iso_utc(0)
    '1970-01-01T00:00:00.000000Z'
    """
    moment = _EPOCH + timedelta(microseconds=us)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def _plausible(us: float, name: str, value: float) -> int:
    if not _FIRST_US <= us < _LAST_US:  # false for NaN too
        raise ValueError(f"{name} {value} lies outside the years 1972 to 2099")
    return round(us)


def _from_tai(tai_us: int) -> int:
    """Return microseconds of UTC for those of TAI since 1970-01-01 on its own clock."""
    starts, offsets = _leap_seconds()
    return tai_us - offsets[max(bisect_right(starts, tai_us) - 1, 0)]


@cache
def _leap_seconds() -> tuple[list[int], list[int]]:
    """Return when each TAI-UTC began, on the TAI clock, and its size; both in µs."""
    # It takes a while to load, and streams in UTC do not need it.
    import erfa

    table = [row for row in erfa.leap_seconds.get() if row["year"] >= _FIRST_YEAR]
    offsets = [round(row["tai_utc"]) * _SECOND_US for row in table]
    months = [datetime(row["year"], row["month"], 1, tzinfo=UTC) - _EPOCH for row in table]
    starts = [month // _MICROSECOND for month in months]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)], offsets
