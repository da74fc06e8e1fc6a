"""What every stream keeps to: a new one is tested by its line in the tables."""

import io
import json
from dataclasses import replace
from itertools import groupby

import fastavro
import numpy as np
import pytest
from astropy.time import Time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import NETWORKS
from pipeline.container import MAGIC, Header
from pipeline.core import Alert
from pipeline.dead_letters import PREFIX, dead_letter_headers, dead_letter_origin
from pipeline.errors import InvalidMessage
from pipeline.simulation import SIMULATED
from pipeline.streams import STREAMS
from pipeline.times import to_us
from pipeline.wire import join_containers
from tests.avro_strategies import values
from tests.strategies import container, damaged
from tests.stream_lanes import answers, judged, open_stream, received, record, simulated

COUNT = 18


@pytest.fixture(scope="module", params=STREAMS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def lane(name, tmp_path_factory):
    return open_stream(name, tmp_path_factory.mktemp("schemas"))


@pytest.fixture(scope="module")
def packets(name):
    return simulated(name, COUNT)


@pytest.fixture(scope="module")
def candidates(lane, packets):
    return [lane.decoder.decode(packet.data) for packet in packets]


@pytest.fixture(scope="module")
def alerts(lane, packets):
    return answers(lane, [record(packet.data, i) for i, packet in enumerate(packets)])


@pytest.fixture(scope="module")
def runs(packets):
    """The packets that are containers, by their schema, as a producer would put them together."""
    containers = [packet.data for packet in packets if packet.data.startswith(MAGIC)]
    if not containers:
        pytest.skip("no packet of this stream is a container")
    containers.sort(key=schema_of)  # stable: the order of the packets stays
    return [list(run) for _, run in groupby(containers, schema_of)]


def schema_of(data):
    return Header.read(data).schema


def test_every_stream_has_a_network_and_a_simulator():
    assert STREAMS.keys() == SIMULATED.keys()
    assert {stream.network for stream in STREAMS.values()} <= NETWORKS.keys()


# Decoding


def test_a_simulated_packet_becomes_a_sample_that_its_network_takes(lane, candidates):
    shapes = {candidate.sample.shape for candidate in candidates}

    assert shapes == {lane.classifier.network.sample_shape}
    assert {candidate.sample.dtype for candidate in candidates} == {np.dtype(np.float32)}


def test_simulated_data_say_that_they_are_simulated(candidates):
    assert all("simulated" in candidate.event.survey for candidate in candidates)


def test_a_clean_packet_is_not_degraded(candidates):
    assert [candidate.quality for candidate in candidates] == [{}] * COUNT


def test_a_seed_makes_the_same_packets_again(name, packets):
    assert simulated(name, COUNT) == packets


def test_an_id_keeps_all_its_digits(packets, candidates):
    ids = [packet.event_id for packet in packets]
    events = [candidate.event for candidate in candidates]

    assert [event.event_id for event in events] == ids
    assert [event.event_id_long for event in events] in ([None] * COUNT, numbers_of(ids))


def numbers_of(ids):
    """Return ids as integers, where all of them are some."""
    return [int(one) for one in ids] if all(one.isdecimal() for one in ids) else None


def test_no_two_events_share_an_id(candidates):
    assert len({candidate.event.event_id for candidate in candidates}) == COUNT


def test_an_event_has_a_time_that_agrees_with_our_clock(candidates):
    for event in (candidate.event for candidate in candidates):
        assert event.survey_us == pytest.approx(to_us(event.time), abs=1)


def test_astropy_reads_the_time_of_an_event_as_we_do(candidates):
    for event in (candidate.event for candidate in candidates):
        time = Time(event.time.value, format=event.time.format, scale=event.time.scale)

        assert time.utc.unix * 1e6 == pytest.approx(event.survey_us, abs=100)


def decode_or_say_why(lane, data):
    """Decode each record of a message; whatever but an `InvalidMessage` fails the test."""
    parts = lane.split(record(data))
    prepared = lane.prepare(parts)
    rows = [item for item in prepared.items if item.error is None]

    assert all(isinstance(item.error, InvalidMessage | None) for item in prepared.items)
    assert prepared.inputs.shape == (len(rows), *lane.classifier.network.input_shape)
    assert np.isfinite(prepared.inputs).all()


@given(st.binary(max_size=200), st.sampled_from([b"", MAGIC, b"\0\0\0\0\1"]))
def test_any_bytes_are_decoded_or_invalid(lane, data, start):
    decode_or_say_why(lane, start + data)


@settings(suppress_health_check=[HealthCheck.data_too_large])
@given(st.data())
def test_a_damaged_packet_is_decoded_or_invalid(lane, packets, data):
    decode_or_say_why(lane, data.draw(damaged([packet.data for packet in packets])))


@given(st.data())
def test_any_values_that_a_schema_allows_are_decoded_or_invalid(lane, runs, data):
    good = data.draw(st.sampled_from([run[0] for run in runs]))
    schema, packet = json.loads(schema_of(good)), next(fastavro.reader(io.BytesIO(good)))
    names = {}
    fields = {field["name"]: values(field["type"], names) for field in schema["fields"]}
    for field in data.draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=3)):
        packet[field] = data.draw(fields[field])

    decode_or_say_why(lane, container(schema, packet))


