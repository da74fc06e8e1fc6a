"""A broker to measure with: Apache Kafka where this machine can run one, else the embedded one.

It runs on the same cores as what is measured, so its share is part of every figure.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # documented

from benchmarks.processors import children
from pipeline.embedded import CLIENT_SETTINGS, EmbeddedBroker
from pipeline.errors import ConfigurationError

__all__ = ["Broker", "open_broker"]

JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms512m", "-Xmx1g")
"""Without the second compiler: it took up to 0.4 cores for the minutes that a benchmark lasts,
which a broker that has run for a day does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A broker that is running."""

    name: str
    bootstrap: str
    consumer: Mapping[str, str | int]
    """Options that consumers of it should set."""

    pids: frozenset[int] = frozenset()
    """Its processes, if we started it."""

    @contextlib.contextmanager
    def topics(
        self, *names: str, partitions: int, settings: Mapping[str, str] | None = None
    ) -> Iterator[list[str]]:
        """Create topics for a while, and give their full names: nobody else has seen them."""
        prefix = f"skytriage-bench-{uuid4().hex[:8]}-"
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        topics = [
            NewTopic(prefix + name, partitions, 1, config=dict(settings or {})) for name in names
        ]
        for created in admin.create_topics(topics, operation_timeout=30.0).values():
            created.result(30)
        full_names = [prefix + name for name in names]
        try:
            yield full_names
        finally:
            for deleted in admin.delete_topics(full_names).values():
                with contextlib.suppress(KafkaException):  # not every broker can
                    deleted.result(10)


@contextlib.contextmanager
def open_broker(choice: str) -> Iterator[Broker]:
    """Start a broker, or go to one that runs.

    Parameters
    ----------
    choice
        ``"kafka"``, ``"embedded"``, ``"auto"`` for the first of them that can be
        had, or ``host:port``.

    Raises
    ------
    ConfigurationError
        If it cannot be had; the message says why.
    """
    before = children()
    if ":" in choice:
        yield Broker(name=f"Kafka at {choice}", bootstrap=choice, consumer={})
        return
    if choice not in ("auto", "kafka", "embedded"):
        raise ConfigurationError(f"the broker is kafka, embedded, auto or HOST:PORT, not {choice}")
    with contextlib.ExitStack() as stack:
        if choice != "embedded":
            try:
                bootstrap = _enter_kafka(stack)
            except ConfigurationError:
                if choice == "kafka":
                    raise
            else:
                pids = frozenset(children() - before)
                yield Broker(name="Apache Kafka", bootstrap=bootstrap, consumer={}, pids=pids)
                return
        embedded = stack.enter_context(EmbeddedBroker())
        yield Broker(
            name="embedded (Tansu, in memory)",
            bootstrap=embedded.bootstrap,
            consumer=CLIENT_SETTINGS,
            pids=frozenset(children() - before),
        )


def _enter_kafka(stack: contextlib.ExitStack) -> str:
    try:
        # Of the repository and not of the wheel, as are the jars' POM and cache.
        from tests.kafka_broker import KafkaBroker, KafkaUnavailable
    except ImportError as error:
        raise ConfigurationError(
            "skytriage bench starts an Apache Kafka only in its repository: give a running one"
            " with --broker HOST:PORT, or take --broker embedded"
        ) from error
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="skytriage-bench-")))
    try:
        return stack.enter_context(KafkaBroker(folder, java_options=JAVA)).bootstrap
    except KafkaUnavailable as error:
        raise ConfigurationError(f"no Apache Kafka: {error}") from error
