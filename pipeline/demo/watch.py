"""A subscriber: it reads committed results as they come, and notes when it had them."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from pipeline.core import now_us
from pipeline.dead_letters import PREFIX, dead_letter_origin
from pipeline.demo.traffic import FAMILY_NAMES, Traffic
from pipeline.errors import TransientError
from pipeline.kafka import consumer_config, make_consumer
from pipeline.publish import INDEX_HEADER
from pipeline.received import ClassificationReader, ReceivedAlert
from pipeline.report.seen import Letter, Seen
from pipeline.settings import Settings

__all__ = ["Watcher", "watching"]

ANSWER_TIMEOUT_S = 10.0
BEGINNING = 64
"""Bytes of a dead letter to keep."""


class Watcher:
    """What a subscriber of the classifications and the dead letters has seen so far.

    Parameters
    ----------
    traffic
        The messages, so that what comes can be compared with what was sent.
    """

    def __init__(self, settings: Settings, traffic: Traffic) -> None:
        self.seen: list[Seen] = []
        """Classifications, in the order of their arrival; only ever appended to."""

        self.letters: list[Letter] = []
        """Dead letters, likewise."""

        self.alerts = 0
        self.degraded = 0

        self._traffic = traffic
        self._by_event = {
            (stream, event_id): (packet, truth)
            for stream, packets in traffic.items()
            for packet in packets
            for event_id, truth in packet.truths.items()
        }
        self._reader = ClassificationReader()
        self._dead_letters = settings.output.dead_letters
        topics = (settings.output.classifications, settings.output.dead_letters)
        config = consumer_config(settings, group=f"{settings.group}-watcher")
        self._consumer = make_consumer(config)
        self._consumer.assign(_beginnings(self._consumer, topics))
        self._stop = threading.Event()

    @property
    def results(self) -> int:
        """Records of which the outcome was seen."""
        return len(self.seen) + len(self.letters)

    def run(self) -> None:
        """Read until stopped: the target of a thread."""
        while not self._stop.is_set():
            message = self._consumer.poll(0.1)
            if message is None:
                continue
            seen_us = now_us()
            if message.error():
                continue  # librdkafka tries again; what does not come is missed in the ledger
            if message.topic() == self._dead_letters:
                self.letters.append(self._letter(message))
            else:
                self._note(self._seen(message, seen_us))

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()

    def close(self) -> None:
        """Leave the broker, after `run` has ended."""
        self._consumer.close()

    def _note(self, seen: Seen) -> None:
        self.alerts += seen.alert.is_alert
        self.degraded += seen.alert.status == "degraded"
        self.seen.append(seen)

    def _seen(self, message: Message, seen_us: int) -> Seen:
        alert = ReceivedAlert.from_record(self._reader.read(message.value() or b""))
        # What is broken is no longer what the simulator made: it is not among these.
        packet, truth = self._by_event.get((alert.stream, alert.event_id), (None, None))
        return Seen(
            alert=alert,
            seen_us=seen_us,
            family=alert.survey if packet is None else FAMILY_NAMES[packet.family],
            truth=truth,
        )

    def _letter(self, message: Message) -> Letter:
        headers = _headers(message)
        text = {name: value.decode(errors="replace") for name, value in headers}
        value = message.value() or b""
        origin = dead_letter_origin(headers)
        if origin is None:
            raise AssertionError("a dead letter of ours says where it came from")
        return Letter(
            source=origin,
            stage=text.get(f"{PREFIX}stage", ""),
            error=text.get(f"{PREFIX}exception.class.name", "").rpartition(".")[2],
            reason=text.get(f"{PREFIX}exception.message", ""),
            size=len(value),
            beginning=value[:BEGINNING],
            broken=self._broken(origin.topic, text),
        )

    def _broken(self, stream: str, headers: Mapping[str, str]) -> str | None:
        number = headers.get(INDEX_HEADER, "")
        return self._traffic[stream][int(number)].broken if number.isdecimal() else None


def _headers(message: Message) -> list[tuple[str, bytes]]:
    headers: Any = message.headers() or ()  # a list of pairs, whatever its type says
    return [(name, value) for name, value in headers if isinstance(value, bytes)]


@contextlib.contextmanager
def watching(settings: Settings, traffic: Traffic) -> Iterator[Watcher]:
    """Give a watcher that reads in a thread of its own until the block ends."""
    watcher = Watcher(settings, traffic)
    thread = threading.Thread(target=watcher.run, name="watcher", daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        watcher.stop()
        thread.join()
        watcher.close()


def _beginnings(consumer: Consumer, topics: Sequence[str]) -> list[TopicPartition]:
    try:
        known = consumer.list_topics(timeout=ANSWER_TIMEOUT_S).topics
    except KafkaException as error:
        raise TransientError(f"no broker answers: {error.args[0].str()}") from None
    return [
        TopicPartition(topic, partition, OFFSET_BEGINNING)
        for topic in topics
        for partition in known[topic].partitions
    ]
