import numpy as np
import pytest

import schemas
from pipeline.core import EventTime
from pipeline.errors import DecodeError, MissingInput
from tests.strategies import BIG_ID, container, hits_decoder

SCHEMA = schemas.load("hits_candidate")
STAMPS = np.random.default_rng(5).normal(100, 10, (4, 21, 21)).astype("<f4")
NAMES = ("template", "science", "difference", "snrDifference")


@pytest.fixture(scope="module")
def hits(tmp_path_factory):
    return hits_decoder(tmp_path_factory.mktemp("schemas"))


def packet(stamps=STAMPS, **changes):
    value = {
        "survey": "hits",
        "candidateId": BIG_ID,
        "midpointMjdUtc": 57000.5,
        "raDeg": 150.1,
        "decDeg": -2.2,
        "shape": list(stamps.shape[1:]),
        "dtype": stamps.dtype.str,
        **{name: stamp.tobytes() for name, stamp in zip(NAMES, stamps, strict=True)},
    }
    return container(SCHEMA, value | changes)


def test_the_channels_are_template_science_difference_and_snr(hits):
    np.testing.assert_array_equal(hits.decode(packet()).sample, STAMPS)


def test_the_event_is_what_the_packet_says(hits):
    event = hits.decode(packet()).event

    assert event.survey == "hits"
    assert (event.event_id, event.event_id_long) == ("9007199254740993", BIG_ID)
    assert event.time == EventTime(57000.5, "mjd", "utc", "middle of exposure")
    assert event.survey_us == 1418126400 * 1_000_000
    assert (event.ra_deg, event.dec_deg) == (150.1, -2.2)


def test_a_packet_without_a_time_has_none(hits):
    candidate = hits.decode(packet(midpointMjdUtc=None))

    assert candidate.event.time is None
    assert candidate.event.survey_us is None
    assert candidate.quality == {}


def test_an_impossible_time_keeps_its_digits_and_is_noted(hits):
    candidate = hits.decode(packet(midpointMjdUtc=1480360995.0))

    assert candidate.event.time.value == 1480360995.0
    assert candidate.event.survey_us is None
    assert candidate.quality == {"implausibleTime": 1}


def test_without_an_snr_difference_the_channel_is_left_to_preprocessing(hits):
    sample = hits.decode(packet(snrDifference=None)).sample

    assert np.isnan(sample[3]).all()
    np.testing.assert_array_equal(sample[:3], STAMPS[:3])


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<i2", "|u1", "=f4"])
def test_pixels_of_any_number_type_are_read(hits, dtype):
    stamps = np.clip(STAMPS, 0, 200).astype(dtype)

    sample = hits.decode(packet(stamps, dtype=dtype)).sample

    np.testing.assert_array_equal(sample, stamps.astype(np.float32))


@pytest.mark.parametrize("dtype", ["O", "V4", "(441,)f4", "<c8", "f4,f4", "S4", "", "<f16"])
def test_pixels_of_another_type_are_named(hits, dtype):
    with pytest.raises(DecodeError, match="unknown type"):
        hits.decode(packet(dtype=dtype))


def test_too_few_bytes_are_named_with_what_they_should_be(hits):
    with pytest.raises(DecodeError, match=r"21 x 21 pixels of type <f4 .* 1764 bytes, and has 7"):
        hits.decode(packet(science=b"short.."))


@pytest.mark.parametrize("shape", [[441], [1, 21, 21], [], [-21, -21], [0, 21]])
def test_a_shape_that_is_not_y_x_is_named(hits, shape):
    with pytest.raises(DecodeError, match=r"should have \(y, x\)"):
        hits.decode(packet(shape=shape))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_stamp_is_missing(hits, name):
    with pytest.raises(MissingInput, match=f"event {BIG_ID} has no {name}"):
        hits.decode(packet(**{name: b""}))


def test_a_larger_stamp_is_cut_around_its_middle(hits):
    stamps = np.arange(4 * 63 * 63, dtype="<f4").reshape(4, 63, 63)

    candidate = hits.decode(packet(stamps))

    np.testing.assert_array_equal(candidate.sample, stamps[:, 21:42, 21:42])
    assert candidate.quality == {}


def test_a_smaller_stamp_is_padded_and_noted(hits):
    stamps = STAMPS[:, :19, :19]

    candidate = hits.decode(packet(stamps))

    np.testing.assert_array_equal(candidate.sample[:, 1:20, 1:20], stamps)
    assert np.isnan(candidate.sample[:, 0]).all()
    assert candidate.quality == {"paddedFraction": pytest.approx(1 - 19**2 / 21**2)}


def test_a_stamp_that_is_not_square_is_noted(hits):
    assert hits.decode(packet(np.zeros((4, 25, 31), "<f4"))).quality == {"nonSquare": 1}
