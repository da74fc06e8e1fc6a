"""Image files of MAXI to messages: known by content, with what they say of themselves."""

import contextlib
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from models.maxi_flare.evaluate import prepare_file
from models.maxi_flare.preprocess import preprocess
from pipeline.errors import ConfigurationError, DecodeError, InvalidMessage
from pipeline.simulation.maxi import simulated_transits
from pipeline.simulation.maxi_events import event_list
from pipeline.streams.maxi.files import read_file
from tests.strategies import damaged, stream_decoder

TRANSIT = next(simulated_transits(np.random.default_rng(2)))
DECODER = stream_decoder("maxi")


def pillow(form):
    data = io.BytesIO()
    Pillow.fromarray(TRANSIT.picture).save(data, form)
    return data.getvalue()


def fits_file(**cards):
    data = io.BytesIO()
    fits.PrimaryHDU(TRANSIT.photons.astype(np.int16), header=fits.Header(cards)).writeto(data)
    return data.getvalue()


COUNTS = {
    "BUNIT": "count",
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRPIX1": 53.5,
    "CRPIX2": 53.5,
    "CRVAL1": 83.63,
    "CRVAL2": 22.01,
    "CDELT1": -0.078,
    "CDELT2": 0.078,
}
FILES = {"jpeg": pillow("jpeg"), "png": pillow("png"), "fits": fits_file(**COUNTS)}


def read(data, name="image"):
    (message,) = read_file(Path(name), data)
    return DECODER.decode(message)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_known_by_its_content(kind):
    assert read(FILES[kind], "mislabelled.txt").sample.max() > 200


def test_a_gzipped_fits_file_is_unpacked():
    packed = gzip.compress(FILES["fits"])

    assert np.array_equal(read(packed, "a.fits.gz").sample, read(FILES["fits"]).sample)


def test_the_name_of_a_picture_says_when_it_was():
    event = read(FILES["jpeg"], "103_57774.432245-57774.435081.jpg").event

    assert event.event_id.startswith("103_57774.432245-57774.435081/")
    assert event.time.value == 57774.432245
    assert event.survey == "maxi"


def test_another_name_says_nothing():
    assert read(FILES["png"], "xper.png").event.time is None


def test_two_images_of_one_name_have_two_ids_and_the_same_image_one():
    ids = [read(FILES[kind], "a.jpg").event.event_id for kind in ("jpeg", "png", "jpeg")]

    assert ids[0] == ids[2] != ids[1]


def test_a_picture_has_no_flux_and_no_position():
    candidate = read(FILES["png"])

    assert candidate.flux is None
    assert candidate.event.ra_deg is None


def test_a_fits_image_says_where_it_is():
    event = read(FILES["fits"]).event

    assert (event.ra_deg, event.dec_deg) == pytest.approx((83.63, 22.01))


@pytest.mark.parametrize(
    ("cards", "mjd"),
    [
        ({"MJD-OBS": 57774.5}, 57774.5),
        ({"DATE-OBS": "2017-01-21T12:00:00"}, 57774.5),
        ({"DATE-OBS": "2017-01-21T12:01:09.184", "TIMESYS": "TT"}, 57774.5),
        ({"MJD-OBS": 57774.5 + 37 / 86400, "TIMESYS": "TAI"}, 57774.5),
    ],
)
def test_the_header_of_a_fits_image_says_when_it_was(cards, mjd):
    assert read(fits_file(**COUNTS, **cards)).event.time.value == pytest.approx(mjd, abs=1e-9)


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ({"MJD-OBS": 57774.5, "TIMESYS": "TDB"}, "times in TDB; we know UTC, TAI and TT"),
        ({"DATE-OBS": "21/01/17"}, "the DATE-OBS '21/01/17'"),
    ],
)
def test_a_time_that_cannot_be_read_is_named(cards, said):
    with pytest.raises(DecodeError, match=said):
        read(fits_file(**COUNTS, **cards))


def test_a_fits_image_without_a_unit_of_counts_is_a_picture():
    candidate = read(fits_file(**COUNTS | {"BUNIT": "adu"}))

    assert candidate.sample.max() == 255
    assert candidate.flux is None


def test_a_simulated_file_says_so():
    event = read(fits_file(**COUNTS, CREATOR="simulated by skytriage")).event

    assert event.survey == "simulated maxi"


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "empty"), (b"57774.432245 1.234\n", "text"), (b"%PDF-1.4", "a PDF document")],
)
def test_another_kind_of_file_is_named(data, said):
    with pytest.raises(DecodeError, match=f"x.dat is {said}.*reads FITS, JPEG and PNG"):
        list(read_file(Path("x.dat"), data))


def test_gzip_of_something_else_is_named():
    with pytest.raises(DecodeError, match=r"is text .*, not FITS"):
        list(read_file(Path("x.gz"), gzip.compress(b"hello")))


def test_a_list_of_events_asks_for_a_position():
    data = event_list([TRANSIT], 1)

    with pytest.raises(ConfigurationError, match=r"x\.evt is a list of events: say with --ra"):
        list(read_file(Path("x.evt"), data))


@given(damaged(list(FILES.values())))
def test_a_damaged_file_is_read_or_invalid(data):
    with contextlib.suppress(InvalidMessage):
        (message,) = read_file(Path("x"), data)
        assert DECODER.decode(message).sample.shape == (32, 32)


@given(st.binary(max_size=100), st.sampled_from([b"", b"SIMPLE  =", b"\x1f\x8b", b"\x89PNG"]))
def test_any_bytes_are_a_message_or_no_image(data, start):
    with contextlib.suppress(DecodeError):
        assert len(list(read_file(Path("x"), start + data))) == 1


@pytest.fixture(scope="module")
def real_picture(survey_data):
    path = survey_data / "maxi" / "103_57774.432245-57774.435081.jpg"
    if not path.is_file():
        pytest.skip(f"no real one-orbit image at {path}")
    return path


def test_the_real_image_says_its_time_and_nothing_of_place_and_flux(real_picture):
    candidate = read(real_picture.read_bytes(), real_picture.name)

    assert candidate.event.time.value == 57774.432245
    assert candidate.event.ra_deg is None
    assert candidate.flux is None
    assert candidate.quality == {}


def test_the_stream_makes_of_the_real_image_what_the_evaluation_does(real_picture):
    sample = read(real_picture.read_bytes(), real_picture.name).sample

    assert np.array_equal(preprocess(sample[None]).inputs, prepare_file(real_picture))
