"""Watch a daemon work off a topic: what is committed, and who used the cores meanwhile."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from benchmarks.broker import Broker
from benchmarks.processors import machine_seconds, processor_seconds
from benchmarks.rig import Rig
from pipeline.errors import TransientError

__all__ = ["BEGIN", "END", "Sample", "Steady", "steady", "watch"]

TURN_S = 0.1
PATIENCE_S = 60.0
"""How long nothing may be committed before we give up [s]."""

BEGIN, END = 0.15, 0.85
"""Shares of the messages between which the rate is taken: batches are full by the first, and
no worker has run out of work by the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A look at the daemon."""

    at_s: float
    """Monotonic time [s]."""

    committed: int
    daemon_s: float
    """Processor time of the daemon so far [s]."""

    broker_s: float
    machine_s: float
    """Processor time of everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """The daemon in its steady state."""

    messages_per_s: float
    daemon_cores: float
    """Cores that the daemon kept busy."""

    broker_cores: float
    other_cores: float
    """Cores that other programs used meanwhile, this one among them."""


def watch(broker: Broker, rig: Rig, topic: str, *, partitions: int, messages: int) -> list[Sample]:
    """Look at the committed offsets until all messages are done.

    Raises
    ------
    TransientError
        If nothing more comes.
    """
    places = [TopicPartition(topic, partition) for partition in range(partitions)]
    config = {"bootstrap.servers": broker.bootstrap, "group.id": rig.settings.group}
    samples: list[Sample] = []
    moved_s = time.monotonic()
    with Consumer(config) as consumer:
        while not samples or samples[-1].committed < messages:
            committed = sum(max(0, place.offset) for place in consumer.committed(places, 30))
            now_s = time.monotonic()
            if not samples or committed > samples[-1].committed:
                moved_s = now_s
            if now_s - moved_s > PATIENCE_S or not rig.daemon.running:
                raise TransientError(
                    f"{committed} of {messages} are committed, and no more come; the daemon said:\n"
                    f"{rig.daemon.log_tail}"
                )
            samples.append(
                Sample(
                    at_s=now_s,
                    committed=committed,
                    daemon_s=processor_seconds(set(rig.pids)),
                    broker_s=processor_seconds(set(broker.pids)),
                    machine_s=machine_seconds(),
                )
            )
            time.sleep(TURN_S)
    return samples


def steady(samples: Sequence[Sample]) -> Steady:
    """Return the rates between `BEGIN` and `END` of the messages."""
    rows = [(s.at_s, s.daemon_s, s.broker_s, s.machine_s) for s in samples]
    # Of the looks with the same count only the first.
    done, first = np.unique([s.committed for s in samples], return_index=True)
    marks = np.array([BEGIN, END]) * done[-1]
    if len(done) < 2 or done[0] > marks[0]:  # noqa: PLR2004 - a line needs two points
        raise TransientError(
            f"{done[-1]} messages are too few: when first looked at, {done[0]} were done"
        )
    passed_s, daemon_s, broker_s, machine_s = (
        float(np.diff(np.interp(marks, done, column))[0]) for column in np.array(rows)[first].T
    )
    return Steady(
        messages_per_s=float(np.diff(marks)[0]) / passed_s,
        daemon_cores=daemon_s / passed_s,
        broker_cores=broker_s / passed_s,
        other_cores=max(0.0, machine_s - daemon_s - broker_s) / passed_s,
    )
