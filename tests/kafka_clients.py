"""What tests and benchmarks do with a broker, whoever started it."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

__all__ = ["Broker", "Topics", "client_settings", "fresh_topics"]

_UNDERSCORED = (
    "log_level",
    "on_commit",
    "on_delivery",
    "error_cb",
    "logger",
    "stats_cb",
    "throttle_cb",
)


def client_settings(options: dict[str, object]) -> dict[str, object]:
    """Spell keyword arguments as librdkafka spells its settings.

    Examples
    --------
    >>> client_settings({"transactional_id": "t", "error_cb": print})["transactional.id"]
    't'
    """
    return {
        key if key in _UNDERSCORED else key.replace("_", "."): value
        for key, value in options.items()
    }


class Broker:
    """Clients of one broker, configured so that tests need not wait.

    Parameters
    ----------
    bootstrap
        ``host:port`` to connect to.
    """

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def producer(self, **options: object) -> Producer:
        """Make a producer; options as keywords, ``transactional_id="t"``."""
        return Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "linger.ms": 0,
                **client_settings(options),
            }
        )

    def consumer(self, group: str, **options: object) -> Consumer:
        """Make a consumer of `group` that starts at the beginning and commits nothing by itself."""
        settings = {
            "bootstrap.servers": self.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,  # a killed member is forgotten after 6 s, not 45
        }
        if options.get("group_protocol") == "consumer":
            del settings[
                "session.timeout.ms"
            ]  # the broker decides it there, and librdkafka refuses the setting
        return Consumer({**settings, **client_settings(options)})

    def admin(self) -> AdminClient:
        """Make an administration client."""
        return AdminClient({"bootstrap.servers": self.bootstrap})

    def create_topics(self, *names: str, partitions: int = 1, **options: str) -> None:
        """Create topics, and return when a producer can write to them."""
        admin = self.admin()
        config = {key.replace("_", "."): value for key, value in options.items()}
        wanted = [
            NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
            for name in names
        ]
        for created in admin.create_topics(wanted).values():
            created.result(30)
        # The controller knows a topic a little before the broker does.
        deadline_s = time.monotonic() + 30
        while not all(_has_leaders(admin, name, partitions) for name in names):
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"no leader for all partitions of {names}")
            time.sleep(0.02)

    def delete_topics(self, prefix: str) -> None:
        """Delete the topics whose names start with `prefix`, as far as that works."""
        with contextlib.suppress(KafkaException):
            admin = self.admin()
            names = [
                name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)
            ]
            for deleted in admin.delete_topics(names).values() if names else ():
                deleted.result(10)

    def read(
        self,
        topic: str,
        at_least: int = 0,
        *,
        isolation: str = "read_committed",
        timeout_s: float = 30.0,
    ) -> list[Message]:
        """Read a topic from its beginning to its end.

        Parameters
        ----------
        topic
            Its name.
        at_least
            Wait until there are this many records. Everything that is there
            by then is given, so a record too many is seen.
        isolation
            ``read_committed`` or ``read_uncommitted``.
        timeout_s
            How long to wait for `at_least` records [s].

        Returns
        -------
        The records; those of one partition are in order.
        """
        # The end of an empty partition is reported after one fetch.wait.max.ms.
        quick = {
            "enable_partition_eof": True,
            "fetch_wait_max_ms": 20,
            "isolation_level": isolation,
        }
        with self.consumer(f"reader-{uuid4()}", **quick) as consumer:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            consumer.assign(
                [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions]
            )
            records: list[Message] = []
            at_end: set[int | None] = set()
            deadline_s = time.monotonic() + timeout_s
            while len(at_end) < len(partitions) or len(records) < at_least:
                if time.monotonic() > deadline_s:
                    raise TimeoutError(
                        f"{topic}: {len(records)} records after {timeout_s} s, not {at_least}"
                    )
                for message in consumer.consume(500, 0.02):
                    if (error := message.error()) is None:
                        records.append(message)
                        at_end.discard(message.partition())
                    elif error.code() == KafkaError._PARTITION_EOF:
                        at_end.add(message.partition())
                    else:
                        raise KafkaException(error)
            return records


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics of one test, which no other test has seen."""

    broker: Broker
    prefix: str
    """What all their names begin with."""

    def create(self, name: str, partitions: int = 1, **options: str) -> str:
        """Create a topic and give its full name; options as keywords, ``max_message_bytes="100"``."""
        full_name = self.prefix + name
        self.broker.create_topics(full_name, partitions=partitions, **options)
        return full_name


@contextlib.contextmanager
def fresh_topics(broker: Broker) -> Iterator[Topics]:
    """Give one test its own topics, and delete them when it is over."""
    topics = Topics(broker=broker, prefix=f"test-{uuid4().hex[:12]}-")
    yield topics
    broker.delete_topics(topics.prefix)


def _has_leaders(admin: AdminClient, name: str, partitions: int) -> bool:
    topic = admin.list_topics(timeout=10).topics.get(name)
    return topic is not None and sum(p.leader >= 0 for p in topic.partitions.values()) >= partitions
