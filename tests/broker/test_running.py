"""Running strain on a real broker: one alert for each event, and every message answered once."""

import io
import time
from collections import Counter

import fastavro
import pytest
from confluent_kafka import TopicPartition

from pipeline.dead_letters import dead_letter_origin
from pipeline.tally import Tally
from tests.running_strain import GPS_S, frame, running_lane, strain_of
from tests.toy_stream import toy_loop

SECONDS, BURST_S = 60, 30.3


@pytest.fixture
def names(topics):
    return {
        "in": topics.create("in", partitions=1),
        "out": topics.create("out"),
        "alerts": topics.create("alerts"),
        "dead": topics.create("dead"),
    }


@pytest.fixture(scope="module")
def messages():
    strain = {name: strain_of(name, SECONDS, [BURST_S]) for name in ("H1", "L1")}
    return [frame(name, k, strain[name]) for k in range(SECONDS) for name in strain]


def send(broker, topic, values):
    producer = broker.producer()
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def tally(broker, names):
    with broker.consumer(names["in"]) as consumer:
        (place,) = consumer.committed([TopicPartition(names["in"], 0)], 10)
    return place.offset, Tally.from_metadata(place.metadata)


def wait_until_answered(broker, names, count, timeout_s=60):
    deadline_s = time.monotonic() + timeout_s
    while (found := tally(broker, names))[1] is None or found[1].consumed < count:
        assert time.monotonic() < deadline_s, found
        time.sleep(0.1)


def records_of(broker, topic):
    return [next(fastavro.reader(io.BytesIO(m.value()))) for m in broker.read(topic)]


def results(broker, names):
    """How often each input message has a result."""
    origins = [record["source"]["offset"] for record in records_of(broker, names["out"])]
    origins += [dead_letter_origin(m.headers()).offset for m in broker.read(names["dead"])]
    return Counter(origins)


LAST = 2 * (SECONDS - 4)
"""Messages that can be answered: the last four seconds of each detector wait for more."""


def test_an_event_is_one_alert_and_every_message_has_one_result(broker, names, messages):
    send(broker, names["in"], messages)
    with toy_loop(broker, names, names["in"], lane=running_lane()):
        wait_until_answered(broker, names, LAST)

    (event,) = records_of(broker, names["alerts"])
    assert abs(event["eventTime"]["value"] - GPS_S - BURST_S) < 0.1
    assert event["strain"]["detectors"] == ["H1", "L1"]
    assert results(broker, names) == dict.fromkeys(range(LAST), 1)


def test_a_commit_says_from_where_to_read_again_and_what_was_answered(broker, names, messages):
    send(broker, names["in"], messages)
    with toy_loop(broker, names, names["in"], lane=running_lane()):
        wait_until_answered(broker, names, LAST)

    offset, found = tally(broker, names)
    assert found.answered == LAST
    assert 0 < offset < LAST - 2 * 30  # half a minute of each detector


def test_workers_that_come_and_go_neither_lose_nor_repeat(broker, names, messages):
    sent = 0
    for count in (20, 50, 62, 66, 70, 90):
        send(broker, names["in"], messages[sent:count])
        sent = count
        with toy_loop(broker, names, names["in"], lane=running_lane()):
            if count > 2 * 16:
                wait_until_answered(broker, names, count - 8)
    send(broker, names["in"], messages[90:])
    with toy_loop(broker, names, names["in"], lane=running_lane()):
        wait_until_answered(broker, names, LAST)

    assert len(records_of(broker, names["alerts"])) == 1
    assert results(broker, names) == dict.fromkeys(range(LAST), 1)


def test_frames_that_wait_do_not_hold_up_a_worker_that_stops(broker, names, messages):
    send(broker, names["in"], messages[:20])
    with toy_loop(broker, names, names["in"], lane=running_lane()) as loop:
        wait_until_answered(broker, names, 4)
        assert loop.intake.ledger.in_flight() == 16
        began_s = time.monotonic()
    assert time.monotonic() - began_s < 5

    assert results(broker, names) == dict.fromkeys(range(4), 1)  # which no window will have
