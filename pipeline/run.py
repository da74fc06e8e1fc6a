"""The loop: every stage, in the order in which data meets it.

Three threads overlap: while one batch is in the network, the next is being
decoded and the one before committed::

    read    Kafka ──► decode ──► preprocess ──► the batch that fills
    infer   the batch that has waited longest ──► probabilities
    write   alerts, dead letters and offsets ──► one Kafka transaction

What is in flight is never handed over: when partitions are revoked it is
committed first; when they are lost, or a transaction fails, it is dropped and
read again from the committed offsets.
"""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from confluent_kafka import Consumer

from pipeline.batch import Batches
from pipeline.core import Record
from pipeline.errors import TransientError
from pipeline.lane import Judged, Lane, Prepared
from pipeline.metrics import Recorder
from pipeline.offsets import OffsetLedger
from pipeline.pulse import Pulse
from pipeline.sink import Sink
from pipeline.source import Source
from pipeline.tally import Partition
from pipeline.write import Writer

__all__ = ["Loop"]

log = structlog.get_logger(__name__)

CHUNK = 32
"""Records decoded before the network may have them."""

LAG_INTERVAL_S = 1.0

FIRST_PAUSE_S, MAX_PAUSE_S = 1.0, 30.0
"""How long to hold back when something outside fails, and fails again [s]."""

PATIENCE_S = 1.0
"""How long the reader waits for room before it pauses its partitions [s]."""


