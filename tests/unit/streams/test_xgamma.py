import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import models
import schemas
from models.xgamma_pulse.simulate import simulate
from models.xgamma_pulse.waveforms import to_samples
from pipeline.core import Alert
from pipeline.decode import Decoder
from pipeline.errors import DecodeError, InvalidMessage, MissingInput, UnusableSample
from pipeline.files import read_messages
from pipeline.schema_store import SchemaStore
from pipeline.streams import STREAMS
from pipeline.streams.xgamma.message import Pulse, write_message
from pipeline.times import iso_utc
from pipeline.wire import PacketReader, join_containers
from tests.command_line import skytriage
from tests.strategies import BIG_ID, container
from tests.stream_lanes import answers, open_stream, record

SCHEMA = schemas.load("xgamma_event")
PULSES = simulate(np.random.default_rng(5), 6).waveforms
FACTS = {"sampling_period_ns": 100.0, "baseline_samples": 40, "full_scale": 4095}
WEIGHTS = Path(models.__file__).parent / "xgamma_pulse" / "weights" / "manifest.json"

TRIGGER_NS = 1_767_139_200_123_456_789
"""2025-12-31 00:00:00.123456789 UTC."""


@pytest.fixture(scope="module")
def lane(tmp_path_factory):
    return open_stream("xgamma", tmp_path_factory.mktemp("schemas"))


@pytest.fixture(scope="module")
def xgamma():
    stream = STREAMS["xgamma"]
    return Decoder(stream, PacketReader(stream.formats, SchemaStore()))


def packet(pulse=PULSES[0], /, **changes):
    value = {
        "survey": "hermes",
        "eventId": str(BIG_ID),
        "eventIdLong": BIG_ID,
        "triggerTimeNsUtc": TRIGGER_NS,
        "samplingPeriodNs": 100.0,
        "baselineSamples": 40,
        "dtype": pulse.dtype.str,
        "waveform": pulse.tobytes(),
        "fullScale": 4095.0,
        "pulseIsNegative": False,
        "detector": "A",
        "channel": 7,
    }
    return container(SCHEMA, value | changes)


# What an event is


def test_the_event_is_what_the_packet_says(xgamma):
    event = xgamma.decode(packet()).event

    assert (event.survey, event.event_id, event.event_id_long) == ("hermes", str(BIG_ID), BIG_ID)
    assert (event.time.format, event.time.scale, event.time.meaning) == ("mjd", "utc", "trigger")
    assert (event.detector, event.channel) == ("A", 7)


def test_the_trigger_keeps_its_microseconds(xgamma):
    event = xgamma.decode(packet()).event

    assert iso_utc(event.survey_us) == "2025-12-31T00:00:00.123456Z"


def test_a_name_is_an_id_where_there_is_no_number(xgamma):
    event = xgamma.decode(packet(eventId="run 7/12", eventIdLong=None)).event

    assert (event.event_id, event.event_id_long) == ("run 7/12", None)


def test_two_ids_that_differ_are_refused(xgamma):
    with pytest.raises(DecodeError, match="eventId '7' and eventIdLong 8 are not the same"):
        xgamma.decode(packet(eventId="7", eventIdLong=8))


def test_a_packet_without_a_time_has_none(xgamma):
    candidate = xgamma.decode(packet(triggerTimeNsUtc=None))

    assert (candidate.event.time, candidate.event.survey_us) == (None, None)
    assert candidate.quality == {}


@pytest.mark.parametrize("ns", [0, -1, 2**63 - 1])
def test_a_time_that_cannot_be_is_noted(xgamma, ns):
    candidate = xgamma.decode(packet(triggerTimeNsUtc=ns))

    assert candidate.event.time.value == pytest.approx(40587 + ns / 86_400e9)
    assert candidate.event.survey_us is None
    assert candidate.quality == {"implausibleTime": 1}


# What its samples are


