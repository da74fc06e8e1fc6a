"""What Kafka has of running strain: messages to a partition, and what became of each."""

import io
import time

import fastavro
from confluent_kafka import TopicPartition

from pipeline.dead_letters import dead_letter_origin
from pipeline.tally import Tally

__all__ = ["answered_offsets", "records_of", "send", "tally", "wait_until_answered"]


def send(broker, topic, messages):
    """Send keys and values, in order."""
    producer = broker.producer()
    for key, value in messages:
        producer.produce(topic, value, key)
    assert producer.flush(30) == 0


def tally(broker, names):
    """Return what is committed of the input: the offset, and the counts."""
    with broker.consumer(names["in"]) as consumer:
        (place,) = consumer.committed([TopicPartition(names["in"], 0)], 10)
    return place.offset, Tally.from_metadata(place.metadata)


def wait_until_answered(broker, names, count, timeout_s=60):
    """Wait until so many messages of the input are answered and committed."""
    deadline_s = time.monotonic() + timeout_s
    while (found := tally(broker, names))[1] is None or found[1].consumed < count:
        assert time.monotonic() < deadline_s, found
        time.sleep(0.1)


def records_of(broker, topic):
    """Return the records of a topic that a reader of committed data sees."""
    return [next(fastavro.reader(io.BytesIO(m.value()))) for m in broker.read(topic)]


def answered_offsets(broker, names):
    """Return the offset of the input message of each result, dead letters among them."""
    offsets = [record["source"]["offset"] for record in records_of(broker, names["out"])]
    letters = broker.read(names["dead"])
    return offsets + [dead_letter_origin(letter.headers()).offset for letter in letters]