class Loop:
    """The loop of one worker.

    Parameters
    ----------
    lanes
        By stream.
    stream_of
        The stream that a topic belongs to.
    consumer
        Not yet subscribed.
    sink
        On the same consumer.
    max_batch
        Items in a batch at most.
    commit_interval_s
        As `Writer` takes it [s].
    settle_timeout_s
        How long to wait for what is in flight when partitions are revoked [s].
    """

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        stream_of: Callable[[str], str],
        consumer: Consumer,
        sink: Sink,
        recorder: Recorder,
        *,
        max_batch: int,
        commit_interval_s: float,
        settle_timeout_s: float,
    ) -> None:
        self._lanes = lanes
        self._stream_of = stream_of
        self._settle_timeout_s = settle_timeout_s
        shapes = {name: lane.classifier.network.input_shape for name, lane in lanes.items()}
        self._batches = Batches(shapes, max_batch)
        self._judged: queue.Queue[tuple[Judged, int] | None] = queue.Queue(maxsize=4)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._rest: deque[Record] = deque()
        """Records that were read and are in no batch yet."""

        self._lags_s = 0.0
        self.lags: Mapping[Partition, int] = {}
        """Messages of each partition that are not committed yet."""

        self.paused = False
        """Whether the input is held back because the network is behind."""

        self.ledger = OffsetLedger()
        self.pulse = Pulse()
        transaction = threading.Lock()
        self.source = Source(
            consumer,
            self.ledger,
            recorder,
            settle=self._settle,
            abandon=self._abandon,
            transaction=transaction,
        )
        self._writer = Writer(
            sink,
            self.source,
            self.ledger,
            recorder,
            transaction=transaction,
            generation=lambda: self._batches.generation,
            commit_interval_s=commit_interval_s,
        )

    @property
    def committed_s(self) -> float | None:
        """When a transaction was last committed [s since 1970, UTC]."""
        return self._writer.committed_s

    def stop(self) -> None:
        """Read no more, finish what is in flight, and return from `run`."""
        self._stop.set()

    def run(self, topics: Sequence[str]) -> None:
        """Classify until stopped; what stops any of the threads is raised here."""
        threads = [
            # Daemons: after a failure nobody waits for what a thread may hang in.
            threading.Thread(target=self._guarded, args=(stage,), name=stage.__name__, daemon=True)
            for stage in (self.infer, self.write)
        ]
        for thread in threads:
            thread.start()
        self.source.subscribe(topics)
        self._guarded(self.read)
        self._batches.close()
        while self._failure is None and any(thread.is_alive() for thread in threads):
            threads[-1].join(0.1)
        if self._failure is None:
            self.source.close()
            return
        with contextlib.suppress(Exception):  # the failure is what matters
            self.source.close()  # or the group would wait for us until the session times out
        raise self._failure

    def read(self) -> None:
        """Kafka to batches."""
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set() or (self._rest and self._failure is None):
            self._turn()
            if self._writer.must_rewind.is_set():
                self._rewind()
            records = self._next(self._batches.wait_for_room(PATIENCE_S))
            try:
                for stream, chunk in self._chunks(records):
                    self._add(stream, self._lanes[stream].prepare(chunk))
                pause_s = FIRST_PAUSE_S
            except TransientError as error:  # a schema registry that does not answer
                log.warning("held back", error=str(error), retry_in_s=pause_s)
                self._wait(pause_s)
                pause_s = min(2 * pause_s, MAX_PAUSE_S)

    def _add(self, stream: str, prepared: Prepared) -> None:
        """Put items into batches: at once, but for frames that complete more windows than there is room."""
        self.ledger.hold(prepared.held)
        self.ledger.hold(prepared.released, held=False)
        while prepared.items and self._failure is None and not self._writer.must_rewind.is_set():
            if room := self._batches.wait_for_room(PATIENCE_S):
                fits, prepared = prepared.divided(room)
                self._batches.add(stream, fits)
            self._turn()

    def _next(self, room: int) -> list[Record]:
        """Return at most so many records: the rest of messages that hold several, or new ones."""
        if self._rest:  # no poll: an assignment would wait for a transaction that waits for them
            messages = []
        elif not room:
            messages = self._hold_back()
        else:
            messages = self.source.poll(room, timeout_s=0.1)
        for message in messages:
            records = self._lanes[self._stream_of(message.origin.topic)].split(message)
            if len(records) > 1:
                self.ledger.split(records[0].origin)
            self._rest.extend(records)
        return [self._rest.popleft() for _ in range(min(room, len(self._rest)))]

    def infer(self) -> None:
        """Batches to judgements."""
        while not self._batches.drained:
            batch = self._batches.take(timeout_s=0.5)
            if batch is None:
                continue
            self.pulse.infer_since_s = time.monotonic()
            judged = self._lanes[batch.stream].predict(batch.items, batch.inputs, batch.rows)
            self.pulse.infer_since_s = None
            self._batches.release(batch)
            self._judged.put((judged, batch.generation))
        self._judged.put(None)

    def write(self) -> None:
        """Judgements to Kafka."""
        while True:
            try:
                entry = self._judged.get(timeout=self._writer.patience_s)
            except queue.Empty:  # what was on its way takes too long
                self._busy(self._writer.commit)
                continue
            if entry is None:
                break
            self._busy(self._writer.write, *entry)
        self._writer.finish()

    def _busy(self, work: Callable[..., None], *arguments: Any) -> None:
        self.pulse.write_since_s = time.monotonic()
        work(*arguments)
        self.pulse.write_since_s = None

    def _chunks(self, records: Sequence[Record]) -> Iterator[tuple[str, Sequence[Record]]]:
        """Sort records by stream, in pieces that do not keep the network waiting."""
        by_stream: dict[str, list[Record]] = {}
        for record in records:
            by_stream.setdefault(self._stream_of(record.origin.topic), []).append(record)
        for stream, ours in by_stream.items():
            for begin in range(0, len(ours), CHUNK):
                yield stream, ours[begin : begin + CHUNK]

    def _turn(self) -> None:
        """Show that the reader lives, and once a second look how far it is behind."""
        self.pulse.read_s = time.monotonic()
        if self.pulse.read_s - self._lags_s > LAG_INTERVAL_S:
            self._lags_s, self.lags = self.pulse.read_s, self.source.lags()

    def _hold_back(self) -> list[Record]:
        """Poll without reading until there is room: the group expels those who do not poll."""
        log.info("paused: the network is behind")
        self.paused = True
        self.source.pause()
        held: list[Record] = []
        while not self._stop.is_set():
            if self._batches.wait_for_room(PATIENCE_S, more_than=len(held)):
                break
            self._turn()
            if arrived := self.source.poll(1, timeout_s=0):  # a partition just assigned
                held += arrived
                self.source.pause()
        self.source.resume()
        self.paused = False
        return [] if self._stop.is_set() else held

    def _wait(self, pause_s: float) -> None:
        """Give up what is in flight, and poll without reading for a while: it is all read again."""
        self._abandon()
        self.paused = True
        self.source.pause()
        until_s = time.monotonic() + pause_s
        while not self._stop.is_set() and time.monotonic() < until_s:
            self._turn()
            if self.source.poll(1, timeout_s=0.1):  # a partition just assigned
                self.source.pause()
        self.source.resume()
        self.paused = False

    def _settle(self, given_up: Sequence[Partition]) -> None:
        """Commit what is in flight before partitions are given up, or else drop it."""
        deadline_s = time.monotonic() + self._settle_timeout_s
        while not self.ledger.wait_until_idle(timeout_s=0.1):
            self.pulse.read_s = time.monotonic()
            self.source.commit_wanted()
            is_late = self.pulse.read_s > deadline_s
            if self._rest or is_late or self._stop.is_set() or self._writer.must_rewind.is_set():
                log.warning("given up in flight", messages=self.ledger.in_flight())
                self._abandon()
                break
        for lane in self._lanes.values():
            lane.forget(given_up)

    def _abandon(self) -> None:
        """Drop what is in flight; the reader goes back to the committed offsets before it goes on."""
        self._forget()
        self._writer.must_rewind.set()

    def _rewind(self) -> None:
        self._forget()
        if self.source.rewind():
            self._writer.must_rewind.clear()

    def _forget(self) -> None:
        self._rest.clear()
        for lane in self._lanes.values():
            lane.forget(self.ledger.partitions())
        self._batches.abandon()

    def _guarded(self, stage: Callable[[], None]) -> None:
        try:
            stage()
        except BaseException as error:  # noqa: BLE001 - it is raised again by `run`
            self._failure = self._failure or error
            self._stop.set()
