"""Where FITS images are on the sky, and which of a file's units is the image."""

import gzip
import io

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from pipeline.errors import DecodeError
from pipeline.fits_sky import find_image

ICRS = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRPIX1": 10.5,
    "CRPIX2": 5.5,
    "CRVAL1": 58.85,
    "CRVAL2": 31.05,
    "CDELT1": -0.078,
    "CDELT2": 0.078,
    "RADESYS": "ICRS",
}
PIXELS = np.zeros((10, 20), np.float32)


def file(*units):
    data = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(data)
    return data.getvalue()


def image(**cards):
    return fits.ImageHDU(PIXELS, header=fits.Header(cards))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_middle_of_the_image_is_found(pack):
    found = find_image(pack(file(image(**ICRS))))

    assert found.hdu == 1
    assert found.footprint.ra_deg == pytest.approx(58.85)
    assert found.footprint.dec_deg == pytest.approx(31.05)
    assert found.footprint.pixel_deg == pytest.approx(0.078)


def test_the_middle_is_not_the_reference_pixel():
    moved = ICRS | {"CRPIX1": 0.5, "CRPIX2": 5.5}

    found = find_image(file(image(**moved))).footprint

    here, there = (
        SkyCoord(found.ra_deg, found.dec_deg, unit="deg"),
        SkyCoord(58.85, 31.05, unit="deg"),
    )
    assert here.separation(there).deg == pytest.approx(10 * 0.078, rel=1e-3)


def test_galactic_coordinates_become_icrs():
    galactic = ICRS | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN", "CRVAL1": 0.0, "CRVAL2": 0.0}
    del galactic["RADESYS"]

    found = find_image(file(image(**galactic))).footprint

    assert (found.ra_deg, found.dec_deg) == pytest.approx((266.40499, -28.93617), abs=1e-4)


def test_an_image_without_coordinates_is_nowhere():
    assert find_image(file(image(CRPIX1=10.5))).footprint is None


def test_tables_and_cubes_are_passed_over():
    table = fits.BinTableHDU.from_columns([fits.Column("TIME", "D", array=[1.0])])
    cube = fits.ImageHDU(np.zeros((2, 3, 4)))

    assert find_image(file(table, cube, image())).hdu == 3


def test_a_file_without_an_image_says_so():
    with pytest.raises(DecodeError, match="holds no image of two axes"):
        find_image(file())


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"CDELT1": -0.1}, r"not square: 0\.1 x 0\.078 deg"),
        ({"CTYPE1": "RA---TUN", "CTYPE2": "DEC--TUN"}, "cannot be read"),
        ({"CDELT1": 0.0, "CDELT2": 0.0}, "cannot be read|nowhere|not square"),
    ],
)
def test_coordinates_that_make_no_sense_are_named(cards, said):
    with pytest.raises(DecodeError, match=said):
        find_image(file(image(**ICRS | cards)))


def test_what_is_no_fits_file_is_named():
    with pytest.raises(DecodeError, match="a JPEG image, not FITS"):
        find_image(b"\xff\xd8\xff\xe0")
