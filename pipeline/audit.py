"""Fetch the numbers for the ledger: offsets from the group, results from the topics."""

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Container, Iterable
from typing import cast

import numpy as np
from confluent_kafka import OFFSET_INVALID, KafkaException, Message, TopicPartition

from pipeline.core import Origin
from pipeline.dead_letters import Headers, dead_letter_origin
from pipeline.errors import ConfigurationError, DecodeError, TransientError
from pipeline.kafka import consumer_config, make_consumer
from pipeline.ledger import Ledger, Places, Position, balance
from pipeline.read_topic import ANSWER_TIMEOUT_S, read_to_end
from pipeline.received import ClassificationReader, origin_of
from pipeline.schema_store import SchemaStore
from pipeline.settings import Settings
from pipeline.tally import Partition, Tally

__all__ = ["audit", "missing_topics", "topic_streams"]

Origins = dict[Partition, "array[int]"]


def audit(settings: Settings) -> Ledger:
    """Count what was consumed and what came of it.

    Raises
    ------
    ConfigurationError
        If a topic is not there, or the output does not say what it came from.
    TransientError
        If no broker answers.
    """
    if settings.output.wire == "elasticc":
        raise ConfigurationError(
            "messages to ELAsTiCC do not say which message they came from, so they cannot be counted"
        )
    try:
        # First the group, then the topics: what is committed is then visible.
        positions = _positions(settings)
        notes: list[str] = []
        classified = _classified(settings, notes)
        dead_lettered = _dead_lettered(settings, notes)
    except KafkaException as error:
        raise TransientError(f"no broker answers: {error.args[0].str()}") from None
    accounts = [
        balance(
            stream,
            partition,
            position,
            classified=_places(classified, partition),
            dead_lettered=_places(dead_lettered, partition),
        )
        for (stream, partition), position in positions.items()
    ]
    if not all(account.is_tallied for account in accounts if account.committed is not None):
        notes.append("the broker keeps no tallies: consumed is the difference of two offsets")
    return Ledger(
        accounts=accounts,
        duplicates_allowed=settings.delivery == "at_least_once",
        notes=notes,
    )


def topic_streams(settings: Settings, existing: Iterable[str]) -> dict[str, str]:
    """Return the stream of each existing input topic.

    A pattern matches as it does in the daemon, from the beginning of the name.
    """
    found: dict[str, str] = {}
    names = sorted(existing)
    for stream, stream_settings in settings.streams.items():
        for topic in stream_settings.topics:
            pattern = topic if topic.startswith("^") else f"{re.escape(topic)}$"
            found |= {name: stream for name in names if re.match(pattern, name)}
    return found


def missing_topics(settings: Settings, existing: Container[str]) -> list[str]:
    """Return the input topics that have a name, and are not there."""
    return [
        topic
        for stream in settings.streams.values()
        for topic in stream.topics
        if not topic.startswith("^") and topic not in existing
    ]


def _positions(settings: Settings) -> dict[tuple[str, Partition], Position]:
    """Return where the group stands in each partition of each stream."""
    consumer = make_consumer(consumer_config(settings, group=settings.group))
    try:
        topics = consumer.list_topics(timeout=ANSWER_TIMEOUT_S).topics
        streams = topic_streams(settings, topics)
        if missing := missing_topics(settings, topics):
            raise ConfigurationError(f"there is no topic {', '.join(missing)}")
        places = [
            TopicPartition(topic, partition)
            for topic in streams
            for partition in sorted(topics[topic].partitions)
        ]
        positions = {}
        for place in consumer.committed(places, ANSWER_TIMEOUT_S) if places else ():
            if place.error is not None:
                raise KafkaException(place.error)
            low, high = consumer.get_watermark_offsets(place, ANSWER_TIMEOUT_S)
            is_committed = place.offset != OFFSET_INVALID
            positions[streams[place.topic], (place.topic, place.partition)] = Position(
                low=low,
                high=high,
                committed=place.offset if is_committed else None,
                tally=Tally.from_metadata(place.metadata) if is_committed else None,
            )
        return positions
    finally:
        consumer.close()


def _classified(settings: Settings, notes: list[str]) -> Origins:
    store = SchemaStore(registry=settings.schemas.registry, directory=settings.schemas.directory)
    reader = ClassificationReader(fields=frozenset({"source"}), schemas=store)

    def origin(message: Message) -> Origin | None:
        try:
            source = reader.read(message.value() or b"")["source"]
        except DecodeError:
            return None
        return origin_of(source)

    return _count(settings, settings.output.classifications, origin, notes)


def _dead_lettered(settings: Settings, notes: list[str]) -> Origins:
    def origin(message: Message) -> Origin | None:
        return dead_letter_origin(cast("Headers", message.headers() or ()))

    return _count(settings, settings.output.dead_letters, origin, notes)


def _count(
    settings: Settings,
    topic: str,
    read: Callable[[Message], Origin | None],
    notes: list[str],
) -> Origins:
    """Return where the messages of a topic came from, by partition."""
    origins: Origins = defaultdict(lambda: array("q"))
    strange = 0
    for message in read_to_end(settings, topic, notes):
        origin = read(message)
        if origin is None:
            strange += 1
        else:
            place = origin.offset, origin.index, origin.records
            origins[origin.topic, origin.partition].extend(place)
    if strange:
        notes.append(f"{topic}: {strange} messages do not say where they came from")
    return origins


def _places(origins: Origins, partition: Partition) -> Places:
    return np.array(origins.get(partition, ()), np.int64).reshape(-1, 3)