@pytest.mark.parametrize("dtype", ["<u2", ">u2", "<i4", "<f4", ">f8", "<f2"])
def test_samples_of_any_number_type_are_read(xgamma, dtype):
    waveform = (PULSES[0] // 2).astype(dtype)

    sample = xgamma.decode(packet(waveform)).sample

    np.testing.assert_array_equal(sample, waveform.astype(np.float32))


@pytest.mark.parametrize("dtype", ["O", "", "<c8", "u2,u2", "<f16", "datetime64"])
def test_samples_of_another_type_are_named(xgamma, dtype):
    with pytest.raises(DecodeError, match=f"unknown type '{dtype}'"):
        xgamma.decode(packet(dtype=dtype))


def test_bytes_that_are_no_whole_samples_are_counted(xgamma):
    with pytest.raises(DecodeError, match=f"event {BIG_ID} has 399 bytes, which are no samples"):
        xgamma.decode(packet(waveform=PULSES[0].tobytes()[:-1]))


def test_an_empty_waveform_is_missing(xgamma):
    with pytest.raises(MissingInput, match=f"event {BIG_ID} has no waveform"):
        xgamma.decode(packet(waveform=b""))


def test_another_digitiser_is_brought_to_the_samples_of_the_network(xgamma):
    fast = np.repeat(PULSES[0], 8)

    candidate = xgamma.decode(packet(fast, samplingPeriodNs=12.5, baselineSamples=320))

    np.testing.assert_array_equal(candidate.sample, PULSES[0])
    assert candidate.quality == {}


WAVEFORMS = st.integers(1, 500).flatmap(lambda length: arrays(np.uint16, length))


@given(WAVEFORMS, st.sampled_from([12.5, 16.0, 50.0, 100.0, 250.0]), st.data())
def test_a_sample_is_what_training_makes_of_the_waveform(xgamma, waveform, period_ns, data):
    baseline = data.draw(st.integers(0, len(waveform) - 1))
    full_scale = data.draw(st.none() | st.floats(0, 2**16))
    sent = packet(
        waveform,
        samplingPeriodNs=period_ns,
        baselineSamples=baseline,
        fullScale=full_scale,
    )

    trained = to_samples(
        waveform[np.newaxis], period_ns=period_ns, baseline=baseline, full_scale=full_scale
    )

    np.testing.assert_array_equal(xgamma.decode(sent).sample, trained[0])


def test_a_slower_digitiser_is_noted(xgamma):
    slow = np.ascontiguousarray(PULSES[0][::2])

    candidate = xgamma.decode(packet(slow, samplingPeriodNs=200.0, baselineSamples=20))

    np.testing.assert_array_equal(candidate.sample[:-1:2], slow)
    assert candidate.quality == {"upsampled": 1}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"samplingPeriodNs": 500.0}, "sampling period is 500.0 ns"),
        ({"samplingPeriodNs": float("nan")}, "sampling period is nan ns"),
        ({"samplingPeriodNs": -1.0}, "sampling period is -1.0 ns"),
        ({"baselineSamples": 200}, "baseline is 200 samples of a waveform that has 200"),
        ({"baselineSamples": -1}, "baseline is -1 samples"),
        ({"fullScale": float("nan")}, f"digitiser of event {BIG_ID} ends at nan"),
    ],
)
def test_what_says_nothing_sensible_of_the_digitiser_is_refused(xgamma, changes, said):
    with pytest.raises(DecodeError, match=said):
        xgamma.decode(packet(**changes))


def test_negative_pulses_are_turned_over(xgamma):
    upside_down = (4095 - PULSES[0]).astype(np.uint16)

    sample = xgamma.decode(packet(upside_down, pulseIsNegative=True, fullScale=0.0)).sample

    np.testing.assert_array_equal(sample, PULSES[0].astype(np.float32) - 4095)


def test_a_negative_pulse_is_saturated_at_the_lower_end(xgamma):
    waveform = np.full(200, 1000, np.uint16)
    waveform[60] = 0

    sample = xgamma.decode(packet(waveform, pulseIsNegative=True, fullScale=0.0)).sample

    assert np.flatnonzero(np.isinf(sample)).tolist() == [60]


# Quality, as preprocessing counts it


def answer(lane, data):
    return answers(lane, [record(data)])[0]


def test_a_saturated_pulse_is_degraded(lane):
    waveform = PULSES[0].copy()
    waveform[100:104] = 4095

    alert = answer(lane, packet(waveform))

    assert alert.status == "degraded"
    assert alert.quality == {"saturatedFraction": pytest.approx(4 / 200)}


def test_a_short_baseline_is_degraded(lane):
    alert = answer(lane, packet(PULSES[0][20:], baselineSamples=20))

    assert alert.quality == {"paddedFraction": pytest.approx(20 / 200)}


@pytest.mark.parametrize("waveform", [np.full(200, 7, "<u2"), PULSES[0][:90], PULSES[0][:1]])
def test_a_waveform_that_holds_nothing_to_judge_is_refused(lane, waveform):
    waveform = np.ascontiguousarray(waveform)

    error = answer(lane, packet(waveform, baselineSamples=min(40, len(waveform) - 1)))

    assert isinstance(error, UnusableSample)


# Batches


