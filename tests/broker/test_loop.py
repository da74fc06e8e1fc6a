"""The loop on a real broker: every message once, committed with its result."""

import json
import time

from confluent_kafka import KafkaError, KafkaException

from pipeline.tally import Tally
from pipeline.transactions import Aborted
from tests.toy_stream import BOOM, toy_loop
from tests.toy_topics import classified, committed, send, wait_until_committed


def test_every_message_is_classified_once_and_its_offset_committed(broker, names):
    send(broker, names["in"], range(1000))
    with toy_loop(broker, names, names["in"]):
        wait_until_committed(broker, names, names["in"], 1000)
    assert sorted(map(int, classified(broker, names))) == [n for n in range(1000) if n != BOOM]


def test_alerts_are_those_that_reach_the_threshold(broker, names):
    send(broker, names["in"], range(10))
    with toy_loop(broker, names, names["in"]):
        wait_until_committed(broker, names, names["in"], 10)
    keys = sorted(message.key() for message in broker.read(names["alerts"]))
    assert keys == [b"1", b"3", b"5", b"7", b"9"]


def test_bad_messages_are_set_aside_alone_with_their_bytes_and_reason(broker, names):
    send(broker, names["in"], [1, "garbage", BOOM, 2])
    with toy_loop(broker, names, names["in"]):
        wait_until_committed(broker, names, names["in"], 4)
    dead = {message.value(): dict(message.headers()) for message in broker.read(names["dead"])}
    stages = {value: headers["__connect.errors.stage"] for value, headers in dead.items()}
    assert stages == {b"garbage": b"decode", b"666": b"infer"}
    assert b"not a number" in dead[b"garbage"]["__connect.errors.exception.message"]
    assert sorted(classified(broker, names)) == ["1", "2"]


def test_the_tally_is_committed_with_the_offsets(broker, names):
    send(broker, names["in"], [*range(100), "garbage"])
    with toy_loop(broker, names, names["in"]):
        wait_until_committed(broker, names, names["in"], 101)
    tallies = [Tally.from_metadata(p.metadata) for p in committed(broker, names, names["in"])]
    tallies = [tally for tally in tallies if tally is not None]
    assert sum(tally.classified for tally in tallies) == 100
    assert sum(tally.dead_lettered for tally in tallies) == 1


def test_the_tally_goes_on_after_a_restart(broker, names):
    for total in (50, 100):
        send(broker, names["in"], range(50))
        with toy_loop(broker, names, names["in"]):
            wait_until_committed(broker, names, names["in"], total)
    metadata = [p.metadata for p in committed(broker, names, names["in"]) if p.metadata]
    assert sum(json.loads(text)["consumed"] for text in metadata) == 100


def test_a_transaction_that_fails_is_done_again_and_seen_once(broker, names):
    send(broker, names["in"], range(500))
    with toy_loop(broker, names, names["in"]) as loop:
        transactions, failures = loop._writer._sink.transactions, []
        commit = transactions.commit

        def commit_or_fail(*arguments):
            if len(failures) < 3:
                failures.append(transactions._producer)
                # The broker now holds a transaction with our results that will not be committed.
                transactions._producer.flush(10)
                transactions.abort()
                raise Aborted("injected")
            commit(*arguments)

        transactions.commit = commit_or_fail
        wait_until_committed(broker, names, names["in"], 500)
    assert len(failures) == 3
    assert sorted(map(int, classified(broker, names))) == list(range(500))
    assert len(classified(broker, names, isolation="read_uncommitted")) > 500


def test_a_producer_whose_fate_is_unknown_is_replaced(broker, names):
    send(broker, names["in"], range(100))
    with toy_loop(broker, names, names["in"]) as loop:
        wait_until_committed(broker, names, names["in"], 100)
        transactions = loop._writer._sink.transactions
        first = transactions._producer
        transactions._replace_producer(KafkaException(KafkaError(-185)))
        send(broker, names["in"], range(100, 200))
        wait_until_committed(broker, names, names["in"], 200)
        assert transactions._producer is not first
    assert sorted(map(int, classified(broker, names))) == list(range(200))


def test_without_transactions_everything_arrives_at_least_once(broker, names):
    send(broker, names["in"], range(500))
    with toy_loop(broker, names, names["in"], transactional=False):
        wait_until_committed(broker, names, names["in"], 500)
    assert set(map(int, classified(broker, names))) == set(range(500))


def test_a_lone_message_is_committed_at_once(broker, names):
    with toy_loop(broker, names, names["in"], commit_interval_s=5.0):
        send(broker, names["in"], [1])
        wait_until_committed(broker, names, names["in"], 1, timeout_s=10)
        times = []
        for number in range(2, 12):
            began_s = time.monotonic()
            send(broker, names["in"], [number])
            wait_until_committed(broker, names, names["in"], number)
            times.append(time.monotonic() - began_s)
    assert sorted(times)[len(times) // 2] < 2.5, "it waits for the commit interval"
