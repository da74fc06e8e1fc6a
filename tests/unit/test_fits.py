import gzip
import io
import warnings

import fastavro
import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import CCDData, InverseVariance, StdDevUncertainty, VarianceUncertainty

from pipeline.errors import DecodeError
from pipeline.fits import read_ccd, read_image, reference_pixel
from pipeline.fits_writer import image_hdu
from pipeline.schema_store import SchemaStore
from tests.strategies import gzipped_stamp

CUTOUTS = ("Science", "Template", "Difference")
RNG = np.random.default_rng(3)
PIXELS = RNG.normal(0, 10, (5, 7)).astype(np.float32)


def written(*hdus):
    file = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(file)
    return file.getvalue()


def ccd(uncertainty):
    hdus = CCDData(PIXELS, unit="adu", uncertainty=uncertainty).to_hdu(key_uncertainty_type="UTYPE")
    hdus.append(fits.ImageHDU(np.ones((3, 3)), name="PSFIMAGE"))
    return written(*hdus)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "i4", "i8", "u1"])
def test_a_plain_image_is_read_as_float32(dtype):
    pixels = RNG.integers(0, 200, (5, 7)).astype(dtype)

    image = read_image(written(fits.PrimaryHDU(pixels)))

    assert image.dtype == np.float32
    assert image.dtype.isnative
    np.testing.assert_array_equal(image, pixels)


def test_every_bit_of_a_pixel_survives():
    odd = np.array([[np.nan, np.inf, -np.inf], [-0.0, 1e-45, 3.4e38]], np.float32)

    image = read_image(gzipped_stamp(odd))

    assert image.tobytes() == odd.tobytes()


def test_a_double_beyond_single_precision_becomes_infinite():
    image = read_image(written(fits.PrimaryHDU(np.full((2, 2), 1e300))))

    assert np.isposinf(image).all()


@pytest.mark.parametrize(
    "header",
    [{"BSCALE": 2.0, "BZERO": 10.0}, {"BZERO": 32768}, {"BLANK": 3}],
    ids=["scaled", "unsigned", "blank"],
)
def test_an_image_that_is_not_plain_is_read_as_astropy_reads_it(header):
    stored = fits.PrimaryHDU(np.arange(6, dtype=np.int16).reshape(2, 3))
    file = bytearray(written(stored))
    cards = "".join(f"{key:<8}= {value:>20}".ljust(80) for key, value in header.items())
    end = file.index(b"END".ljust(80))
    file[end : end + len(cards) + 80] = (cards + "END".ljust(80)).encode()
    with fits.open(io.BytesIO(bytes(file))) as hdus:
        expected = hdus[0].data.astype(np.float32)

    np.testing.assert_array_equal(read_image(bytes(file)), expected)


def test_the_loose_first_card_of_ztf_is_read():
    loose = b"SIMPLE  =  T".ljust(80) + image_hdu(PIXELS)[80:]

    np.testing.assert_array_equal(read_image(loose), PIXELS)


def test_images_behind_the_first_are_read_by_their_number():
    file = written(fits.PrimaryHDU(np.zeros((99, 99))), fits.ImageHDU(PIXELS))

    np.testing.assert_array_equal(read_image(file, 1), PIXELS)


