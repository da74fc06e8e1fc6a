"""What is wrong with a configuration, found before the night instead of in it."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.audit import missing_topics, topic_streams
from pipeline.encode import must_have_ids
from pipeline.errors import PipelineError
from pipeline.kafka import (
    admin_config,
    consumer_config,
    make_admin,
    make_consumer,
    make_producer,
    producer_config,
    without_secrets,
)
from pipeline.register import shown_url
from pipeline.schema_store import SchemaStore
from pipeline.settings import Settings
from pipeline.streams import STREAMS
from pipeline.streams.strain.gwf import can_read_gwf
from pipeline.topics import topic_settings

__all__ = ["Finding", "examine"]

log = logging.getLogger(__name__)
"""Takes librdkafka's log, which says in more lines what the findings say."""

ANSWER_TIMEOUT_S = 10.0
TRANSACTION_TIMEOUT_S = 30.0
HOUR_MS = 3_600_000
WARMED_BATCH = 8
"""Largest batch to warm here: enough to see the network answer, and soon."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    status: Literal["ok", "hint", "fault"]
    """A hint is nothing wrong, but worth a thought."""

    detail: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that the daemon will need, and yield what was found."""
    yield from _guarded("kafka", settings, _clients)
    yield from _guarded("broker", settings, _broker)
    yield from _guarded("schemas", settings, _schemas)
    for name in settings.streams:
        yield from _guarded(f"stream {name}", settings, _stream(name))


def _guarded(
    what: str, settings: Settings, look: Callable[[Settings], Iterator[Finding]]
) -> Iterator[Finding]:
    """Make a fault of an error, and go on with the next thing."""
    try:
        yield from look(settings)
    except KafkaException as error:
        text = without_secrets(error.args[0].str(), settings.kafka.common)
        yield Finding(what, "fault", text)
    except PipelineError as error:
        yield Finding(what, "fault", str(error))


def _clients(settings: Settings) -> Iterator[Finding]:
    """Open both clients: librdkafka then looks at their options."""
    make_consumer(consumer_config(settings, group=settings.group), logger=log).close()
    make_producer(producer_config(settings, transactional_id=None), logger=log)
    yield Finding("kafka", "ok", "librdkafka takes all options")


def _broker(settings: Settings) -> Iterator[Finding]:
    admin = make_admin(admin_config(settings), logger=log)
    metadata = admin.list_topics(timeout=ANSWER_TIMEOUT_S)
    brokers = ", ".join(f"{b.host}:{b.port}" for b in metadata.brokers.values())
    yield Finding("broker", "ok", f"{len(metadata.brokers)} reached: {brokers}")
    partitions = {name: len(topic.partitions) for name, topic in metadata.topics.items()}
    yield from _inputs(settings, partitions)
    yield from _outputs(settings, partitions)
    yield from _limits(admin, settings, partitions)
    if settings.delivery == "effectively_once":
        transactional_id = f"{settings.group}.check"
        config = producer_config(settings, transactional_id=transactional_id)
        make_producer(config, logger=log).init_transactions(TRANSACTION_TIMEOUT_S)
        yield Finding("transactions", "ok", "the broker lets us begin one")


def _inputs(settings: Settings, partitions: Mapping[str, int]) -> Iterator[Finding]:
    for topic in missing_topics(settings, partitions):
        yield Finding(f"topic {topic}", "fault", "does not exist: skytriage topics create makes it")
    found = topic_streams(settings, partitions)
    for topic, stream in found.items():
        yield Finding(f"topic {topic}", "ok", f"{partitions[topic]} partitions, stream {stream}")
        if STREAMS[stream].has_frames and partitions[topic] > 1:
            detail = "frames of detectors that are in different partitions are not joined"
            yield Finding(f"topic {topic}", "hint", detail)
    for name, stream_settings in settings.streams.items():
        patterns = [topic for topic in stream_settings.topics if topic.startswith("^")]
        if patterns and name not in found.values():
            detail = f"no topic matches {', '.join(patterns)} yet"
            yield Finding(f"stream {name}", "hint", detail)
    count = settings.workers.count
    readable = sum(partitions[topic] for topic in found)
    if isinstance(count, int) and 0 < readable < count:
        detail = f"{count} workers for {readable} partitions: {count - readable} will have nothing"
        yield Finding("workers", "hint", detail)


