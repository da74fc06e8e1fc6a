"""Alerts for subscribers: an iterator over decoded, typed alerts.

    from pipeline.client import alerts

    with alerts("localhost:9092") as received:
        for alert in received:
            print(alert.event_id, alert.score, alert.classification)

Only alerts whose transaction was committed are seen.  Without a group each
subscriber sees all alerts from now on; with one the group shares them and goes
on where it stopped.
"""

import logging
import time
from pathlib import Path
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

from pipeline.errors import ConfigurationError, DecodeError, TransientError
from pipeline.kafka import COMMON, ClientConfig, make_consumer, origin_of
from pipeline.received import ClassificationReader, ReceivedAlert
from pipeline.schema_store import SchemaStore

__all__ = ["Alerts", "ReceivedAlert", "alerts"]

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


def alerts(
    bootstrap: str,
    topic: str = "skytriage.alerts",
    *,
    group: str | None = None,
    from_beginning: bool = False,
    timeout_s: float | None = None,
    schema_registry: str | None = None,
    schema_directory: Path | None = None,
    **kafka: Any,
) -> "Alerts":
    """Subscribe to alerts.

    Parameters
    ----------
    bootstrap
        ``host:port`` of a broker, or several with commas between.
    topic
        ``skytriage.alerts``, or ``skytriage.classifications`` for those below
        the threshold as well.
    group
        Consumer group. An alert counts as read when the next one is asked for,
        so after a crash the last one comes again.
    from_beginning
        Begin with the oldest alert that the broker has; a group only the first
        time.
    timeout_s
        End the iteration when no alert has come for so long [s]; never if None.
    schema_registry, schema_directory
        Where schemas are, for a daemon that publishes with ``wire = "confluent"``.
    **kafka
        Options of librdkafka, ``security_protocol="SASL_SSL"`` for
        ``security.protocol``.

    Raises
    ------
    ConfigurationError
        If there is no such topic, or librdkafka does not know an option.
    TransientError
        If no broker answers.

    Examples
    --------
    >>> with alerts("localhost:9092", group="followup") as received:  # doctest: +SKIP
    ...     for alert in received:
    ...         print(alert.survey, alert.event_id_long, f"{alert.score:.3f}")
    """
    options = {name.replace("_", "."): value for name, value in kafka.items()}
    config = {**COMMON, "bootstrap.servers": bootstrap, **options}
    store = SchemaStore(registry=schema_registry, directory=schema_directory)
    return Alerts(
        config,
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
        self._mark_done()
        message = self._next_message()
        if message is None:
            raise StopIteration
        self._last = message
        origin = origin_of(message)
        try:
            return ReceivedAlert.from_record(self._reader.read(message.value() or b""), origin)
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
