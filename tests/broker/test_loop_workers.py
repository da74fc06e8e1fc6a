"""Loops of one group: workers that join, stop, die and are replaced, and what becomes of their work."""

import contextlib
import time
from collections import Counter

import pytest
from confluent_kafka import KafkaError, KafkaException

from tests.toy_stream import CRASH, SLOW, toy_loop
from tests.toy_topics import classified, committed, send, wait_until, wait_until_committed


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_workers_that_come_and_go_neither_lose_nor_repeat(broker, names, protocol):
    numbers = list(range(1000, 7000))
    options = {"group.protocol": protocol}
    with toy_loop(broker, names, names["in"], task="a", **options):
        send(broker, names["in"], numbers[:2000])
        with toy_loop(broker, names, names["in"], task="b", **options):
            send(broker, names["in"], numbers[2000:4000])
            time.sleep(2)
        send(broker, names["in"], numbers[4000:])
        wait_until_committed(broker, names, names["in"], len(numbers))
    assert Counter(map(int, classified(broker, names))) == Counter(numbers)


def test_what_is_in_flight_when_a_worker_joins_is_committed_and_not_given_up(broker, names):
    with toy_loop(broker, names, names["in"], task="a") as first:
        send(broker, names["in"], [SLOW, *range(1000, 1200)] * 2)
        with toy_loop(broker, names, names["in"], task="b"):
            wait_until_committed(broker, names, names["in"], 402)
    transactions = {
        labels: number
        for (name, labels), number in first.recorder.snapshot().counters.items()
        if name == "skytriage_transactions"
    }
    assert transactions.get(("aborted",), 0) == 0
    assert len(classified(broker, names)) == 402


def test_two_workers_that_stop_together_stop_at_once(broker, names):
    with toy_loop(broker, names, names["in"], task="a") as a:
        with toy_loop(broker, names, names["in"], task="b") as b:
            send(broker, names["in"], range(100))
            wait_until_committed(broker, names, names["in"], 100)
            began_s = time.monotonic()
            a.stop()
            b.stop()
        assert time.monotonic() - began_s < 15, "one waited for an answer that never comes"


def test_what_is_in_the_network_when_the_reader_dies_is_seen_once(broker, names):
    send(broker, names["in"], [SLOW, *range(20)])
    errors = []
    with toy_loop(broker, names, names["in"], errors=errors) as loop:
        wait_until(lambda: loop.pulse.infer_since_s)  # the first batch is in the network
        send(broker, names["in"], [CRASH.decode()] * 4)
        wait_until(lambda: errors)
    time.sleep(2)  # were it published, it would be by now
    assert "a bug in the reader" in str(errors[0])
    done = sum(max(0, p.offset) for p in committed(broker, names, names["in"]))
    assert len(classified(broker, names)) == done


def test_a_worker_that_was_replaced_ends_instead_of_fighting(broker, names):
    send(broker, names["in"], range(10))
    errors = []
    with toy_loop(broker, names, names["in"], task="twin", errors=errors):
        wait_until_committed(broker, names, names["in"], 10)
        twin = broker.producer(transactional_id=f"{names['in']}.twin")
        twin.init_transactions(10)
        send(broker, names["in"], range(10, 20))
        wait_until(lambda: errors)
    assert "same transactional id" in str(errors[0])


def is_fenced(producer):
    """Whether a producer, amid a transaction, knows by now that another has its place."""
    try:
        producer.begin_transaction()
    except KafkaException as error:
        return error.args[0].code() == KafkaError._FENCED


def test_a_worker_that_is_replaced_amid_a_transaction_ends_too(broker, names):
    send(broker, names["in"], range(500))
    errors = []
    with toy_loop(broker, names, names["in"], task="twin", errors=errors) as loop:
        sink, twins = loop._writer._sink, []
        publish = sink.publish

        def be_replaced_and_publish(alert, record):
            is_first = not twins
            if is_first:
                twins.append(broker.producer(transactional_id=f"{names['in']}.twin"))
                twins[0].init_transactions(10)
            publish(alert, record)
            if is_first:
                wait_until(lambda: is_fenced(sink.transactions._producer))  # before the next result

        sink.publish = be_replaced_and_publish
        wait_until(lambda: errors)
    assert "same transactional id" in str(errors[0])


def test_a_worker_that_is_replaced_before_it_takes_its_results_back_ends_too(broker, names):
    send(broker, names["in"], range(500))
    errors = []
    with toy_loop(broker, names, names["in"], task="twin", errors=errors) as loop:
        writer, twins = loop._writer, []

        def be_replaced_and_give_up():
            if not twins:
                twins.append(broker.producer(transactional_id=f"{names['in']}.twin"))
                twins[0].init_transactions(10)
                with contextlib.suppress(KafkaException):  # it may know by now
                    writer._sink.transactions._producer.produce(names["out"], b"late")
                wait_until(lambda: is_fenced(writer._sink.transactions._producer))
                loop.intake.abandon()
            return False

        writer._is_due = be_replaced_and_give_up
        wait_until(lambda: errors)
    assert "same transactional id" in str(errors[0])
