import numpy as np
import pytest

from pipeline.core import EventTime
from pipeline.errors import DecodeError, MissingInput
from pipeline.fits_writer import image_hdu
from tests.strategies import BIG_ID, container, hits_decoder, record

NAMES = ("cutoutTemplate", "cutoutScience", "cutoutDifference")
STAMPS = np.random.default_rng(7).normal(100, 10, (3, 30, 30)).astype(np.float32)
VARIANCE = np.full((30, 30), 16, np.float32)
SOURCE = record("diaSource", diaSourceId="long", midpointMjdTai="double", ra="double", dec="double")
SCHEMA = record(
    "alert",
    observation_reason=["null", "string"],
    diaSource=SOURCE,
    prvDiaSources=["null", {"type": "array", "items": "diaSource"}],
    **{name: ["null", "bytes"] for name in NAMES},
)


@pytest.fixture(scope="module")
def hits(tmp_path_factory):
    return hits_decoder(tmp_path_factory.mktemp("schemas"))


def ccd(pixels, variance=VARIANCE, **cards):
    unit = {"EXTNAME": "UNCERT", "UTYPE": "VarianceUncertainty"}
    noise = b"" if variance is None else image_hdu(variance, unit, first=False)
    return image_hdu(pixels, cards) + noise


def packet(stamps=STAMPS, variance=VARIANCE, cards=(), schema=SCHEMA, source=(), **changes):
    files = [ccd(stamp, variance, **dict(cards)) for stamp in stamps]
    value = {
        "diaSource": {
            "diaSourceId": BIG_ID,
            "midpointMjdTai": 61041.5,
            "ra": 150.1,
            "dec": -2.2,
            **dict(source),
        },
        **dict(zip(NAMES, files, strict=True)),
    }
    return container(schema, value | changes)


def test_the_middle_of_the_cutouts_is_the_sample(hits):
    candidate = hits.decode(packet())

    np.testing.assert_array_equal(candidate.sample[:3], STAMPS[:, 5:26, 5:26])
    assert candidate.quality == {}


def test_the_snr_is_the_difference_over_the_root_of_its_variance(hits):
    sample = hits.decode(packet()).sample

    np.testing.assert_array_equal(sample[3], sample[2] / 4)


def test_without_a_variance_the_snr_is_left_to_preprocessing(hits):
    assert np.isnan(hits.decode(packet(variance=None)).sample[3]).all()


def test_the_event_is_the_dia_source(hits):
    event = hits.decode(packet()).event

    assert (event.survey, event.event_id, event.event_id_long) == ("lsst", str(BIG_ID), BIG_ID)
    assert (event.ra_deg, event.dec_deg) == (150.1, -2.2)


def test_the_time_is_the_middle_of_the_visit_in_tai(hits):
    event = hits.decode(packet()).event

    assert event.time == EventTime(61041.5, "mjd", "tai", "middle of visit")
    assert event.survey_us == (1767225600 + 43200 - 37) * 1_000_000


def test_the_impossible_time_of_rubins_test_packets_is_noted(hits):
    candidate = hits.decode(packet(source={"midpointMjdTai": 1480360995.0}))

    assert candidate.event.time.value == 1480360995.0
    assert candidate.quality == {"implausibleTime": 1}


def test_our_own_simulated_packets_say_so(hits):
    event = hits.decode(packet(observation_reason="simulated")).event

    assert event.survey == "lsst-simulated"


@pytest.mark.parametrize(("crpix", "pixel"), [(15.2, 14), (15.8, 15), (3.0, 2)])
def test_the_source_is_where_the_coordinates_of_the_cutout_refer_to(hits, crpix, pixel):
    y, x = np.mgrid[:30, :30]
    stamp = (y * 100 + x).astype(np.float32)

    sample = hits.decode(packet([stamp] * 3, cards={"CRPIX1": 15.0, "CRPIX2": crpix})).sample

    assert sample[0, 10, 10] == pixel * 100 + 14


def test_coordinates_that_refer_to_the_whole_detector_are_not_used(hits):
    candidate = hits.decode(packet(cards={"CRPIX1": 2000.0, "CRPIX2": 2000.0}))

    np.testing.assert_array_equal(candidate.sample[:3], STAMPS[:, 5:26, 5:26])


@pytest.mark.parametrize("side", [30, 31, 63, 102])
def test_cutouts_of_all_sizes_are_clean(hits, side):
    ones = np.ones((side, side), np.float32)

    candidate = hits.decode(packet([ones] * 3, ones))

    assert candidate.quality == {}
    assert (candidate.sample == 1).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_cutout_that_is_null_is_missing(hits, name):
    with pytest.raises(MissingInput, match=f"event {BIG_ID} has no {name}"):
        hits.decode(packet(**{name: None}))


def test_a_schema_without_a_science_cutout_is_rubins_all_the_same(hits):
    fields = [field for field in SCHEMA["fields"] if field["name"] != "cutoutScience"]

    with pytest.raises(MissingInput, match="has no cutoutScience"):
        hits.decode(packet(schema={**SCHEMA, "fields": fields}))


def test_cutouts_of_different_shapes_are_named(hits):
    stamps = [STAMPS[0][:29], STAMPS[1], STAMPS[2]]

    with pytest.raises(DecodeError, match=r"template \(29, 30\)"):
        hits.decode(packet(stamps))