def _outputs(settings: Settings, partitions: Mapping[str, int]) -> Iterator[Finding]:
    output = settings.output
    for topic in (output.classifications, output.alerts, output.dead_letters):
        if topic in partitions:
            yield Finding(f"topic {topic}", "ok", f"{partitions[topic]} partitions, output")
        else:
            detail = "does not exist: skytriage topics create makes it"
            yield Finding(f"topic {topic}", "fault", detail)


def _limits(
    admin: AdminClient, settings: Settings, partitions: Mapping[str, int]
) -> Iterator[Finding]:
    """See that a dead letter can be as large as a message, and results are kept for as long."""
    output = settings.output
    inputs = topic_streams(settings, partitions)
    outputs = [t for t in (output.classifications, output.dead_letters) if t in partitions]
    if not inputs or output.dead_letters not in partitions:
        return  # which has been said
    known = topic_settings(admin, [*inputs, *outputs])
    largest = _most(known, inputs, "max.message.bytes")
    room = _most(known, [output.dead_letters], "max.message.bytes")
    if largest is None or room is None:
        yield Finding("topics", "hint", "the broker does not tell how large messages may be")
    elif room < largest:
        yield Finding(
            f"topic {output.dead_letters}",
            "fault",
            f"max.message.bytes is {room}, below the input's {largest}: "
            "a large message that cannot be read would stop the daemon",
        )
    longest = _most(known, inputs, "retention.ms")
    for topic in outputs:
        kept = _most(known, [topic], "retention.ms")
        if longest is not None and kept is not None and kept < longest:
            detail = f"kept for {kept / HOUR_MS:g} h, the input for {longest / HOUR_MS:g} h: "
            yield Finding(f"topic {topic}", "hint", detail + "the ledger will miss results")


def _most(known: Mapping[str, Mapping[str, str]], topics: Iterable[str], name: str) -> float | None:
    """Return the largest value of a setting, where the broker tells it; -1 is without limit."""
    values = [int(known[topic][name]) for topic in topics if name in known.get(topic, {})]
    return max((math.inf if value < 0 else value for value in values), default=None)


def _schemas(settings: Settings) -> Iterator[Finding]:
    must_have_ids(settings)
    registry, directory = settings.schemas.registry, settings.schemas.directory
    SchemaStore(registry=registry, directory=directory)
    if directory is not None:
        yield Finding("schemas", "ok", f"directory {directory}")
    if registry is not None:
        yield _registry(registry)
    if settings.output.wire == "confluent" and registry is None and directory is None:
        yield Finding(
            "schemas", "fault", 'output.wire = "confluent" needs a registry or a directory'
        )


def _registry(url: str) -> Finding:
    import httpx

    try:
        answer = httpx.get(f"{url.rstrip('/')}/subjects", timeout=ANSWER_TIMEOUT_S)
    except httpx.HTTPError as error:
        detail = f"registry {shown_url(url)} does not answer: {type(error).__name__}"
        return Finding("schemas", "fault", detail)
    if answer.status_code != httpx.codes.OK:
        detail = f"registry {shown_url(url)} answers {answer.status_code}"
        return Finding("schemas", "fault", detail)
    return Finding("schemas", "ok", f"registry {shown_url(url)}, {len(answer.json())} subjects")


def _stream(name: str) -> Callable[[Settings], Iterator[Finding]]:
    def look(settings: Settings) -> Iterator[Finding]:
        # Late: it imports what networks run on, which takes seconds.
        from pipeline.lanes import open_lane

        workers = settings.workers.model_copy(
            update={"max_batch": min(settings.workers.max_batch, WARMED_BATCH)}
        )
        lane = open_lane(name, settings.streams[name], settings.schemas, workers, threads=1)
        info = lane.classifier.info
        detail = (
            f"network {info.name} {info.version}, weights {info.weights_sha256[:12]}, "
            f"{info.runtime} on {info.device}; packets "
            + ", ".join(packet_format.name for packet_format in lane.stream.formats)
        )
        yield Finding(f"stream {name}", "ok", detail)
        if lane.stream.has_frames and not can_read_gwf():
            detail = "frame files (GWF) will be dead letters: pip install 'skytriage[gwf]'"
            yield Finding(f"stream {name}", "hint", detail)

    return look
