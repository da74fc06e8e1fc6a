"""Kafka messages in: the consumer, and what a rebalance does to what is in flight.

All calls come from the reading thread: librdkafka calls back inside `Source.poll`,
and since confluent-kafka 2.16 (its pull request 2322) a thread that polls in a
loop keeps all others out of its consumer.  So the writer finds here what it
needs to know of the group, and leaves here what it wants committed.  Offsets
come from our own ledger and never from the consumer's position, which runs
ahead of what has been published.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from confluent_kafka import (
    OFFSET_INVALID,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from pipeline.core import Origin, Record, now_us
from pipeline.errors import TransientError, WorkerError
from pipeline.offsets import OffsetLedger
from pipeline.recorder import Recorder
from pipeline.tally import Commit, Partition, Tally

__all__ = ["Source"]

log = structlog.get_logger(__name__)

COMMITTED_TIMEOUT_S = 30.0


class Source:
    """The consumer of one worker.

    Parameters
    ----------
    consumer
        Not yet subscribed.
    ledger
        Told which partitions are ours.
    settle
        Called before partitions are given up: finish and commit what is in
        flight.
    abandon
        Called when partitions are lost already: drop what is in flight.
    transaction
        Held by the writer while a transaction is open. Committed offsets are
        only read while it is not.
    """

    def __init__(
        self,
        consumer: Consumer,
        ledger: OffsetLedger,
        recorder: Recorder,
        *,
        settle: Callable[[Sequence[Partition]], None],
        abandon: Callable[[], None],
        transaction: threading.Lock,
    ) -> None:
        self.consumer = consumer
        self._ledger = ledger
        self._recorder = recorder
        self._settle = settle
        self._abandon = abandon
        self._transaction = transaction
        self._is_paused = False
        self._is_reassigned = False
        self._is_closing = False
        self._wanted: queue.SimpleQueue[Mapping[Partition, Commit]] = queue.SimpleQueue()
        self.group: Any = None
        """The group's metadata as of the last poll. Never newer than what was read:
        after we have lost partitions the broker refuses a commit with it."""

        self.has_been_assigned = False
        """Whether the group has given us our share, which may be nothing."""

    def subscribe(self, topics: Sequence[str]) -> None:
        """Join the group."""
        self.consumer.subscribe(
            list(topics),
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def poll(self, room: int, timeout_s: float) -> list[Record]:
        """Return what has come, at most `room` records, waiting for the first one."""
        self.commit_wanted()
        first = self.consumer.poll(timeout_s)
        self.group = self.consumer.consumer_group_metadata()
        if self._is_reassigned and not self._is_paused:
            # A partition that was lost while it was paused comes back paused.
            self._is_reassigned = False
            self.resume()
        if first is None:
            return []
        rest = self.consumer.consume(room - 1, 0) if room > 1 else []
        received_us = now_us()
        ours = set(self._ledger.partitions())
        records = [
            _record(message, received_us)
            for message in (first, *rest)
            if self._is_message(message) and (message.topic(), message.partition()) in ours
        ]
        self._ledger.start(record.origin for record in records)
        return [
            replace(r, note=note) if (note := self._ledger.note(r.origin)) is not None else r
            for r in records
        ]

    def _is_message(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.fatal() or error.code() == KafkaError._MAX_POLL_EXCEEDED:  # noqa: SLF001 - its public name
            raise WorkerError(f"the consumer cannot go on: {error.str()}")
        log.warning("kafka consumer", error=error.str())
        return False

    def want_commit(self, commits: Mapping[Partition, Commit]) -> None:
        """Leave offsets to be committed without a transaction. Called by the writer."""
        self._wanted.put(commits)

    def commit_wanted(self) -> None:
        """Commit what the writer has left, if anything."""
        wanted: Mapping[Partition, Commit] = {}
        while not self._wanted.empty():
            wanted = self._wanted.get()  # each holds all that the one before held
        if not wanted:
            return
        offsets = [
            TopicPartition(topic, partition, commit.offset, commit.metadata)
            for (topic, partition), commit in wanted.items()
        ]
        try:
            self.consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            # Lost in a rebalance: whoever has the partitions does them again.
            log.warning("offsets not committed", error=error.args[0].str())
        else:
            self._ledger.committed(wanted)

    def pause(self) -> None:
        """Stop fetching; polling goes on, or the group would expel us."""
        self._is_paused = True
        self.consumer.pause(self.consumer.assignment())

    def resume(self) -> None:
        """Fetch again."""
        self._is_paused = False
        self.consumer.resume(self.consumer.assignment())

    def rewind(self) -> bool:
        """Go back to what is committed, and return whether that was possible already."""
        with self._transaction:
            partitions = self._ledger.partitions()
            began = {partition: self._ledger.since(partition) for partition in partitions}
            committed = self._read_committed(partitions)
        for partition, (offset, _) in committed.items():
            start = offset if offset >= 0 else began[partition]
            if start is None:  # nothing was read yet
                continue
            try:
                self.consumer.seek(TopicPartition(*partition, start))
            except KafkaException as error:  # just assigned, and not fetching yet
                log.warning("not rewound yet", error=error.args[0].str())
                return False
        log.info("rewound", partitions=len(partitions))
        return True

    def lags(self) -> dict[Partition, int]:
        """Return the messages of each partition that are not committed, as far as was fetched last."""
        lags = {}
        for (topic, partition), committed in self._ledger.positions().items():
            low, high = self.consumer.get_watermark_offsets(
                TopicPartition(topic, partition), cached=True
            )
            if high >= 0:  # else nothing was fetched yet
                lags[topic, partition] = max(0, high - max(low, committed))
        return lags

    def close(self) -> None:
        """Leave the group."""
        self._is_closing = True
        self.commit_wanted()
        self.consumer.close()

    def _read_committed(
        self, partitions: Sequence[Partition]
    ) -> dict[Partition, tuple[int, Tally | None]]:
        """Read offsets and tallies from the broker, and hand the tallies to the ledger."""
        if not partitions:
            return {}
        places = [TopicPartition(*partition) for partition in partitions]
        try:
            answer = self.consumer.committed(places, COMMITTED_TIMEOUT_S)
        except KafkaException as error:
            raise TransientError(f"no committed offsets: {error.args[0].str()}") from error
        committed: dict[Partition, tuple[int, Tally | None]] = {}
        for item in answer:
            if item.error is not None:
                raise TransientError(f"no committed offset of {item.topic}: {item.error.str()}")
            tally = Tally.from_metadata(item.metadata) if item.offset != OFFSET_INVALID else None
            committed[item.topic, item.partition] = (item.offset, tally)
        self._ledger.assign(committed)
        return committed

    def _on_assign(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        if self._is_closing:  # another worker leaves too, and a closing consumer answers nothing
            return
        self.has_been_assigned = self._is_reassigned = True
        self._recorder.count("skytriage_rebalances", "assigned")
        with self._transaction:
            self._read_committed([(p.topic, p.partition) for p in partitions])
        log.info("assigned", partitions=[f"{p.topic}/{p.partition}" for p in partitions])

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._recorder.count("skytriage_rebalances", "revoked")
        # The group has moved on, and these are still ours until we return: with the
        # metadata of the last poll the broker would refuse to commit them.
        self.group = self.consumer.consumer_group_metadata()
        given_up = [(p.topic, p.partition) for p in partitions]
        self._settle(given_up)
        self._ledger.forget(given_up)
        log.info("revoked", partitions=[f"{p.topic}/{p.partition}" for p in partitions])

    def _on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._recorder.count("skytriage_rebalances", "lost")
        self._abandon()
        self._ledger.forget([(p.topic, p.partition) for p in partitions])
        log.warning("lost", partitions=[f"{p.topic}/{p.partition}" for p in partitions])


def _record(message: Message, received_us: int) -> Record:
    kind, timestamp_ms = message.timestamp()
    # Only a message that is an error lacks these, which the types cannot say.
    topic: Any = message.topic()
    partition: Any = message.partition()
    offset: Any = message.offset()
    headers: Any = message.headers() or ()
    return Record(
        value=message.value() or b"",
        origin=Origin(topic, partition, offset),
        key=message.key(),
        headers=tuple(headers),
        broker_us=None if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms * 1000,
        received_us=received_us,
    )
