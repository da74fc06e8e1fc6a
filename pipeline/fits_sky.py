"""Where on the sky a FITS image is: its coordinates (WCS), read by astropy.

Every image may have a projection, a frame and a unit of its own, and there are few of them, so
there is no faster path of ours beside it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import DecodeError
from pipeline.fits import unpacked

__all__ = ["FitsImage", "Footprint", "find_image"]

_AXES = 2

_SQUARE = 0.01
"""Relative difference of a pixel's sides up to which it is square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Where an image is."""

    ra_deg: float
    """Right ascension of its middle, ICRS [deg]."""

    dec_deg: float
    """Declination of the same [deg]."""

    pixel_deg: float
    """Side of a pixel [deg]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitsImage:
    """The first image of a FITS file, but for its pixels."""

    hdu: int
    """Number of its header and data unit."""

    header: Mapping[str, Any]
    footprint: Footprint | None
    """None if it has no celestial coordinates."""


def find_image(data: bytes) -> FitsImage:
    """Find the first image of two axes in a FITS file, gzipped or not.

    Raises
    ------
    DecodeError
        If there is none, or its coordinates cannot be read.
    """
    from pipeline.fits_by_astropy import opened  # slow to import

    with opened(unpacked(data)) as hdus:
        for number, hdu in enumerate(hdus):
            if hdu.is_image and len(hdu.shape) == _AXES:
                header = hdu.header
                return FitsImage(
                    hdu=number, header=dict(header), footprint=_footprint(header, hdu.shape)
                )
    raise DecodeError("the FITS file holds no image of two axes")


def _footprint(header: Any, shape: tuple[int, int]) -> Footprint | None:
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    wcs = WCS(header, naxis=_AXES)
    if not wcs.has_celestial:
        return None
    height, width = shape
    # Of two axes both are celestial, or none is; `WCS.celestial` would make a copy each time.
    middle = wcs.pixel_to_world((width - 1) / 2, (height - 1) / 2).icrs
    ra, dec = float(middle.ra.deg), float(middle.dec.deg)
    across, up = (float(side) for side in proj_plane_pixel_scales(wcs))
    if not math.isfinite(ra + dec):
        raise DecodeError("its coordinates put the middle of the image nowhere on the sky")
    if not abs(across - up) <= _SQUARE * max(across, up):
        raise DecodeError(f"its pixels are not square: {across:g} x {up:g} deg")
    return Footprint(ra_deg=ra, dec_deg=dec, pixel_deg=math.sqrt(across * up))
