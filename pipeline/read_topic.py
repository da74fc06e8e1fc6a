"""Read what a topic holds, from its beginning to where it ends now, or one message of it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from pipeline.core import Origin
from pipeline.errors import ConfigurationError
from pipeline.kafka import consumer_config, make_consumer
from pipeline.settings import Settings

__all__ = ["ANSWER_TIMEOUT_S", "read_one", "read_to_end"]

ANSWER_TIMEOUT_S = 15.0

_NOT_THERE = (
    KafkaError._PARTITION_EOF,  # noqa: SLF001 - its public name
    KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001 - its public name
    KafkaError.OFFSET_OUT_OF_RANGE,
)

PATIENCE_S = 30.0
"""How long an open transaction may hide the end of a topic [s]."""


def read_to_end(settings: Settings, topic: str, notes: list[str]) -> Iterator[Message]:
    """Yield the committed messages of a topic, up to where it ends now.

    Parameters
    ----------
    notes
        Gets a line if there may be more than was read.

    Raises
    ------
    ConfigurationError
        If there is no such topic.
    KafkaException
        If the broker does not answer.

    Notes
    -----
    The end is that of the uncommitted messages.  A commit becomes visible in
    the offsets of the group and in the topic at slightly different times, and
    so we wait for what is under way.
    """
    ends = _ends(settings, topic)
    extra = {"enable.partition.eof": True, "fetch.wait.max.ms": 50}
    with _reader(settings, extra) as consumer:
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in ends])
        open_ends = dict(ends)
        deadline_s = time.monotonic() + PATIENCE_S
        while open_ends and time.monotonic() < deadline_s:
            for message in consumer.consume(1000, 0.1):
                error = message.error()
                if error is None:
                    deadline_s = time.monotonic() + PATIENCE_S
                    yield message
                elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    raise KafkaException(error)
                elif (message.offset() or 0) >= ends[message.partition() or 0]:
                    open_ends.pop(message.partition() or 0, None)
        if open_ends:
            notes.append(
                f"{topic}: an open transaction hides the end of partitions {sorted(open_ends)}"
            )


def read_one(settings: Settings, place: Origin) -> Message | None:
    """Return the committed message at a place; None if there is none.

    Raises
    ------
    ConfigurationError
        If there is no such topic.
    KafkaException
        If the broker does not answer.
    """
    end = _ends(settings, place.topic).get(place.partition, 0)
    if not 0 <= place.offset < end:
        return None
    # What retention has deleted must not become the message after it.
    extra = {"enable.partition.eof": True, "auto.offset.reset": "error"}
    with _reader(settings, extra) as consumer:
        consumer.assign([TopicPartition(place.topic, place.partition, place.offset)])
        message = consumer.poll(ANSWER_TIMEOUT_S)
    if message is None:
        return None  # an open transaction hides it
    error = message.error()
    if error is None:
        return message if message.offset() == place.offset else None
    if error.code() in _NOT_THERE:
        return None
    raise KafkaException(error)


def _ends(settings: Settings, topic: str) -> dict[int, int]:
    """Return the offset behind the last message of each partition, committed or not."""
    extra = {"isolation.level": "read_uncommitted"}
    with _reader(settings, extra) as consumer:
        metadata = consumer.list_topics(topic, timeout=ANSWER_TIMEOUT_S).topics[topic]
        if metadata.error is not None:
            raise ConfigurationError(f"topic {topic}: {metadata.error.str()}")
        return {
            partition: consumer.get_watermark_offsets(
                TopicPartition(topic, partition), ANSWER_TIMEOUT_S
            )[1]
            for partition in metadata.partitions
        }


@contextmanager
def _reader(settings: Settings, extra: Mapping[str, Any]) -> Iterator[Consumer]:
    """Open a consumer in a group of its own, and close it with the block."""
    group = f"skytriage-reader-{uuid4()}"
    consumer = make_consumer(consumer_config(settings, group=group, extra=extra))
    try:
        yield consumer
    finally:
        consumer.close()
