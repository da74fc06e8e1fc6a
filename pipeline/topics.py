"""The topics of a configuration, with settings that suit what they carry."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its documented names
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from pipeline.errors import ConfigurationError, TransientError
from pipeline.kafka import PRODUCER
from pipeline.settings import Settings

__all__ = ["Creation", "create_topics", "topic_settings", "wanted_topics"]

DAY_MS = 86_400_000
TIMEOUT_S = 30.0

HEADERS_BYTES = 65_536
"""What a dead letter may be larger than its message: headers, and room to spare."""


@dataclass(frozen=True, slots=True)
class Creation:
    """What became of one topic."""

    topic: str
    created: bool
    """False if it was there already, and was left as it is."""


def wanted_topics(settings: Settings) -> dict[str, dict[str, str]]:
    """Return the topics to create, with their settings, input first.

    Patterns are left out: whoever writes to those topics names them.
    """
    inputs = [
        topic
        for stream in settings.streams.values()
        for topic in stream.topics
        if not topic.startswith("^")
    ]
    output = settings.output
    # Results are small and come back for a look; what failed must wait for somebody
    # to find out why.  "producer" keeps our compression as it arrives.
    common = {"cleanup.policy": "delete", "compression.type": "producer"}
    results = common | {"retention.ms": str(7 * DAY_MS)}
    return dict.fromkeys(inputs, common) | {
        output.classifications: results,
        output.alerts: common | {"retention.ms": str(30 * DAY_MS)},
        output.dead_letters: common
        | {
            "retention.ms": str(30 * DAY_MS),
            "max.message.bytes": str(PRODUCER["message.max.bytes"] + HEADERS_BYTES),
        },
    }


def create_topics(
    admin: AdminClient, settings: Settings, *, partitions: int, replication: int
) -> Iterator[Creation]:
    """Create the topics of a configuration; those that exist are left as they are.

    Parameters
    ----------
    replication
        Copies of each message; -1 is what the broker does by default.

    Raises
    ------
    ConfigurationError
        If the broker refuses.
    TransientError
        If no broker answers.
    """
    topics = [
        NewTopic(name, num_partitions=partitions, replication_factor=replication, config=config)
        for name, config in wanted_topics(settings).items()
    ]
    for name, future in admin.create_topics(topics, operation_timeout=TIMEOUT_S).items():
        try:
            future.result(TIMEOUT_S)
        except KafkaException as exception:
            error = exception.args[0]
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise _failure(name, error) from None
            yield Creation(name, created=False)
        else:
            _wait_for_leaders(admin, name)
            yield Creation(name, created=True)


def _wait_for_leaders(admin: AdminClient, name: str) -> None:
    """Wait until one can write to a topic: the controller knows it before the brokers do."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(KafkaException):
            topic = admin.list_topics(timeout=1.0).topics.get(name)
            if topic is not None and all(p.leader >= 0 for p in topic.partitions.values()):
                return
        time.sleep(0.02)
    raise TransientError(f"topic {name} was created, and has no leader after {TIMEOUT_S:g} s")


def topic_settings(admin: AdminClient, topics: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Return the settings of topics, as far as the broker tells them.

    Not every broker does, and not everybody may ask: a topic without an answer
    has no settings here.
    """
    names = list(topics)
    if not names:
        return {}
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers: dict[str, Mapping[str, str]] = {}
    for resource, future in admin.describe_configs(asked, request_timeout=TIMEOUT_S).items():
        try:
            entries = future.result(TIMEOUT_S)
        except KafkaException:
            answers[resource.name] = {}
        else:
            answers[resource.name] = {
                name: entry.value for name, entry in entries.items() if entry.value is not None
            }
    return answers


def _failure(name: str, error: KafkaError) -> ConfigurationError | TransientError:
    text = f"topic {name}: {error.str()}"
    if error.code() < 0:  # librdkafka's own codes: the broker never answered
        return TransientError(text)
    return ConfigurationError(text)
