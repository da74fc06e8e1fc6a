import numpy as np
import pytest
from astropy.time import Time

from models.strain_resnet.preprocess import preprocess
from pipeline.core import EventTime
from pipeline.errors import DecodeError, MissingInput
from pipeline.streams.strain.messages import segment_message
from tests.strain_files import noise, strain_decoder

STRAIN = noise((3, 4096)).astype("<f8")
ALL = ("H1", "L1", "V1")


@pytest.fixture(scope="module")
def strain():
    return strain_decoder()


def segment(strain=STRAIN, **changes):
    said = {
        "survey": "simulated strain",
        "segment_id": "s7",
        "detectors": ALL[: strain.shape[0]],
        "sample_rate_hz": 2048,
    }
    return segment_message(strain, **(said | changes))


def test_rows_are_in_the_order_of_the_network_whatever_that_of_the_message(strain):
    sample = strain.decode(segment(STRAIN[::-1], detectors=ALL[::-1])).sample

    np.testing.assert_array_equal(sample, STRAIN.astype(np.float32))


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8"])
def test_floats_of_either_size_and_byte_order_are_read(strain, dtype):
    sample = strain.decode(segment(STRAIN.astype(dtype))).sample

    assert sample.dtype == np.float32
    np.testing.assert_array_equal(sample, STRAIN.astype(np.float32))


def test_the_event_is_what_the_segment_says(strain):
    event = strain.decode(segment(gps_start_ns=1_126_259_461_500_000_000)).event

    assert (event.survey, event.event_id, event.event_id_long) == ("simulated strain", "s7", None)
    assert event.time == EventTime(1126259461.5, "gps", "tai", "first sample")


def test_gps_time_is_the_same_moment_for_astropy(strain):
    event = strain.decode(segment(gps_start_ns=1_126_259_461_500_000_000)).event

    moment = Time(event.time.value, format=event.time.format, scale=event.time.scale)

    assert event.survey_us == pytest.approx(moment.unix * 1e6, abs=1)
    assert moment.utc.isot == "2015-09-14T09:50:44.500"


def test_a_segment_without_a_time_has_none(strain):
    candidate = strain.decode(segment())

    assert candidate.event.time is None
    assert candidate.event.survey_us is None
    assert candidate.quality == {}


def test_an_impossible_time_keeps_its_digits_and_is_noted(strain):
    candidate = strain.decode(segment(gps_start_ns=5 * 10**18))

    assert candidate.event.time.value == 5e9
    assert candidate.quality == {"implausibleTime": 1}


def test_a_detector_that_is_absent_is_declared_missing_by_preprocessing(strain):
    sample = strain.decode(segment(STRAIN[:2])).sample

    made = preprocess(sample[np.newaxis])

    assert not sample[2].any()
    assert [made.quality[f"missing{name}"][0] for name in ALL] == [0, 0, 1]


@pytest.mark.parametrize("word", [0, 1, 2, 0b1111100])
def test_a_detector_whose_bits_say_bad_is_left_out_and_noted(strain, word):
    candidate = strain.decode(segment(data_quality={"L1": word, "H1": 127}))

    np.testing.assert_array_equal(candidate.sample[0], STRAIN[0].astype(np.float32))
    assert not candidate.sample[1].any()
    assert candidate.quality == {"flaggedL1": 1}


def test_what_is_no_number_is_left_to_preprocessing(strain):
    dirty = STRAIN.copy()
    dirty[1, 7], dirty[2, 9] = np.nan, 1e300

    sample = strain.decode(segment(dirty)).sample

    assert np.isnan(sample[1, 7])
    assert np.isinf(sample[2, 9])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sample_rate_hz": 4096}, "strain at 4096 Hz, and segments are at 2048 Hz"),
        ({"strain": STRAIN[:, :4095]}, r"the shape \(3, 4095\), and should have \(3, 4096\)"),
        ({"detectors": ("H1", "L1")}, r"the shape \(3, 4096\), and should have \(2, 4096\)"),
        ({"detectors": ("H1", "L1", "K1")}, "the detectors are H1, L1, K1"),
        ({"detectors": ("H1", "L1", "L1")}, "the detectors are H1, L1, L1"),
        ({"strain": STRAIN.astype(np.float16)}, "strain of type '<f2'"),
        ({"strain": STRAIN.astype(np.int32)}, "strain of type '<i4'"),
    ],
)
def test_what_is_wrong_with_a_segment_is_named(strain, changes, reason):
    with pytest.raises(DecodeError, match=reason):
        strain.decode(segment(**changes))


@pytest.mark.parametrize("changes", [{"detectors": ()}, {"strain": STRAIN[:, :0]}])
def test_a_segment_without_strain_is_missing_it(strain, changes):
    with pytest.raises(MissingInput, match="segment s7 has no strain of any detector"):
        strain.decode(segment(**changes))


def test_too_few_bytes_are_named_with_what_they_should_be(strain):
    class Cut:
        """Says that it has more than it gives."""

        shape, dtype = STRAIN.shape, STRAIN.dtype

        @staticmethod
        def tobytes():
            return b"12345678"

    with pytest.raises(
        DecodeError, match=r"3 x 4096 samples of type <f8 .* 98304 bytes, and has 8"
    ):
        strain.decode(segment(Cut(), detectors=ALL))
