"""Lists of MAXI/GSC events, as its archive has them: photons with time, energy and position.

Layout: a table EVENTS with the columns TIME [s since MJDREF], PI (1 keV is 20), RA and DEC [deg];
one file for a day and a tile of the sky.  Between FK5, in which positions are, and ICRS there is
less than 0.1 arcsec, a thousandth of a pixel of ours.

References
----------
MAXI archive 1.1, HEASARC 2018; https://data.darts.isas.jaxa.jp/pub/maxi/mxdata/
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.maxi_flare.flux import BAND_KEV
from pipeline.errors import ConfigurationError, DecodeError
from pipeline.fits import unpacked
from pipeline.times import from_mjd_tai, from_mjd_utc, from_tt

__all__ = ["PI_PER_KEV", "Events", "is_event_list", "read_event_lists"]

PI_PER_KEV = 20
"""Channels of PI to a keV. MAXI archive 1.1."""

_PI = tuple(round(PI_PER_KEV * energy) for energy in BAND_KEV)

_COLUMNS = ("TIME", "PI", "RA", "DEC")


class Events(NamedTuple):
    """Events in the order of time; each column has the shape ``(events,)``."""

    us: npt.NDArray[np.float64]
    """On our clock, with what is less than a microsecond cut off [µs UTC]."""

    ra_deg: npt.NDArray[np.float64]
    dec_deg: npt.NDArray[np.float64]


def is_event_list(data: bytes) -> bool:
    """Whether a FITS file, gzipped or not, has a table EVENTS.

    Raises
    ------
    DecodeError
        If it is no FITS file, or damaged.
    """
    from pipeline.fits_by_astropy import has_hdu  # slow to import

    return has_hdu(unpacked(data), "EVENTS")


def read_event_lists(paths: Sequence[Path]) -> tuple[Events, bool]:
    """Return the events in 2-20 keV of files together, and whether any are simulated.

    Raises
    ------
    ConfigurationError
        If a file is no list of GSC events.
    OSError
        If a file cannot be read.
    """
    tables = [_read_table(path) for path in paths]
    us, ra, dec = (np.concatenate(column) for column in zip(*(t for t, _ in tables), strict=True))
    order = np.argsort(us, kind="stable")
    return Events(us[order], ra[order], dec[order]), any(simulated for _, simulated in tables)


def _read_table(path: Path) -> tuple[Events, bool]:
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
    return Events(us, ra[kept], dec[kept]), "simulated" in str(header.get("CREATOR", ""))


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
    scale = str(header.get("TIMESYS"))
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
