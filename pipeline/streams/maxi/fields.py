"""One-orbit images of one position of the sky, made of the photons of MAXI's archive.

A tile of the archive is 7.3 deg wide and a picture 8.3 deg, so all tiles that the picture touches
have to be read together.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.maxi_flare.flux import BAND_KEV
from models.maxi_flare.render import FIELD
from models.maxi_flare.sky import DEG_PER_PIXEL
from pipeline.errors import ConfigurationError
from pipeline.streams.maxi.event_lists import Events, read_event_lists
from pipeline.streams.maxi.message import EXPOSURES_CM2_S, SIMULATED, Image, write_message
from pipeline.times import mjd_utc

__all__ = ["RADIUS_DEG", "Field", "field_wcs", "read_field"]

RADIUS_DEG = 6.5
"""Makes a transit the 245 s of the one public image: GSC scans 0.065 deg/s and sees 3 deg at once."""

_RADII_DEG = (1.5, 30.0)
"""Less than the collimator's half width selects no transit, and more joins those of one orbit [deg]."""

_GAP_S = 300.0
"""A pause that ends a transit [s]: the second camera comes 21.5 min later, the next orbit 92 min."""

_CORNER_DEG = FIELD * DEG_PER_PIXEL / math.sqrt(2)
"""Events of a picture lie within this of its middle [deg]."""


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


def read_field(paths: Sequence[Path], field: Field) -> Iterator[bytes]:
    """Yield a message for each transit of a position, made of the events of all files together.

    Raises
    ------
    ConfigurationError
        If a file is no list of GSC events, or no event lies near the position.
    OSError
        If a file cannot be read.
    """
    events, simulated = read_event_lists(paths)
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
        seen = distance_deg[during] <= max(field.radius_deg, _CORNER_DEG)
        transit = Events(*(column[during][seen] for column in events))
        yield write_message(_image(transit, field, SIMULATED if simulated else "maxi"))


def field_wcs(ra_deg: float, dec_deg: float) -> Any:
    """Return the coordinates of a picture, north up and east left, as `astropy.wcs.WCS`."""
    from astropy.wcs import WCS  # slow to import

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = ra_deg, dec_deg
    wcs.wcs.crpix = ((FIELD + 1) / 2,) * 2
    wcs.wcs.cdelt = -DEG_PER_PIXEL, DEG_PER_PIXEL
    return wcs


def _image(transit: Events, field: Field, survey: str) -> Image:
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


def _distances_deg(events: Events, field: Field) -> npt.NDArray[np.float64]:
    from astropy.coordinates import angular_separation

    here = np.radians((field.ra_deg, field.dec_deg))
    there = np.radians(events.ra_deg), np.radians(events.dec_deg)
    return np.asarray(np.degrees(angular_separation(*here, *there)), np.float64)
