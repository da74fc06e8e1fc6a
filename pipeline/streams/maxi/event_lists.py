"""Lists of MAXI/GSC events, as its archive has them, to one-orbit images of one position.

Layout: a table EVENTS with the columns TIME [s since MJDREF], PI (1 keV is 20), RA and DEC [deg];
one file for a day and a tile of the sky.  A tile is 7.3 deg wide and a picture 8.3 deg, so all
tiles that the picture touches have to be named together.  Between FK5, in which events are, and
ICRS there is less than 0.1 arcsec, a thousandth of a pixel.

References
----------
MAXI archive 1.1, HEASARC 2018; https://data.darts.isas.jaxa.jp/pub/maxi/mxdata/
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.maxi_flare.flux import BAND_KEV
from models.maxi_flare.render import FIELD
from models.maxi_flare.sky import DEG_PER_PIXEL
from pipeline.errors import ConfigurationError, DecodeError
from pipeline.fits import unpacked
from pipeline.streams.maxi.message import EXPOSURES_CM2_S, SIMULATED, Image, write_message
from pipeline.times import from_mjd_tai, from_mjd_utc, from_tt, mjd_utc

__all__ = ["PI_PER_KEV", "RADIUS_DEG", "Field", "field_wcs", "read_field"]

PI_PER_KEV = 20
"""Channels of PI to a keV. MAXI archive 1.1."""

RADIUS_DEG = 6.5
"""Makes a transit the 245 s of the one public image: GSC scans 0.065 deg/s and sees 3 deg at once."""

_RADII_DEG = (1.5, 30.0)
"""Less than the collimator's half width selects no transit, and more joins those of one orbit [deg]."""

_GAP_S = 300.0
"""A pause that ends a transit [s]: the second camera comes 21.5 min later, the next orbit 92 min."""

_REACH_DEG = max(RADIUS_DEG, FIELD * DEG_PER_PIXEL / math.sqrt(2))
"""Events of a picture lie within this of its middle [deg]."""

_PI = tuple(round(PI_PER_KEV * energy) for energy in BAND_KEV)

