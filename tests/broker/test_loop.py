"""The loop on a real broker: every message once, committed with its result."""

import contextlib
import io
import json
import time
from collections import Counter

import fastavro
import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pipeline import sink as sink_module
from pipeline.tally import Tally
from tests.toy_stream import BOOM, CRASH, SLOW, toy_loop


@pytest.fixture
def names(topics):
    return {
        "in": topics.create("in", partitions=4),
        "out": topics.create("out"),
        "alerts": topics.create("alerts"),
        "dead": topics.create("dead"),
    }


def send(broker, topic, values):
    producer = broker.producer(linger_ms=5)
    for value in values:
        producer.produce(topic, str(value).encode())
    assert producer.flush(30) == 0


def classified(broker, names, at_least=0, **options):
    """The event ids that a reader of committed data sees."""
    return [
        next(fastavro.reader(io.BytesIO(message.value())))["eventId"]
        for message in broker.read(names["out"], at_least, **options)
    ]


def committed(broker, names, group):
    with broker.consumer(group) as consumer:
        partitions = [TopicPartition(names["in"], partition) for partition in range(4)]
        return consumer.committed(partitions, 10)


def wait_until_committed(broker, names, group, messages, timeout_s=30):
    deadline_s = time.monotonic() + timeout_s
    while sum(max(0, p.offset) for p in committed(broker, names, group)) < messages:
        assert time.monotonic() < deadline_s, committed(broker, names, group)
        time.sleep(0.05)


def wait_until(condition, timeout_s=30):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


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


def test_a_transaction_that_fails_is_done_again_and_seen_once(broker, names):
    send(broker, names["in"], range(500))
    with toy_loop(broker, names, names["in"]) as loop:
        sink, failures = loop._writer._sink, []
        commit = sink.commit

        def commit_or_fail(*arguments):
            if len(failures) < 3:
                failures.append(sink._producer)
                # The broker now holds a transaction with our results that will not be committed.
                sink._producer.flush(10)
                sink.abort()
                raise sink_module.Aborted("injected")
            commit(*arguments)

        sink.commit = commit_or_fail
        wait_until_committed(broker, names, names["in"], 500)
    assert len(failures) == 3
    assert sorted(map(int, classified(broker, names))) == list(range(500))
    assert len(classified(broker, names, isolation="read_uncommitted")) > 500


def test_a_producer_whose_fate_is_unknown_is_replaced(broker, names):
    send(broker, names["in"], range(100))
    with toy_loop(broker, names, names["in"]) as loop:
        wait_until_committed(broker, names, names["in"], 100)
        sink = loop._writer._sink
        first = sink._producer
        sink._replace_producer(sink_module.KafkaException(sink_module.KafkaError(-185)))
        send(broker, names["in"], range(100, 200))
        wait_until_committed(broker, names, names["in"], 200)
        assert sink._producer is not first
    assert sorted(map(int, classified(broker, names))) == list(range(200))


def test_a_worker_that_was_replaced_ends_instead_of_fighting(broker, names):
    send(broker, names["in"], range(10))
    errors = []
    with toy_loop(broker, names, names["in"], task="twin", errors=errors):
        wait_until_committed(broker, names, names["in"], 10)
        twin = broker.producer(transactional_id=f"{names['in']}.twin")
        twin.init_transactions(10)
        send(broker, names["in"], range(10, 20))
        deadline_s = time.monotonic() + 30
        while not errors:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
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
                wait_until(lambda: is_fenced(sink._producer))  # before the next result

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
                    writer._sink._producer.produce(names["out"], b"late")
                wait_until(lambda: is_fenced(writer._sink._producer))
                loop.intake.abandon()
            return False

        writer._is_due = be_replaced_and_give_up
        wait_until(lambda: errors)
    assert "same transactional id" in str(errors[0])


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


def test_two_workers_that_stop_together_stop_at_once(broker, names):
    with toy_loop(broker, names, names["in"], task="a") as a:
        with toy_loop(broker, names, names["in"], task="b") as b:
            send(broker, names["in"], range(100))
            wait_until_committed(broker, names, names["in"], 100)
            began_s = time.monotonic()
            a.stop()
            b.stop()
        assert time.monotonic() - began_s < 15, "one waited for an answer that never comes"


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


def several(first, count):
    return ",".join(str(number) for number in range(first, first + count))


def test_each_record_of_a_message_has_a_result_of_its_own(broker, names):
    send(broker, names["in"], [several(0, 3), f"5,garbage,{BOOM},7"])
    with toy_loop(broker, names, names["in"]):
        wait_until_committed(broker, names, names["in"], 2)
    dead = {message.value(): dict(message.headers()) for message in broker.read(names["dead"])}
    assert {value: headers["skytriage.record.index"] for value, headers in dead.items()} == {
        b"garbage": b"1",
        str(BOOM).encode(): b"2",
    }
    assert sorted(classified(broker, names)) == ["0", "1", "2", "5", "7"]
    tallies = [Tally.from_metadata(p.metadata) for p in committed(broker, names, names["in"])]
    assert sum(tally.consumed for tally in tallies if tally) == 7


def test_messages_of_more_records_than_a_batch_are_seen_once_though_workers_stop_amid_them(
    broker, names
):
    each, many = 100, 40  # a batch of the toy has 32
    send(broker, names["in"], [several(each * k, each) for k in range(many)])
    for stop_after in (1, 5, 20, many):
        with toy_loop(broker, names, names["in"]):
            wait_until_committed(broker, names, names["in"], stop_after)
    numbers = sorted(map(int, classified(broker, names)))
    assert numbers == [n for n in range(each * many) if n != BOOM]


def test_half_a_message_is_never_committed(broker, names):
    send(broker, names["in"], [f"{several(0, 31)},{SLOW},{several(40, 30)}"])
    with toy_loop(broker, names, names["in"], commit_interval_s=0.01):
        seen = []
        while len(seen) < 62:
            seen = classified(broker, names)
            assert len(seen) in {0, 62}
    assert len(set(seen)) == 62


def test_half_a_message_that_is_given_up_does_not_hold_the_reader(broker, names):
    send(broker, names["in"], [f"{several(0, 40)},{SLOW},{several(50, 60)}"])
    with toy_loop(broker, names, names["in"]) as loop:
        wait_until(loop.intake.ledger.has_divided)
        loop.intake.abandon()  # as a registry that does not answer makes the reader do
        wait_until_committed(broker, names, names["in"], 1)
    assert len(set(classified(broker, names))) == len(classified(broker, names)) == 101
