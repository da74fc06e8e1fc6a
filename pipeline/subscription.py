"""A consumer of our own alerts, as an iterator; `pipeline.client` is how users open one."""

import logging
import time
from types import TracebackType
from typing import Any, Self
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
from pipeline.errors import ConfigurationError, DecodeError, TransientError
from pipeline.kafka import COMMON, ClientConfig, make_consumer, origin_of
from pipeline.received import ClassificationReader, ReceivedAlert
from pipeline.schema_store import SchemaStore
from pipeline.settings import SchemaSettings

__all__ = ["Alerts", "open_alerts"]

log = logging.getLogger(__name__)

REACH_TIMEOUT_S = 10.0

FATAL = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""Errors that waiting does not cure."""


def open_alerts(
    config: ClientConfig,
    topic: str,
    schemas: SchemaSettings,
    *,
    group: str | None = None,
    from_beginning: bool = False,
    timeout_s: float | None = None,
) -> "Alerts":
    """Subscribe as `alerts` does, with librdkafka's own names for its options."""
    store = SchemaStore(registry=schemas.registry, directory=schemas.directory)
    return Alerts(
        {**COMMON, **config},
        topic,
        ClassificationReader(schemas=store),
        group=group,
        from_beginning=from_beginning,
        timeout_s=timeout_s,
    )


class Alerts:
    """The iterator that `alerts` returns; close it, or use it in a ``with`` block.

    A record that is no alert of ours raises `DecodeError` and is passed: asking
    for the next one goes on behind it.
    """

    def __init__(
        self,
        config: ClientConfig,
        topic: str,
        reader: ClassificationReader,
        *,
        group: str | None,
        from_beginning: bool,
        timeout_s: float | None,
    ) -> None:
        self._reader = reader
        self._timeout_s = timeout_s
        self._in_group = group is not None
        self._last: Message | None = None
        self._consumer = make_consumer(
            {
                **config,
                "group.id": group or f"skytriage-client-{uuid4()}",
                "auto.offset.reset": "earliest" if from_beginning else "latest",
                "isolation.level": "read_committed",
                "enable.auto.commit": self._in_group,
                "enable.auto.offset.store": False,
            },
            logger=log,
        )
        try:
            partitions = _partitions(self._consumer, topic)
            if self._in_group:
                self._consumer.subscribe([topic])
            else:
                begin = _first(self._consumer, topic, partitions, from_beginning)
                self._consumer.assign(begin)
        except BaseException:
            self._consumer.close()
            raise

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ReceivedAlert:
        record, origin = self.next_record()
        return ReceivedAlert.from_record(record, origin)

    def next_record(self) -> tuple[dict[str, Any], Origin]:
        """Return the next alert as the daemon wrote it, by the names of the schema, and its place.

        Raises
        ------
        StopIteration
            If none has come within the time-out.
        DecodeError
            If a message is no alert of ours.
        """
        self._mark_done()
        message = self._next_message()
        if message is None:
            raise StopIteration
        self._last = message
        origin = origin_of(message)
        try:
            return self._reader.read(message.value() or b""), origin
        except DecodeError as error:
            raise DecodeError(
                f"{origin.topic} {origin.partition}/{origin.offset}: {error}"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._mark_done()
        self.close()

    def close(self) -> None:
        """Leave the group and the broker; calling it again does nothing."""
        self._consumer.close()

    def _mark_done(self) -> None:
        """Count the last alert as read: the one who asks for more is through with it."""
        if self._in_group and self._last is not None:
            try:
                self._consumer.store_offsets(message=self._last)
            except KafkaException as error:  # the partition is another member's now
                log.info("offset not stored: %s", error)
        self._last = None

    def _next_message(self) -> Message | None:
        deadline_s = time.monotonic() + (self._timeout_s or 0)
        while True:
            message = self._consumer.poll(0.2)
            if message is None:
                if self._timeout_s is not None and time.monotonic() > deadline_s:
                    return None
                continue
            error = message.error()
            if error is None:
                return message
            if error.fatal() or error.code() in FATAL:
                raise ConfigurationError(f"cannot go on reading: {error.str()}")
            log.warning("kafka: %s", error.str())


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    try:
        metadata = consumer.list_topics(topic, timeout=REACH_TIMEOUT_S).topics[topic]
    except KafkaException as error:
        raise TransientError(f"no broker answers: {error.args[0].str()}") from None
    if metadata.error is not None:
        raise ConfigurationError(f"topic {topic}: {metadata.error.str()}")
    return list(metadata.partitions)


def _first(
    consumer: Consumer, topic: str, partitions: list[int], from_beginning: bool
) -> list[TopicPartition]:
    """Return where to begin. "Now" is when we are called, not when a message is first asked for."""
    first = []
    for partition in partitions:
        place = TopicPartition(topic, partition, OFFSET_BEGINNING)
        if not from_beginning:
            place.offset = consumer.get_watermark_offsets(place, REACH_TIMEOUT_S)[1]
        first.append(place)
    return first
