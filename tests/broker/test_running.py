"""Running strain on a real broker: one alert for each event, and every message answered once."""

import time
from collections import Counter

import pytest

from tests.running_strain import GPS_S, frame, running_lane, strain_of
from tests.running_topics import answered_offsets, records_of, send, tally, wait_until_answered
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
    return [(name, frame(name, k, strain[name])) for k in range(SECONDS) for name in strain]


def results(broker, names):
    """How often each input message has a result."""
    return Counter(answered_offsets(broker, names))


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