def test_astropy_reads_what_we_write():
    with fits.open(io.BytesIO(image_hdu(PIXELS, {"BUNIT": "DN", "GAIN": 6.2}))) as hdus:
        hdus.verify("exception")

        np.testing.assert_array_equal(hdus[0].data, PIXELS)
        assert hdus[0].header["BUNIT"] == "DN"
        assert hdus[0].header["GAIN"] == 6.2


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xff\xd8\xff\xe0", "a JPEG image, not FITS"),
        (b"\x89PNG\r\n", "a PNG image, not FITS"),
        (b"", "empty, not FITS"),
        (gzip.compress(b"words"), "text .'words'., not FITS"),
        (b"SIMPLE  =", "cannot be read"),
        (gzip.compress(image_hdu(PIXELS))[:-9], "truncated"),
        (gzip.compress(image_hdu(PIXELS)) + b"more", "4 bytes follow"),
        (image_hdu(PIXELS)[:2900], "5 x 7 pixels .>f4. are 140 bytes, and there are 20"),
        (written(fits.PrimaryHDU()), "no image of two axes: .."),
        (written(fits.PrimaryHDU(np.zeros((4, 3, 2)))), "no image of two axes: .4, 3, 2."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_image_is_named(data, name):
    with pytest.raises(DecodeError, match=name):
        read_image(data)


def test_a_gzip_whose_checksum_is_wrong_is_damaged():
    packed = bytearray(gzipped_stamp(PIXELS))
    packed[-6] ^= 1

    with pytest.raises(DecodeError, match="damaged"):
        read_image(bytes(packed))


def test_a_small_gzip_cannot_fill_the_memory():
    with pytest.raises(DecodeError, match="hold more than"):
        read_image(gzip.compress(bytes(2**26 + 1)))


def test_warnings_of_astropy_stay_inside():
    file = image_hdu(PIXELS, {"BLANK": 1.5, "BSCALE": 1.0})  # BLANK makes no sense for floats

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_image(file)

    assert caught == []


def test_the_variance_comes_with_the_image():
    variance = np.abs(PIXELS) + 1

    image, noise = read_ccd(ccd(VarianceUncertainty(variance)))

    np.testing.assert_array_equal(image, PIXELS)
    np.testing.assert_array_equal(noise, variance)


@pytest.mark.parametrize("kind", [StdDevUncertainty, InverseVariance])
def test_other_uncertainties_become_the_variance(kind):
    uncertainty = VarianceUncertainty(np.abs(PIXELS) + 1).represent_as(kind)

    _, noise = read_ccd(ccd(uncertainty))

    np.testing.assert_allclose(noise, np.abs(PIXELS) + 1, rtol=1e-6)


def test_an_image_without_uncertainty_has_no_variance():
    assert read_ccd(written(fits.PrimaryHDU(PIXELS)))[1] is None


def test_a_variance_of_another_shape_is_an_error():
    file = image_hdu(PIXELS) + image_hdu(PIXELS.T, {"EXTNAME": "UNCERT"}, first=False)

    with pytest.raises(DecodeError, match=r"shape \(5, 7\), and its variance \(7, 5\)"):
        read_ccd(file)


def test_an_uncertainty_of_unknown_type_is_named():
    cards = {"EXTNAME": "UNCERT", "UTYPE": "Guess"}

    with pytest.raises(DecodeError, match="'Guess'"):
        read_ccd(image_hdu(PIXELS) + image_hdu(PIXELS, cards, first=False))


def test_a_variance_behind_a_table_is_found():
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])])
    noise = fits.ImageHDU(PIXELS**2, name="UNCERT")
    noise.header["UTYPE"] = "VarianceUncertainty"

    _, variance = read_ccd(written(fits.PrimaryHDU(PIXELS), table, noise))

    np.testing.assert_array_equal(variance, PIXELS**2)


def test_a_table_without_variance_gives_none():
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])])

    assert read_ccd(written(fits.PrimaryHDU(PIXELS), table))[1] is None


def test_the_reference_pixel_counts_from_zero():
    assert reference_pixel(image_hdu(PIXELS, {"CRPIX1": 4.25, "CRPIX2": 3.0})) == (2.0, 3.25)


@pytest.mark.parametrize("cards", [{}, {"CRPIX1": 1.0}, {"CRPIX1": "x", "CRPIX2": "y"}])
def test_without_coordinates_there_is_no_reference_pixel(cards):
    assert reference_pixel(image_hdu(PIXELS, cards)) is None


@pytest.fixture(scope="module")
def real_stamps(survey_data):
    """All cutouts of the real packets, as fastavro reads them."""
    stamps = []
    for path in sorted(survey_data.glob("ztf/*/*.avro")):
        try:
            records = list(fastavro.reader(io.BytesIO(path.read_bytes())))
        except (ValueError, IndexError):  # test_hits_real_data knows which
            continue
        stamps += [r[f"cutout{name}"]["stampData"] for r in records for name in CUTOUTS]
    schema = SchemaStore(directory=survey_data / "lsst" / "schemas").get(1000)
    for path in sorted(survey_data.glob("lsst/derived_from_fink_parquet_v10_0/*.avro")):
        body = io.BytesIO(path.read_bytes()[5:])
        alert = fastavro.schemaless_reader(body, schema)
        stamps += [alert[f"cutout{name}"] for name in CUTOUTS]
    return [stamp for stamp in stamps if not stamp.startswith(b"\xff\xd8")]


def test_every_real_stamp_is_read_as_astropy_reads_it(real_stamps):
    assert len(real_stamps) == 3 * (186 + 13)
    for data in real_stamps:
        file = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(file), ignore_missing_simple=True) as hdus:
                expected = np.asarray(hdus[0].data, np.float32)
        np.testing.assert_array_equal(read_image(data), expected)