_COLUMNS = ("TIME", "PI", "RA", "DEC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Of what position images are made.

    Raises
    ------
    ConfigurationError
        If a number is out of bounds.
    """

    ra_deg: float
    """Right ascension, ICRS [deg]."""

    dec_deg: float
    """Declination, ICRS [deg]."""

    radius_deg: float = RADIUS_DEG
    """Events within this of the position tell the transits apart [deg]."""

    exposure_cm2_s: float | None = None
    """Effective area, integrated over a transit [cm2 s], where it is known."""

    def __post_init__(self) -> None:
        exposure = EXPOSURES_CM2_S[0] if self.exposure_cm2_s is None else self.exposure_cm2_s
        for name, value, (low, high), unit in (
            ("--ra", self.ra_deg, (0.0, 360.0), "deg"),
            ("--dec", self.dec_deg, (-90.0, 90.0), "deg"),
            ("--radius", self.radius_deg, _RADII_DEG, "deg"),
            ("--exposure", exposure, EXPOSURES_CM2_S, "cm2 s"),
        ):
            if not low <= value <= high:
                raise ConfigurationError(
                    f"{name} is {value:g} {unit}, and should be from {low:g} to {high:g}"
                )


class _Events(NamedTuple):
    """Events in the order of time; each column has the shape ``(events,)``."""

    us: npt.NDArray[np.float64]
    """On our clock, with what is less than a microsecond cut off [µs UTC]."""

    ra_deg: npt.NDArray[np.float64]
    dec_deg: npt.NDArray[np.float64]


def read_field(paths: Sequence[Path], field: Field) -> Iterator[bytes]:
    """Yield a message for each transit of a position, made of the events of all files together.

    Raises
    ------
    ConfigurationError
        If a file is no list of GSC events, or no event lies near the position.
    OSError
        If a file cannot be read.
    """
    tables = [_read_table(path) for path in paths]
    survey = SIMULATED if any(simulated for _, simulated in tables) else "maxi"
    events = _in_order([table for table, _ in tables])
    distance_deg = _distances_deg(events, field)
    near = np.flatnonzero(distance_deg <= field.radius_deg)
    if not near.size:
        names = ", ".join(str(path) for path in paths)
        raise ConfigurationError(
            f"no event of {BAND_KEV[0]:g} to {BAND_KEV[1]:g} keV in {names} lies within "
            f"{field.radius_deg:g} deg of RA {field.ra_deg:g}, Dec {field.dec_deg:g}"
        )
    pauses = np.flatnonzero(np.diff(events.us[near]) > _GAP_S * 1e6)
    for first, last in zip(
        near[np.append(0, pauses + 1)], near[np.append(pauses, -1)], strict=True
    ):
        during = slice(first, last + 1)
        seen = distance_deg[during] <= _REACH_DEG
        transit = _Events(*(column[during][seen] for column in events))
        yield write_message(_image(transit, field, survey))


def field_wcs(ra_deg: float, dec_deg: float) -> Any:
    """Return the coordinates of a picture, north up and east left, as `astropy.wcs.WCS`."""
    from astropy.wcs import WCS  # slow to import

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = ra_deg, dec_deg
    wcs.wcs.crpix = ((FIELD + 1) / 2,) * 2
    wcs.wcs.cdelt = -DEG_PER_PIXEL, DEG_PER_PIXEL
    return wcs


def _image(transit: _Events, field: Field, survey: str) -> Image:
    """Count the events of a transit in the pixels of a picture."""
    x, y = field_wcs(field.ra_deg, field.dec_deg).world_to_pixel_values(
        transit.ra_deg, transit.dec_deg
    )
    bounds = np.arange(FIELD + 1) - 0.5
    counts, *_ = np.histogram2d(y, x, (bounds, bounds))
    start, stop = (mjd_utc(1000 * int(transit.us[end])) for end in (0, -1))
    return Image(
        survey=survey,
        image_id=f"{field.ra_deg:.4f}{field.dec_deg:+.4f}_{start:.6f}",
        image=counts.astype("<u4"),
        format="raw",
        quantity="counts",
        ra_deg=field.ra_deg,
        dec_deg=field.dec_deg,
        pixel_deg=DEG_PER_PIXEL,
        start_mjd_utc=start,
        stop_mjd_utc=stop,
        band_kev=BAND_KEV,
        exposure_cm2_s=field.exposure_cm2_s,
    )


def _distances_deg(events: _Events, field: Field) -> npt.NDArray[np.float64]:
    from astropy.coordinates import angular_separation

    here = np.radians((field.ra_deg, field.dec_deg))
    there = np.radians(events.ra_deg), np.radians(events.dec_deg)
    return np.asarray(np.degrees(angular_separation(*here, *there)), np.float64)


def _in_order(tables: Sequence[_Events]) -> _Events:
    us, ra, dec = (np.concatenate(column) for column in zip(*tables, strict=True))
    order = np.argsort(us, kind="stable")
    return _Events(us[order], ra[order], dec[order])


def _read_table(path: Path) -> tuple[_Events, bool]:
    """Return the events of a file in the band, and whether they are simulated."""
    try:
        header, (time, pi, ra, dec) = _open_table(path.read_bytes())
    except DecodeError as error:
        raise ConfigurationError(
            f"--ra and --dec are for lists of events, and {path} is none: {error}"
        ) from error
    if header.get("INSTRUME") != "GSC":
        raise ConfigurationError(f"{path} is of {header.get('INSTRUME')!r}, and we know GSC")
    lost = int(np.count_nonzero(~np.isfinite(time + ra + dec)))
    if lost:
        raise ConfigurationError(
            f"{lost} of the {len(time)} events of {path} have no time or position"
        )
    kept = (pi >= _PI[0]) & (pi <= _PI[1])
    us = _clock_us(path, header, time[kept])
    return _Events(us, ra[kept], dec[kept]), "simulated" in str(header.get("CREATOR", ""))


def _open_table(data: bytes) -> tuple[dict[str, Any], list[npt.NDArray[np.float64]]]:
    """Return the header of the table EVENTS of a file, and the columns that we need."""
    from pipeline.fits_by_astropy import has_hdu, opened

    data = unpacked(data)
    if not has_hdu(data, "EVENTS"):
        raise DecodeError("it has no table EVENTS")
    with opened(data) as hdus:
        header, table = dict(hdus["EVENTS"].header), hdus["EVENTS"].data
        names = table.dtype.names or ()
        columns = [np.asarray(table[name], np.float64) for name in _COLUMNS if name in names]
    if len(columns) < len(_COLUMNS):
        missing = ", ".join(name for name in _COLUMNS if name not in names)
        raise DecodeError(f"its table EVENTS has no column {missing}")
    return header, columns


def _clock_us(
    path: Path, header: dict[str, Any], time_s: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the times of a table on our clock [µs UTC].

    All by the conversion of the first: there is no leap second within a table.
    """
    if not time_s.size:
        return time_s
    reference = header.get("MJDREFI", 0) + header.get("MJDREFF", 0.0)
    first = float(time_s.min()) + header.get("TIMEZERO", 0.0)
    scale = header.get("TIMESYS")
    if scale not in _CLOCKS:
        raise ConfigurationError(f"the times of {path} are in {scale!r}; we know UTC, TAI and TT")
    try:
        first_us = _CLOCKS[scale](reference, first)
    except ValueError as error:
        raise ConfigurationError(f"the times of {path} cannot be true: {error}") from error
    us: npt.NDArray[np.float64] = np.floor(first_us + (time_s - time_s.min()) * 1e6)
    return us


_CLOCKS: Mapping[str, Callable[[float, float], int]] = {
    "UTC": lambda mjd, seconds: from_mjd_utc(mjd + seconds / 86_400),
    "TAI": lambda mjd, seconds: from_mjd_tai(mjd + seconds / 86_400),
    "TT": from_tt,
}
"""Time scale to what makes of a reference and seconds after it our clock [µs UTC]."""
