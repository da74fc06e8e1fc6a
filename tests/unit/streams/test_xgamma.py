"""Pulses of X and gamma rays: which event a packet is, its quality, and packets in a batch."""

import numpy as np
import pytest

from pipeline.core import Alert
from pipeline.errors import DecodeError, UnusableSample
from pipeline.schema_store import SchemaStore
from pipeline.streams import STREAMS
from pipeline.streams.xgamma.message import Pulse, write_message
from pipeline.times import iso_utc
from pipeline.wire import PacketReader, join_containers
from tests.pulses import PULSES, TRIGGER_NS, packet
from tests.strategies import BIG_ID
from tests.stream_lanes import answers, open_stream, record


@pytest.fixture(scope="module")
def lane(tmp_path_factory):
    return open_stream("xgamma", tmp_path_factory.mktemp("schemas"))


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
