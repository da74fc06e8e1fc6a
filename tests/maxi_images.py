"""A one-orbit image of MAXI for tests: simulated counts, as packets, FITS and pictures."""

import io
from dataclasses import replace

import numpy as np
from astropy.io import fits
from PIL import Image as Pillow

from models.maxi_flare.simulate import Law, simulate
from models.maxi_flare.sky import DEG_PER_PIXEL
from pipeline.streams.maxi.message import Image, write_message
from tests.strategies import BIG_ID, stream_decoder

__all__ = [
    "DECODER",
    "DEPTH",
    "PHOTONS",
    "PICTURE",
    "RINGS",
    "WCS",
    "decode",
    "fits_file",
    "picture",
]

DECODER = stream_decoder("maxi")

BRIGHT = simulate(np.random.default_rng(4), 40, Law(flares=1.0, flux_mcrab=(300.0, 301.0)))
ROW = int(np.flatnonzero(BRIGHT.kinds == "plain")[0])
PHOTONS, PICTURE = BRIGHT.photons[ROW].astype("<u2"), BRIGHT.pictures[ROW]
RINGS, DEPTH = BRIGHT.rings[ROW], float(BRIGHT.depth[ROW])

COUNTS = Image(
    survey="maxi",
    image_id=str(BIG_ID),
    image_id_long=BIG_ID,
    image=PHOTONS,
    format="raw",
    quantity="counts",
    ra_deg=58.85,
    dec_deg=31.05,
    pixel_deg=DEG_PER_PIXEL,
    start_mjd_utc=57774.432245,
    stop_mjd_utc=57774.435081,
    band_kev=(2.0, 20.0),
    exposure_cm2_s=100 * DEPTH,
)
WCS = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRPIX1": 53.5,
    "CRPIX2": 53.5,
    "CRVAL1": 58.85,
    "CRVAL2": 31.05,
    "CDELT1": -DEG_PER_PIXEL,
    "CDELT2": DEG_PER_PIXEL,
}


def decode(**changes):
    """Return the candidate of the image with other fields."""
    return DECODER.decode(write_message(replace(COUNTS, **changes)))


def fits_file(pixels, **cards):
    data = io.BytesIO()
    fits.PrimaryHDU(pixels, header=fits.Header(cards)).writeto(data)
    return data.getvalue()


def picture(form, **options):
    """Return the fields that change with an image that is a picture."""
    data = io.BytesIO()
    Pillow.fromarray(PICTURE).save(data, form, **options)
    return {"image": data.getvalue(), "format": form, "quantity": "grey"}
