"""Lists of events to one-orbit images: transits, energies, pixels, times."""

import contextlib
import gzip
import io
from dataclasses import replace
from itertools import islice

import fastavro
import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings

from models.maxi_flare.sky import DEG_PER_PIXEL
from pipeline.errors import ConfigurationError
from pipeline.simulation.maxi import TRANSIT_S, simulated_transits
from pipeline.simulation.maxi_events import DEC_DEG, RA_DEG, event_list
from pipeline.streams.maxi.fields import Field, read_field
from tests.strategies import damaged, stream_decoder

DECODER = stream_decoder("maxi")
FIELD = Field(ra_deg=RA_DEG, dec_deg=DEC_DEG)
TRANSITS = list(islice(simulated_transits(np.random.default_rng(6)), 4))
LIST = event_list(TRANSITS, 6)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "simulated.evt.gz"
    path.write_bytes(gzip.compress(LIST))
    return path


def candidates(path, field=FIELD):
    return [DECODER.decode(message) for message in read_field([path], field)]


def photons(message):
    (packet,) = fastavro.reader(io.BytesIO(message))
    return np.frombuffer(packet["image"], packet["dtype"]).reshape(packet["shape"])


def changed(path, **cards):
    """Write the list again with other keywords; one that is None is left out."""
    with fits.open(io.BytesIO(LIST)) as hdus:
        for key, value in cards.items():
            if value is None:
                del hdus["EVENTS"].header[key]
            else:
                hdus["EVENTS"].header[key] = value
        hdus.writeto(path, overwrite=True)
    return path


def test_each_transit_is_an_image_of_just_its_photons(path):
    messages = list(read_field([path], FIELD))

    assert len(messages) == len(TRANSITS)
    for message, transit in zip(messages, TRANSITS, strict=True):
        assert np.array_equal(photons(message), transit.photons)


def test_an_image_says_where_and_when_it_was(path):
    first, second, *_ = (candidate.event for candidate in candidates(path))

    assert (first.ra_deg, first.dec_deg) == (RA_DEG, DEC_DEG)
    assert first.time.value == pytest.approx(61040.0, abs=TRANSIT_S / 86400)
    assert (second.survey_us - first.survey_us) / 1e6 == pytest.approx(92 * 60, abs=TRANSIT_S)


def test_simulated_events_make_simulated_images(path):
    assert {candidate.event.survey for candidate in candidates(path)} == {"simulated maxi"}


def test_a_flux_needs_the_exposure(path):
    field = Field(ra_deg=RA_DEG, dec_deg=DEC_DEG, exposure_cm2_s=TRANSITS[0].exposure_cm2_s)

    assert {candidate.flux for candidate in candidates(path)} == {None}
    assert candidates(path, field)[0].flux.band_kev == (2.0, 20.0)


def test_the_same_list_makes_the_same_messages(path):
    assert list(read_field([path], FIELD)) == list(read_field([path], FIELD))


def test_a_list_in_parts_makes_the_same_images(path, tmp_path):
    parts = [tmp_path / name for name in ("a.evt", "b.evt")]
    with fits.open(io.BytesIO(LIST)) as hdus:
        rows = hdus["EVENTS"].data
        for part, chosen in zip(parts, (rows["RA"] < RA_DEG, rows["RA"] >= RA_DEG), strict=True):
            table = fits.BinTableHDU(rows[chosen], header=hdus["EVENTS"].header)
            fits.HDUList([fits.PrimaryHDU(), table]).writeto(part)

    joined = [DECODER.decode(message) for message in read_field(parts, FIELD)]

    for one, other in zip(joined, candidates(path), strict=True):
        assert np.array_equal(one.sample, other.sample)


@pytest.mark.parametrize("radius", [1.5, 12.0, 30.0])
def test_another_radius_finds_the_same_transits(path, radius):
    found = candidates(path, Field(ra_deg=RA_DEG, dec_deg=DEC_DEG, radius_deg=radius))

    assert len(found) == len(TRANSITS)


