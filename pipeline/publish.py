"""Messages of files to a topic: in order, evenly paced, every delivery confirmed."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.errors import ConfigurationError, TransientError
from pipeline.files import FileMessage
from pipeline.kafka import COMMON, PRODUCER, ClientConfig

__all__ = [
    "FILE_HEADER",
    "INDEX_HEADER",
    "Delivery",
    "Outgoing",
    "existing_topics",
    "publish",
    "publisher_config",
    "send",
]

FILE_HEADER = "skytriage.file"
INDEX_HEADER = "skytriage.index"

ANSWER_TIMEOUT_S = 10.0
EXAMPLES = 5
"""Failures of which the file is told."""

SOON_S = 0.001
"""A pause shorter than this is left out, and made up for by a later one [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that is to be sent."""

    topic: str
    value: bytes
    key: bytes | None
    headers: Sequence[tuple[str, str | bytes | None]]
    place: str
    """Where it is from, to say which one was not delivered."""

    partition: int = -1
    """Where it is to go; -1 leaves that to the key."""


@dataclass(slots=True)
class Delivery:
    """What became of what was sent."""

    sent: int = 0
    sent_bytes: int = 0
    delivered: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """How many were not delivered, by reason."""

    examples: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Messages that were not delivered, or of which nobody knows."""
        return self.sent - self.delivered

    def fail(self, place: str, reason: str) -> None:
        """Note that a message was not delivered."""
        self.failures[reason] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{place}: {reason}")


def publisher_config(options: ClientConfig) -> ClientConfig:
    """Return a producer's options: ours, then the caller's, then those of our promises."""
    bounds = {"queue.buffering.max.messages": 50_000, "queue.buffering.max.kbytes": 65_536}
    return {**COMMON, **PRODUCER, **bounds, **options, "enable.idempotence": True}


def publish(
    producer: Producer,
    topic: str,
    messages: Iterable[FileMessage],
    *,
    rate_hz: float | None = None,
    progress: Callable[[int, int], None] = lambda _sent, _delivered: None,
) -> Delivery:
    """Send messages, and wait until each is delivered or has failed.

    Parameters
    ----------
    rate_hz
        Messages a second, evenly spaced; None sends each when it is due, or at once [Hz].
    progress
        Called with the numbers of messages sent and delivered, after each.

    Raises
    ------
    ConfigurationError
        If there is no such topic.
    TransientError
        If no broker answers.
    """
    if topic not in existing_topics(producer):
        raise ConfigurationError(
            f"there is no topic {topic}: skytriage topics create CONFIG.toml makes it, "
            "or name another with --topic"
        )
    delivery = Delivery()
    began_s = time.monotonic()
    try:
        for message in messages:
            due_s = message.at_s if rate_hz is None else delivery.sent / rate_hz
            if due_s is not None:
                _wait_until(producer, began_s + due_s)
            send(producer, _outgoing(topic, message), delivery)
            progress(delivery.sent, delivery.delivered)
    finally:  # a file that ends the command takes no message with it
        producer.flush()  # until message.timeout.ms: then it has failed
    progress(delivery.sent, delivery.delivered)
    return delivery


def _outgoing(topic: str, message: FileMessage) -> Outgoing:
    return Outgoing(
        topic=topic,
        value=message.value,
        key=message.key,
        headers=[(FILE_HEADER, str(message.file)), (INDEX_HEADER, str(message.index))],
        place=f"{message.file} [{message.index}]",
        partition=message.partition,
    )


def send(producer: Producer, message: Outgoing, delivery: Delivery) -> None:
    """Hand a message to the producer, and note in time what becomes of it."""
    delivery.sent += 1
    delivery.sent_bytes += len(message.value)

    def report(error: KafkaError | None, _: Message) -> None:
        if error is None:
            delivery.delivered += 1
        else:
            delivery.fail(message.place, _reason(error))

    while True:
        try:
            producer.produce(
                message.topic,
                message.value,
                message.key,
                message.partition,
                headers=list(message.headers),
                on_delivery=report,
            )
        except BufferError:  # the queue is full: let some go
            producer.poll(0.05)
        except KafkaException as error:
            delivery.fail(message.place, _reason(error.args[0]))
            return
        else:
            producer.poll(0)
            return


def _reason(error: KafkaError) -> str:
    if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return (
            f"{error.str()}: raise max.message.bytes of the topic, "
            "and --set message.max.bytes=… if it is above 16 MiB"
        )
    return error.str()


def _wait_until(producer: Producer, due_s: float) -> None:
    while (left_s := due_s - time.monotonic()) > SOON_S:
        producer.poll(min(left_s, 0.1))


def existing_topics(producer: Producer) -> frozenset[str]:
    """Return the names of all topics; asking for one by name may create it.

    Raises
    ------
    TransientError
        If no broker answers.
    """
    try:
        return frozenset(producer.list_topics(timeout=ANSWER_TIMEOUT_S).topics)
    except KafkaException as error:
        raise TransientError(f"no broker answers: {error.args[0].str()}") from None