def test_one_bad_pulse_of_a_batch_costs_only_itself(lane):
    good = [packet(PULSES[row], eventId=str(row), eventIdLong=row) for row in range(5)]
    bad = packet(eventId="bad", eventIdLong=None, dtype="O")
    batch = join_containers([*good[:2], bad, *good[2:]])

    records = lane.split(record(batch, 7))
    found = answers(lane, records)

    assert [type(one) for one in found] == [Alert, Alert, DecodeError, Alert, Alert, Alert]
    assert [one.score for one in found if isinstance(one, Alert)] == [
        one.score for one in answers(lane, [record(data) for data in good])
    ]


def test_the_bad_pulse_of_a_batch_can_be_sent_back_alone(lane):
    bad = packet(eventId="bad", eventIdLong=None, dtype="O")

    part = lane.split(record(join_containers([packet(), bad]), 7))[1]

    assert (part.origin.offset, part.origin.index, part.origin.records) == (7, 1, 2)
    with pytest.raises(DecodeError, match="unknown type 'O'"):
        lane.decoder.decode(part.value)


# Files


def hdf5(waveforms, **facts):
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        file.create_dataset("waveforms", data=waveforms)
        file.attrs.update(facts)
    return data.getvalue()


def npz(waveforms, **facts):
    data = io.BytesIO()
    np.savez(data, waveforms=waveforms, **facts)
    return data.getvalue()


def csv(waveforms, **facts):
    lines = [f"# {name} = {value}" for name, value in facts.items()]
    lines.append(",".join(map(str, range(waveforms.shape[1]))))
    lines += [",".join(map(str, waveform)) for waveform in waveforms]
    return "\n".join(lines).encode()


@pytest.fixture(params=[hdf5, npz, csv])
def written(request, tmp_path):
    """A file of pulses, whose name says nothing."""
    path = tmp_path / "pulses"
    path.write_bytes(request.param(PULSES, **FACTS))
    return path


def messages(path):
    return list(read_messages(path, STREAMS["xgamma"].read_file))


def test_each_pulse_of_a_file_is_a_message(xgamma, written):
    found = [xgamma.decode(message.value) for message in messages(written)]

    np.testing.assert_array_equal(np.stack([one.sample for one in found]), PULSES)
    assert {one.event.survey for one in found} == {"pulse file"}


def test_a_pulse_of_a_file_has_the_same_id_wherever_the_file_lies(xgamma, written):
    copy = written.parent / "copy"
    copy.write_bytes(written.read_bytes())
    ids = [
        [xgamma.decode(message.value).event.event_id for message in messages(path)]
        for path in (written, copy)
    ]

    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(PULSES)


def test_the_digitisers_range_is_passed_on(xgamma, tmp_path):
    waveforms = PULSES.copy()
    waveforms[2, 100] = 4095
    path = tmp_path / "pulses.h5"
    path.write_bytes(hdf5(waveforms, **FACTS))

    samples = [xgamma.decode(message.value).sample for message in messages(path)]

    assert np.argwhere(np.isinf(samples)).tolist() == [[2, 100]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello", r"pulses is text \('hello'\), and no file of pulses"),
        (b"", "pulses is empty, and no file of pulses"),
        (b"\x89PNG\r\n", "pulses is a PNG image, and no file of pulses"),
        (hdf5(PULSES, sampling_period_ns=100.0), "pulses has no baseline_samples"),
        (npz(PULSES[:0], **FACTS), "pulses holds no pulse"),
        (csv(PULSES, **FACTS) + b"\n1,2,3", "a line has 3 columns, but its header 200"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_it_is(tmp_path, data, said):
    (tmp_path / "pulses").write_bytes(data)

    (message,) = messages(tmp_path / "pulses")

    assert message.value == data
    assert isinstance(message.error, InvalidMessage)
    with pytest.raises(DecodeError, match=said):
        raise message.error


def test_a_message_is_what_the_schema_says():
    pulse = Pulse(
        survey="hermes",
        event_id=str(BIG_ID),
        event_id_long=BIG_ID,
        detector="A",
        channel=7,
        trigger_time_ns_utc=TRIGGER_NS,
        waveform=PULSES[0],
        sampling_period_ns=100.0,
        baseline_samples=40,
        full_scale=4095.0,
    )
    stream = STREAMS["xgamma"]
    reader = PacketReader(stream.formats, SchemaStore())

    assert reader.read(write_message(pulse))[1:] == reader.read(packet())[1:]


@pytest.mark.skipif(not WEIGHTS.exists(), reason="xgamma_pulse has no weights yet")
def test_pulses_of_a_file_are_classified(written):
    judged = skytriage("classify", "xgamma", written, "--json").lines

    assert [line["status"] for line in judged] == ["ok"] * len(PULSES)
    assert all(set(line["classification"]) == {"x_ray", "gamma_ray"} for line in judged)
