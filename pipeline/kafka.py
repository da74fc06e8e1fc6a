"""Kafka clients from the settings: our defaults, the operator's choices, our promises.

Three layers, each over the one before: what suits alert streams, what the
operator wrote under ``[kafka]``, and the few options that carry the promises
of delivery.  librdkafka's own defaults are left alone where they are right.
"""

import logging
from collections.abc import Mapping
from typing import Any, TypeAlias

from confluent_kafka import Consumer, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from pipeline.core import Origin
from pipeline.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.toml_file import SECRET

__all__ = [
    "COMMON",
    "PRODUCER",
    "ClientConfig",
    "admin_config",
    "consumer_config",
    "make_admin",
    "make_consumer",
    "make_producer",
    "origin_of",
    "producer_config",
    "without_secrets",
]

ClientConfig: TypeAlias = dict[str, Any]

COMMON: Mapping[str, Any] = {
    "client.id": "skytriage",
    # Streams go quiet by day, and firewalls forget quiet connections.
    "socket.keepalive.enable": True,
    # A broker that is gone is asked for again soon, but not 20 times a second [ms].
    "reconnect.backoff.ms": 200,
    "reconnect.backoff.max.ms": 2_000,
    # A request that is written in two parts must not wait for an acknowledgement.
    "socket.nagle.disable": True,
    # Surveys open a topic a night; librdkafka would notice after five minutes [ms].
    "topic.metadata.refresh.interval.ms": 30_000,
}

CONSUMER: Mapping[str, Any] = {
    # Nothing is lost: a group that is new begins with the oldest message.
    "auto.offset.reset": "earliest",
    # A full local queue makes librdkafka look away for 1 s by default [ms].
    "fetch.queue.backoff.ms": 20,
    # Bounds the memory of one worker, whatever the size of the packets [kB].
    "queued.max.messages.kbytes": 65_536,
}

CLASSIC_GROUP: Mapping[str, Any] = {
    "partition.assignment.strategy": "cooperative-sticky",
    # A killed worker's partitions stand still for this long.  The heartbeat is
    # a thread of librdkafka's, so a busy interpreter does not miss it [ms].
    "session.timeout.ms": 10_000,
    "heartbeat.interval.ms": 3_000,
}
"""For ``group.protocol=classic``; with ``consumer`` the broker decides these."""

PRODUCER: Mapping[str, Any] = {
    # Where Java's clients put a key: all alerts of an event are in one partition.
    "partitioner": "murmur2_random",
    # Container headers are alike, so whole batches shrink by much at little cost.
    "compression.codec": "lz4",
    # A commit flushes and does not wait for this; between commits it fills requests [ms].
    "linger.ms": 5,
    # The broker still marks the last transaction when the next one begins, and says
    # so; librdkafka would ask again after 100 ms, which every alert would wait for [ms].
    "retry.backoff.ms": 5,
    # A dead letter is as large as its message plus headers. The topic has the last word [B].
    "message.max.bytes": 16 * 1024 * 1024,
}


def admin_config(settings: Settings) -> ClientConfig:
    """Return the options of a client that only looks at the cluster."""
    return {**COMMON, **settings.kafka.common}


def consumer_config(
    settings: Settings, *, group: str, extra: Mapping[str, Any] | None = None
) -> ClientConfig:
    """Return the options of a consumer of committed messages.

    Parameters
    ----------
    group
        Consumer group.
    extra
        Options of the caller's, over the operator's: callbacks, statistics.
    """
    chosen = {**settings.kafka.common, **settings.kafka.consumer}
    classic = chosen.get("group.protocol", "classic") == "classic"
    return {
        **COMMON,
        **CONSUMER,
        **(CLASSIC_GROUP if classic else {}),
        **chosen,
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        **(extra or {}),
    }


def producer_config(
    settings: Settings,
    *,
    transactional_id: str | None,
    extra: Mapping[str, Any] | None = None,
) -> ClientConfig:
    """Return the options of a producer that neither reorders nor repeats.

    Parameters
    ----------
    transactional_id
        The same for each start of one worker, so that a new one fences the old;
        None for a producer without transactions.
    extra
        Options of the caller's, over the operator's.
    """
    config = {
        **COMMON,
        **PRODUCER,
        **settings.kafka.common,
        **settings.kafka.producer,
        "enable.idempotence": True,
    }
    if transactional_id is not None:
        config["transactional.id"] = transactional_id
        config["transaction.timeout.ms"] = settings.transaction_timeout_ms
    return {**config, **(extra or {})}


def make_consumer(config: ClientConfig, *, logger: logging.Logger | None = None) -> Consumer:
    """Open a consumer; without a logger librdkafka writes to standard error.

    Raises
    ------
    ConfigurationError
        If an option is unknown or its value cannot be; the option is named.
    """
    try:
        return Consumer(config, logger=logger) if logger else Consumer(config)
    except (KafkaException, TypeError, ValueError) as error:
        raise _refused(error, config) from None


def make_producer(config: ClientConfig, *, logger: logging.Logger | None = None) -> Producer:
    """Open a producer; as `make_consumer`."""
    try:
        return Producer(config, logger=logger) if logger else Producer(config)
    except (KafkaException, TypeError, ValueError) as error:
        raise _refused(error, config) from None


def make_admin(config: ClientConfig, *, logger: logging.Logger | None = None) -> AdminClient:
    """Open a client that creates and describes topics; as `make_consumer`."""
    try:
        return AdminClient(config, logger=logger) if logger else AdminClient(config)
    except (KafkaException, TypeError, ValueError) as error:
        raise _refused(error, config) from None


def origin_of(message: Message) -> Origin:
    """Return where a message that was consumed is."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise AssertionError("a message that was consumed has a place")
    return Origin(topic, partition, offset)


def without_secrets(text: str, config: Mapping[str, Any]) -> str:
    """Return a text with the values of secret options hidden.

    >>> without_secrets("login hunter2 refused", {"sasl.password": "hunter2"})
    'login *** refused'
    """
    for key, value in config.items():
        if SECRET.search(key) and isinstance(value, str) and value:
            text = text.replace(value, "***")
    return text


def _refused(error: Exception, config: Mapping[str, Any]) -> ConfigurationError:
    # A KafkaException carries a KafkaError, whose str() is wrapped in its code.
    cause = error.args[0] if error.args else error
    text = cause.str() if hasattr(cause, "str") else str(error)
    return ConfigurationError(f"[kafka]: {without_secrets(text, config)}")
