"""Records of ``maxi_image``: the event, the image, its place and its flux."""

import numpy as np
import pytest

from models.maxi_flare.flux import estimate_flux
from models.maxi_flare.picture import shrink
from pipeline.core import EventTime
from pipeline.errors import DecodeError
from tests.maxi_images import DEPTH, PHOTONS, PICTURE, RINGS, WCS, decode, fits_file, picture
from tests.strategies import BIG_ID

# The event


def test_the_event_is_what_the_packet_says():
    event = decode().event

    assert event.survey == "maxi"
    assert (event.event_id, event.event_id_long) == ("9007199254740993", BIG_ID)
    assert event.time == EventTime(57774.432245, "mjd", "utc", "start of exposure")
    assert event.survey_us == pytest.approx(1_484_994_145_968_000, abs=100)
    assert (event.ra_deg, event.dec_deg) == (58.85, 31.05)


def test_an_image_may_have_a_name_and_no_number():
    event = decode(image_id="103_57774", image_id_long=None).event

    assert (event.event_id, event.event_id_long) == ("103_57774", None)


def test_a_name_and_a_number_that_differ_are_told():
    with pytest.raises(DecodeError, match="imageId '7' and imageIdLong 9007199254740993"):
        decode(image_id="7")


def test_an_image_without_time_and_place_is_as_good():
    candidate = decode(start_mjd_utc=None, stop_mjd_utc=None, ra_deg=None, dec_deg=None)

    assert candidate.event.time is None
    assert candidate.event.ra_deg is None
    assert candidate.quality == {}


@pytest.mark.parametrize(
    "times",
    [
        {"start_mjd_utc": 1480360995.0},
        {"start_mjd_utc": float("nan")},
        {"stop_mjd_utc": 57774.43},
        {"stop_mjd_utc": float("nan")},
    ],
)
def test_a_time_that_cannot_be_is_noted(times):
    assert decode(**times).quality == {"implausibleTime": 1}


@pytest.mark.parametrize(
    ("ra", "dec"), [(361.0, 0.0), (10.0, -91.0), (10.0, None), (float("nan"), 0.0)]
)
def test_a_position_that_cannot_be_is_noted(ra, dec):
    assert decode(ra_deg=ra, dec_deg=dec).quality == {"implausiblePosition": 1}


# The image


def test_counts_are_drawn_as_the_pictures_of_the_training():
    assert np.abs(decode().sample - shrink(PICTURE)).max() <= 1


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_a_picture_is_read_as_it_is(form):
    options = {"quality": 100} if form == "jpeg" else {}

    candidate = decode(**picture(form, **options))

    assert np.abs(candidate.sample - shrink(PICTURE)).max() <= (2 if form == "jpeg" else 0)
    assert candidate.quality == {}


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, ">f4"])
def test_a_fits_image_of_counts_is_read(dtype):
    candidate = decode(image=fits_file(PHOTONS.astype(dtype), **WCS), format="fits", pixel_deg=None)

    assert np.array_equal(candidate.sample, decode().sample)
    assert candidate.flux == decode().flux


def test_bytes_of_grey_are_levels():
    dim = (PICTURE // 2).astype(np.uint8)

    assert np.array_equal(decode(image=dim, quantity="grey").sample, shrink(dim))


def test_other_numbers_of_grey_are_scaled_to_their_maximum():
    dim = PICTURE.astype("<f4") / 1000

    assert np.allclose(decode(image=dim, quantity="grey").sample, shrink(PICTURE), atol=1e-3)


def test_a_pixel_without_a_number_stays_missing():
    pixels = PHOTONS.astype("<f4")
    pixels[1, 1] = np.nan  # one of those that the network looks at

    candidate = decode(image=pixels)

    assert np.isnan(candidate.sample).sum() == 1
    assert candidate.flux is None


# The place


def test_the_position_is_that_of_the_fits_coordinates():
    image = fits_file(PHOTONS, **WCS)

    event = decode(image=image, format="fits", ra_deg=None, dec_deg=None).event

    assert (event.ra_deg, event.dec_deg) == pytest.approx((58.85, 31.05))


def test_a_packet_that_points_elsewhere_than_its_image_is_noted():
    candidate = decode(image=fits_file(PHOTONS, **WCS), format="fits", dec_deg=31.55)

    assert candidate.quality == {"positionOffsetDeg": pytest.approx(0.5)}
    assert candidate.event.dec_deg == pytest.approx(31.05)


def test_pixels_of_two_sizes_are_told():
    with pytest.raises(DecodeError, match=r"pixels of 0\.1 deg, and of 0\.078 deg"):
        decode(image=fits_file(PHOTONS, **WCS), format="fits", pixel_deg=0.1)


@pytest.mark.parametrize(("pixel_deg", "quality"), [(0.1, {}), (0.5, {"otherField": 1})])
def test_a_picture_of_a_much_wider_field_is_noted(pixel_deg, quality):
    assert decode(**picture("png"), pixel_deg=pixel_deg).quality == quality


# The flux


def test_counts_with_an_exposure_have_the_flux_of_the_estimator():
    expected = estimate_flux(RINGS, DEPTH)

    flux = decode().flux

    assert (flux.low_mcrab, flux.mcrab, flux.high_mcrab) == pytest.approx(
        (expected.low90_mcrab, expected.median_mcrab, expected.high90_mcrab)
    )
    assert flux.low_mcrab < 300 < flux.high_mcrab
    assert (flux.confidence, flux.band_kev) == (0.9, (2.0, 20.0))


@pytest.mark.parametrize(
    "changes",
    [{"exposure_cm2_s": None}, {"band_kev": None}, {"band_kev": (4.0, 10.0)}, picture("png")],
    ids=["no exposure", "no band", "another band", "a picture"],
)
def test_without_all_that_it_needs_there_is_no_flux(changes):
    assert decode(**changes).flux is None


@pytest.mark.parametrize("exposure", [0.0, -100.0, 1e9, float("nan")])
def test_an_impossible_exposure_is_named(exposure):
    with pytest.raises(DecodeError, match=f"an exposure of {exposure:g} cm2 s".replace("+", r"\+")):
        decode(exposure_cm2_s=exposure)