@given(st.data())
def test_a_packet_cut_short_is_invalid(lane, packets, data):
    packet = data.draw(st.sampled_from(packets)).data
    end = data.draw(st.integers(0, len(packet) - 1))

    with pytest.raises(InvalidMessage):
        lane.decoder.decode(packet[:end])


# Quality


class Mending:
    """A decoder that had to mend all it read."""

    def __init__(self, decoder, mend):
        self._decoder, self._mend = decoder, mend

    def decode(self, data):
        return self._mend(self._decoder.decode(data))


def mended(lane, mend, packets):
    lane = replace(lane, decoder=Mending(lane.decoder, mend))
    return answers(lane, [record(packet.data) for packet in packets])


def test_what_was_mended_makes_an_alert_degraded(lane, packets):
    found = mended(lane, lambda one: replace(one, quality={"mended": 0.25}), packets)

    assert {alert.status for alert in found} == {"degraded"}
    assert [alert.quality["mended"] for alert in found] == [0.25] * COUNT


def test_a_sample_with_a_hole_is_degraded_or_refused_and_never_clean(lane, packets):
    def with_a_hole(candidate):
        sample = candidate.sample.copy()
        sample[(0,) * sample.ndim] = np.nan
        return replace(candidate, sample=sample)

    found = mended(lane, with_a_hole, packets)

    assert all(isinstance(one, InvalidMessage) or one.status == "degraded" for one in found)


# Dead letters


@pytest.mark.parametrize("damage", ["half", "junk", "nothing"])
def test_an_unreadable_message_is_a_dead_letter_that_says_why(lane, packets, damage):
    packet = packets[0].data
    data = {"half": packet[: len(packet) // 2], "junk": b"junk", "nothing": b""}[damage]
    message = record(data, 7, key=b"key", headers=(("traceparent", b"00-1"),))

    (error,) = answers(lane, [message])
    headers = dead_letter_headers(message, error, task="t.0")
    said = dict(headers)

    assert said[PREFIX + "stage"] == b"decode"
    assert said[PREFIX + "exception.message"].decode() == str(error) != ""
    assert said["traceparent"] == b"00-1"
    assert dead_letter_origin(headers) == message.origin


def test_an_unreadable_message_changes_no_neighbour(lane, packets, alerts):
    records = [record(packet.data) for packet in packets]
    records.insert(COUNT // 2, record(b"junk"))

    found = answers(lane, records)
    bad = found.pop(COUNT // 2)

    assert isinstance(bad, InvalidMessage)
    assert [one.alert_id for one in found] == [one.alert_id for one in alerts]
    assert [one.score for one in found] == [one.score for one in alerts]


# Batches


def test_each_record_of_a_batch_is_called_by_its_place(lane, runs):
    for run in runs:
        origins = [part.origin for part in lane.split(record(join_containers(run), 7))]

        assert [origin.index for origin in origins] == list(range(len(run)))
        assert {(origin.offset, origin.records) for origin in origins} == {(7, len(run))}


def test_a_batch_of_records_is_answered_like_the_single_ones(lane, runs):
    for run in runs:
        singles = answers(lane, [record(data) for data in run])
        batch = answers(lane, lane.split(record(join_containers(run))))

        assert [one.alert_id for one in batch] == [one.alert_id for one in singles]
        assert [one.score for one in batch] == [one.score for one in singles]
        assert [one.quality for one in batch] == [one.quality for one in singles]


def test_a_record_of_a_batch_can_be_sent_back_alone(lane, runs):
    for run in runs:
        for data, part in zip(run, lane.split(record(join_containers(run))), strict=True):
            again, before = (lane.decoder.decode(one) for one in (part.value, data))

            assert again.event == before.event
            np.testing.assert_array_equal(again.sample, before.sample)


# What is published


def test_what_a_subscriber_gets_is_what_was_judged(alerts):
    for alert, got in zip(alerts, received(alerts), strict=True):
        expected = judged(alert)
        assert {name: getattr(got, name) for name in expected} == expected
        assert tuple(got.classification) == alert.network.classes


def test_the_place_in_a_batch_survives_to_the_subscriber(lane, runs):
    for run in runs:
        parts = lane.split(record(join_containers(run), 2**53 + 1))

        sources = [got.source for got in received(answers(lane, parts))]

        assert sources == [part.origin for part in parts]


def test_every_alert_says_when_it_happened_and_when_it_was_judged(alerts):
    for alert in alerts:
        times = alert.times
        assert isinstance(alert, Alert)
        assert times.survey_us == alert.candidate.event.survey_us
        assert times.received_us <= times.decoded_us <= times.inferred_us <= times.produced_us