def test_another_position_shifts_the_image(path):
    moved = Field(ra_deg=RA_DEG, dec_deg=DEC_DEG + 10 * DEG_PER_PIXEL)

    here, there = (photons(next(read_field([path], field))) for field in (FIELD, moved))

    # Ten rows lower; but for what the curvature of the sky moves to a neighbour.
    overlap = np.abs(np.int64(here[30:90, 30:76]) - there[20:80, 30:76])
    assert overlap.sum() <= 0.2 * here[30:90, 30:76].sum()


@pytest.mark.parametrize(("scale", "ahead_s"), [("UTC", 0), ("TAI", 37), ("TT", 69.184)])
def test_times_are_read_in_the_scale_that_the_header_names(tmp_path, scale, ahead_s):
    def first(name):
        file = changed(tmp_path / f"{name}.evt", TIMESYS=name, MJDREFI=51544, MJDREFF=0.0)
        return candidates(file)[0].event.survey_us

    assert (first("UTC") - first(scale)) / 1e6 == pytest.approx(ahead_s, abs=1e-3)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"ra_deg": -1.0}, "--ra is -1 deg, and should be from 0 to 360"),
        ({"dec_deg": 90.5}, "--dec is 90.5 deg"),
        ({"ra_deg": float("nan")}, "--ra is nan deg"),
        ({"radius_deg": 0.5}, "--radius is 0.5 deg, and should be from 1.5 to 30"),
        ({"exposure_cm2_s": 0.0}, "--exposure is 0 cm2 s, and should be from 1 to 10000"),
    ],
)
def test_a_field_out_of_bounds_is_named(numbers, said):
    with pytest.raises(ConfigurationError, match=said):
        Field(**{"ra_deg": 10.0, "dec_deg": 10.0} | numbers)


def test_a_position_without_events_is_named(path):
    with pytest.raises(ConfigurationError, match=r"no event of 2 to 20 keV in .*RA 10, Dec -60"):
        list(read_field([path], Field(ra_deg=10.0, dec_deg=-60.0)))


def test_a_picture_among_lists_of_events_is_named(path, tmp_path):
    other = tmp_path / "picture.jpg"
    other.write_bytes(b"\xff\xd8\xff\xe0")

    with pytest.raises(ConfigurationError, match=r"picture\.jpg is none: the image is a JPEG"):
        list(read_field([path, other], FIELD))


def test_a_fits_image_among_lists_of_events_is_named(tmp_path):
    fits.writeto(tmp_path / "image.fits", np.zeros((4, 4)))

    with pytest.raises(ConfigurationError, match=r"image\.fits is none: it has no table EVENTS"):
        list(read_field([tmp_path / "image.fits"], FIELD))


def test_a_list_without_positions_is_named(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("TIME", "D", array=[1.0])], name="EVENTS")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "x.evt")

    with pytest.raises(ConfigurationError, match="has no column PI, RA, DEC"):
        list(read_field([tmp_path / "x.evt"], FIELD))


@pytest.mark.parametrize(
    ("cards", "said"),
    [({"INSTRUME": "SSC_H"}, "of 'SSC_H', and we know GSC"), ({"TIMESYS": "TDB"}, "are in 'TDB'")],
)
def test_another_instrument_or_clock_is_named(tmp_path, cards, said):
    with pytest.raises(ConfigurationError, match=said):
        list(read_field([changed(tmp_path / "x.evt", **cards)], FIELD))


def test_events_without_a_position_are_counted(tmp_path):
    with fits.open(io.BytesIO(LIST)) as hdus:
        hdus["EVENTS"].data["RA"][:3] = np.nan
        hdus.writeto(tmp_path / "x.evt")

    with pytest.raises(ConfigurationError, match=r"3 of the .* have no time or position"):
        list(read_field([tmp_path / "x.evt"], FIELD))


COLUMN = np.arange(106) % 4 == 0
SHORT = event_list([replace(TRANSITS[0], photons=TRANSITS[0].photons * COLUMN)], 7)
"""A quarter of a transit, of which a failing example can be printed."""


@settings(max_examples=25)
@given(damaged([SHORT]))
def test_a_damaged_list_is_read_or_named(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damaged") / "x.evt"
    path.write_bytes(data)
    with contextlib.suppress(ConfigurationError):
        for message in read_field([path], FIELD):
            assert DECODER.decode(message).sample.shape == (32, 32)
