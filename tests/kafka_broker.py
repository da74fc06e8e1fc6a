"""A real Apache Kafka for tests and benchmarks, on this machine, in seconds.

One process is broker and controller (KRaft, combined mode), on free ports of
127.0.0.1. Most tests share the one of the session (fixture ``broker``); a test
that stops, kills or suspends a broker owns another one::

    with KafkaBroker(tmp_path) as broker:
        broker.pause()
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.embedded import BrokerDied, wait_until_ready
from pipeline.server_process import ServerProcess, free_port
from tests.kafka_clients import Broker
from tests.kafka_jars import IDENTITY, KafkaUnavailable, find_java, formatted_storage, kafka_jars

__all__ = ["KafkaBroker", "KafkaUnavailable"]

# Start-up is what tests wait for: the fastest collector and compiler to start.
# A benchmark of the broker itself gives its own.
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms256m", "-Xmx512m")

LOGGING = """\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
# Who joined, left or was fenced, and which transaction was aborted.
logger.groups.name = org.apache.kafka.coordinator
logger.groups.level = info
logger.transactions.name = kafka.coordinator
logger.transactions.level = info
"""

SETTINGS = {
    **IDENTITY,
    # One broker cannot keep three copies.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # 50 partitions of each internal topic would be made at first use.
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # Nobody else is about to join the group: no waiting for them.
    "group.initial.rebalance.delay.ms": "0",
    # Fault tests wait for these to pass; the usual floors are 6 s, 45 s and 10 s.
    "group.min.session.timeout.ms": "1000",
    "group.consumer.min.session.timeout.ms": "1000",
    "group.consumer.session.timeout.ms": "6000",
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # How long a killed broker's successor waits to be let in again.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    # A misspelt topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
    "message.max.bytes": "10485760",
    "replica.fetch.max.bytes": "10485760",
    # Memory and disk that a test broker does not need: 128 MB and 10 MB a segment.
    "log.cleaner.dedupe.buffer.size": "2097152",
    "log.index.size.max.bytes": "1048576",
}


class KafkaBroker(Broker):
    """A broker of our own, which runs inside a ``with`` block.

    Parameters
    ----------
    folder
        Existing folder for its settings, data and log. The log stays there.
    settings
        Broker settings besides, or instead of, `SETTINGS`.
    java_options
        Options of the Java machine.

    Raises
    ------
    KafkaUnavailable
        This machine has no Java, or cannot fetch Kafka.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        java_options: Sequence[str] = QUICK_START,
    ) -> None:
        super().__init__(bootstrap="")
        self._folder = folder
        self._settings = {**SETTINGS, **(settings or {})}
        self._java = [find_java(), *java_options, "-Djava.awt.headless=true"]
        self._java += [
            f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
            "-cp",
            f"{kafka_jars()}/*",
        ]
        self._process: ServerProcess | None = None
        self.log = folder / "server.log"
        """What the broker printed, over all its starts."""

    def __enter__(self) -> Self:
        (self._folder / "log4j2.properties").write_text(LOGGING)
        for _ in range(3):
            self._prepare()
            try:
                self.start()
            except BrokerDied as error:
                # Somebody else took a port between our looking and Kafka's opening it.
                if "Address already in use" not in str(error):
                    raise
            else:
                return self
        raise KafkaUnavailable("three times another program took the ports that were free")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder / "data", ignore_errors=True)

    def start(self) -> None:
        """Start the broker, with the data it had, and wait until it answers."""
        self._process = ServerProcess([*self._java, "kafka.Kafka", self._properties], log=self.log)
        try:
            wait_until_ready(self.bootstrap, self._process, timeout_s=120)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Shut the broker down in good order; its data stay until the ``with`` block ends."""
        self._running.stop(patience_s=20)

    def kill(self) -> None:
        """End the broker at once, as a power cut would."""
        self._running.kill()

    def pause(self) -> None:
        """Let the broker hang: connections stay open, nothing is answered."""
        self._running.pause()

    def resume(self) -> None:
        """Let a paused broker go on."""
        self._running.resume()

    def log_tail(self, lines: int = 20) -> str:
        """Give the last lines of the broker's log."""
        return self._running.log_tail(lines)

    @property
    def _properties(self) -> str:
        return str(self._folder / "server.properties")

    @property
    def _running(self) -> ServerProcess:
        if self._process is None:
            raise RuntimeError("the broker has not been started")
        return self._process

    def _prepare(self) -> None:
        """Choose ports, write the settings, and lay out empty storage."""
        broker, controller = (f"127.0.0.1:{free_port()}" for _ in range(2))
        settings = self._settings | {
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self._folder / "data"),
        }
        lines = "".join(f"{key}={value}\n" for key, value in settings.items())
        Path(self._properties).write_text(lines)
        shutil.rmtree(self._folder / "data", ignore_errors=True)
        shutil.copytree(formatted_storage(), self._folder / "data")
        self.bootstrap = broker
