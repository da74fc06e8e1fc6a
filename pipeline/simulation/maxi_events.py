"""Write simulated transits as a list of events, in the layout of MAXI's archive.

PRIMARY, EVENTS (TIME, PI, RA, DEC among its columns) and STDGTI, with the keywords of the archive
that say what the numbers mean.  Around the photons that make the pictures there is what a reader
has to leave out: events of other energies, and of the sky beyond the field.
"""

import csv
import gzip
import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.maxi_flare.flux import BAND_KEV
from models.maxi_flare.render import FIELD
from pipeline.simulation.maxi import TRANSIT_S, Transit, simulated_transits
from pipeline.simulation.packet import make_folder
from pipeline.streams.maxi.event_lists import PI_PER_KEV
from pipeline.streams.maxi.fields import field_wcs

__all__ = ["DEC_DEG", "RA_DEG", "event_list", "simulate_event_list"]

RA_DEG, DEC_DEG = 161.25, 58.0
"""Near the Lockman hole, where there is no bright source: what flares here is simulated [deg]."""

_MJDREF = 51544, 0.00074287037037037
"""Day and fraction of the archive's zero of time [d, TT]: 2000-01-01 00:00:00 UTC."""

_START_S = 820_454_405.0
"""2025-12-31 00:00:00 UTC in seconds of the archive: 5 leap seconds since its zero."""

_ORBIT_S = 92 * 60.0
_BEYOND_PIXEL = (77.0, 150.0)
"""Where the sky beyond the field is, from the middle; the corners are at 75 [pixel]."""

_PI_RANGE = (13, 1199)
"""Channels that the events of one real tile have."""


def simulate_event_list(count: int, seed: int, out: Path) -> Path:
    """Write an event list of so many transits, one in each orbit, and the truth in ``labels.csv``.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    """
    make_folder(out)
    transits = list(islice(simulated_transits(np.random.default_rng([seed])), count))
    file = out / "simulated_gsc_low.evt.gz"
    file.write_bytes(gzip.compress(event_list(transits, seed), mtime=0))
    with (out / "labels.csv").open("w", newline="") as labels:
        table = csv.writer(labels, lineterminator="\n")
        table.writerow(("file", "index", "label", "kind", "snr", "exposureCm2S"))
        for index, one in enumerate(transits):
            truth = one.label, one.kind, f"{one.snr:.3f}", f"{one.exposure_cm2_s:.2f}"
            table.writerow((file.name, index, *truth))
    return out


def event_list(transits: Sequence[Transit], seed: int) -> bytes:
    """Return the FITS file of transits of the field at `RA_DEG`, `DEC_DEG`, one in each orbit."""
    from astropy.io import fits

    rng = np.random.default_rng([seed, len(transits)])
    rows = [_events(rng, one, _START_S + number * _ORBIT_S) for number, one in enumerate(transits)]
    time, pi, ra, dec = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.argsort(time)
    columns = [
        fits.Column("TIME", "D", unit="s", array=time[order]),
        fits.Column("PI", "I", unit="chan", array=pi[order]),
        fits.Column("RA", "D", unit="deg", array=ra[order]),
        fits.Column("DEC", "D", unit="deg", array=dec[order]),
    ]
    starts = _START_S + _ORBIT_S * np.arange(len(transits))
    intervals = [
        fits.Column("START", "D", unit="s", array=starts),
        fits.Column("STOP", "D", unit="s", array=starts + TRANSIT_S),
    ]
    primary = fits.PrimaryHDU()
    tables = [
        fits.BinTableHDU.from_columns(columns, name="EVENTS"),
        fits.BinTableHDU.from_columns(intervals, name="STDGTI"),
    ]
    for unit in (primary, *tables):
        unit.header.update(_KEYWORDS)
    data = io.BytesIO()
    fits.HDUList([primary, *tables]).writeto(data)
    return data.getvalue()


_KEYWORDS = {
    "TELESCOP": "MAXI",
    "INSTRUME": "GSC",
    "CREATOR": "simulated by skytriage",
    "MJDREFI": _MJDREF[0],
    "MJDREFF": _MJDREF[1],
    "TIMESYS": "TT",
    "TIMEREF": "LOCAL",
    "TIMEUNIT": "s",
    "TIMEZERO": 0.0,
    "RADECSYS": "FK5",
    "EQUINOX": 2000.0,
    "RA_NOM": RA_DEG,
    "DEC_NOM": DEC_DEG,
}


def _events(
    rng: np.random.Generator, transit: Transit, start_s: float
) -> tuple[npt.NDArray[np.float64], ...]:
    """Return time, PI, RA and Dec of the events of one transit."""
    rows, columns = (np.repeat(axis, transit.photons.ravel()) for axis in _PIXELS)
    # Not at the border of a pixel, where rounding decides whose it is.
    near_x, near_y = (axis + rng.uniform(-0.4, 0.4, len(axis)) for axis in (columns, rows))
    near, far = _BEYOND_PIXEL
    distance = np.sqrt(rng.uniform(near**2, far**2, len(near_x)))
    angle = rng.uniform(0, 2 * np.pi, len(near_x))
    middle = (FIELD - 1) / 2
    x = np.concatenate([near_x, middle + distance * np.cos(angle)])
    y = np.concatenate([near_y, middle + distance * np.sin(angle)])
    ra, dec = field_wcs(RA_DEG, DEC_DEG).pixel_to_world_values(x, y)
    low, high = (round(PI_PER_KEV * energy) for energy in BAND_KEV)
    pi = rng.integers(low, high, len(ra), endpoint=True)
    # Every fourth position has one more event, of another energy.
    channels = np.setdiff1d(np.arange(_PI_RANGE[0], _PI_RANGE[1] + 1), np.arange(low, high + 1))
    others = rng.choice(channels, len(ra[::4]))
    time = rng.uniform(start_s, start_s + TRANSIT_S, len(ra) + len(others))
    return (
        time,
        np.concatenate([pi, others]),
        np.concatenate([ra, ra[::4]]),
        np.concatenate([dec, dec[::4]]),
    )


_PIXELS = tuple(axis.ravel() for axis in np.indices((FIELD, FIELD)))
