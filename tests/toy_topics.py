"""What Kafka has of the toy stream: numbers sent, what was said of them, and what is committed."""

import io
import time

import fastavro
from confluent_kafka import TopicPartition

__all__ = ["classified", "committed", "send", "wait_until", "wait_until_committed"]


def send(broker, topic, values):
    """Send numbers, or lists of them as text."""
    producer = broker.producer(linger_ms=5)
    for value in values:
        producer.produce(topic, str(value).encode())
    assert producer.flush(30) == 0


def classified(broker, names, **options):
    """Return the event ids that a reader of committed data sees."""
    return [
        next(fastavro.reader(io.BytesIO(message.value())))["eventId"]
        for message in broker.read(names["out"], **options)
    ]


def committed(broker, names, group):
    """Return what a group has committed of each partition of the input."""
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
