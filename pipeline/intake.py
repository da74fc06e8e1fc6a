"""What the loop takes in: records, one by one and in order, and how much of them at a time.

It is held back while the network is behind, or while something outside fails; and it is given up,
to be read again, when partitions go or a transaction fails. Used by the reading thread alone.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import structlog
from confluent_kafka import Consumer

from pipeline.batch import Batches
from pipeline.core import Record
from pipeline.lane import Lane
from pipeline.offsets import OffsetLedger
from pipeline.pulse import Pulse
from pipeline.recorder import Recorder
from pipeline.source import Source
from pipeline.tally import Partition

__all__ = ["PATIENCE_S", "Intake"]

log = structlog.get_logger(__name__)

CHUNK = 32
"""Records decoded before the network may have them."""

LAG_INTERVAL_S = 1.0

PATIENCE_S = 1.0
"""How long the reader waits for room before it pauses its partitions [s]."""


class Intake:
    """The records of one worker.

    Parameters
    ----------
    lanes
        By stream.
    stream_of
        The stream that a topic belongs to.
    consumer
        Not yet subscribed.
    batches
        Where the records go.
    stop
        Set when no more is to be read.
    must_rewind
        As `~pipeline.write.Writer` takes it.
    transaction
        Held while one is open.
    settle_timeout_s
        How long to wait for what is in flight when partitions are revoked [s].
    """

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        stream_of: Callable[[str], str],
        consumer: Consumer,
        batches: Batches,
        recorder: Recorder,
        *,
        pulse: Pulse,
        stop: threading.Event,
        must_rewind: threading.Event,
        transaction: threading.Lock,
        settle_timeout_s: float,
    ) -> None:
        self._lanes = lanes
        self._stream_of = stream_of
        self._batches = batches
        self._pulse = pulse
        self._stop = stop
        self._must_rewind = must_rewind
        self._settle_timeout_s = settle_timeout_s
        self.rest: deque[Record] = deque()
        """Records that were read and are in no batch yet."""

        self._lags_s = 0.0
        self.lags: Mapping[Partition, int] = {}
        """Messages of each partition that are not committed yet."""

        self.paused = False
        """Whether the input is held back."""

        self.ledger = OffsetLedger()
        self.source = Source(
            consumer,
            self.ledger,
            recorder,
            settle=self._settle,
            abandon=self.abandon,
            transaction=transaction,
        )

    def turn(self) -> None:
        """Show that the reader lives, and once a second look how far it is behind."""
        self._pulse.read_s = time.monotonic()
        if self._pulse.read_s - self._lags_s > LAG_INTERVAL_S:
            self._lags_s, self.lags = self._pulse.read_s, self.source.lags()

    def next(self) -> list[tuple[str, Sequence[Record]]]:
        """Return what there is room for, by stream, in pieces that do not keep the network waiting."""
        room = self._batches.wait_for_room(PATIENCE_S)
        for message in self._messages(room):
            records = self._lanes[self._stream_of(message.origin.topic)].split(message)
            if len(records) > 1:
                self.ledger.split(records[0].origin)
            self.rest.extend(records)
        by_stream: dict[str, list[Record]] = {}
        for _ in range(min(room, len(self.rest))):
            record = self.rest.popleft()
            by_stream.setdefault(self._stream_of(record.origin.topic), []).append(record)
        return [
            (stream, ours[begin : begin + CHUNK])
            for stream, ours in by_stream.items()
            for begin in range(0, len(ours), CHUNK)
        ]

    def _messages(self, room: int) -> list[Record]:
        if self.rest:  # no poll: an assignment would wait for a transaction that waits for them
            return []
        return self.source.poll(room, timeout_s=0.1) if room else self._hold_back()

    def _hold_back(self) -> list[Record]:
        """Poll without reading until there is room: the group expels those who do not poll."""
        log.info("paused: the network is behind")
        self.paused = True
        self.source.pause()
        held: list[Record] = []
        while not self._stop.is_set():
            if self._batches.wait_for_room(PATIENCE_S, more_than=len(held)):
                break
            self.turn()
            if arrived := self.source.poll(1, timeout_s=0):  # a partition just assigned
                held += arrived
                self.source.pause()
        self.source.resume()
        self.paused = False
        ours = set(self.ledger.partitions())  # one may have been revoked since
        stays = [one for one in held if (one.origin.topic, one.origin.partition) in ours]
        return [] if self._stop.is_set() else stays

    def wait(self, pause_s: float) -> None:
        """Give up what is in flight, and poll without reading for a while: it is all read again."""
        self.abandon()
        self.paused = True
        self.source.pause()
        until_s = time.monotonic() + pause_s
        while not self._stop.is_set() and time.monotonic() < until_s:
            self.turn()
            if self.source.poll(1, timeout_s=0.1):  # a partition just assigned
                self.source.pause()
        self.source.resume()
        self.paused = False

    def _settle(self, given_up: Sequence[Partition]) -> None:
        """Commit what is in flight before partitions are given up, or else drop it."""
        deadline_s = time.monotonic() + self._settle_timeout_s
        while not self.ledger.wait_until_idle(timeout_s=0.1):
            self._pulse.read_s = time.monotonic()
            self.source.commit_wanted()
            is_late = self._pulse.read_s > deadline_s
            if self.rest or is_late or self._stop.is_set() or self._must_rewind.is_set():
                log.warning("given up in flight", messages=self.ledger.in_flight())
                self.abandon()
                break
        for lane in self._lanes.values():
            lane.forget(given_up)

    def abandon(self) -> None:
        """Drop what is in flight; the reader goes back to the committed offsets before it goes on."""
        self._forget()
        self._must_rewind.set()

    def rewind(self) -> None:
        """Go back to the committed offsets, if what is in flight was given up."""
        if self._must_rewind.is_set():
            self._forget()
            if self.source.rewind():
                self._must_rewind.clear()

    def _forget(self) -> None:
        self.rest.clear()
        for lane in self._lanes.values():
            lane.forget(self.ledger.partitions())
        self._batches.abandon()
