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
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from confluent_kafka import Consumer

from pipeline.batch import Batches
from pipeline.errors import TransientError
from pipeline.intake import PATIENCE_S, Intake
from pipeline.lane import Judged, Lane, Prepared
from pipeline.pulse import Pulse
from pipeline.recorder import Recorder
from pipeline.sink import Sink
from pipeline.write import Writer

__all__ = ["Loop"]

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, MAX_PAUSE_S = 1.0, 30.0
"""How long to hold back when something outside fails, and fails again [s]."""


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
        As `Intake` takes it [s].
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
        shapes = {name: lane.classifier.network.input_shape for name, lane in lanes.items()}
        self._batches = Batches(shapes, max_batch)
        self._judged: queue.Queue[tuple[Judged, int] | None] = queue.Queue(maxsize=4)
        self._stop, self._must_rewind = threading.Event(), threading.Event()
        self._failure: BaseException | None = None
        self.pulse = Pulse()
        transaction = threading.Lock()
        self.intake = Intake(
            lanes,
            stream_of,
            consumer,
            self._batches,
            recorder,
            pulse=self.pulse,
            stop=self._stop,
            must_rewind=self._must_rewind,
            transaction=transaction,
            settle_timeout_s=settle_timeout_s,
        )
        self._writer = Writer(
            sink,
            self.intake.source,
            self.intake.ledger,
            recorder,
            must_rewind=self._must_rewind,
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
        self.intake.source.subscribe(topics)
        self._guarded(self.read)
        self._batches.close()
        while self._failure is None and any(thread.is_alive() for thread in threads):
            threads[-1].join(0.1)
        if self._failure is None:
            self.intake.source.close()
            return
        with contextlib.suppress(Exception):  # the failure is what matters
            self.intake.source.close()  # or the group would wait for us until the session times out
        raise self._failure

    def read(self) -> None:
        """Kafka to batches."""
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set() or (self.intake.rest and self._failure is None):
            self.intake.turn()
            self.intake.rewind()
            arrived = self.intake.next()
            try:
                for stream, records in arrived:
                    self._add(stream, self._lanes[stream].prepare(records))
                pause_s = FIRST_PAUSE_S
            except TransientError as error:  # a schema registry that does not answer
                log.warning("held back", error=str(error), retry_in_s=pause_s)
                self.intake.wait(pause_s)
                pause_s = min(2 * pause_s, MAX_PAUSE_S)

    def _add(self, stream: str, prepared: Prepared) -> None:
        """Put items into batches: at once, but for frames that complete more windows than there is room."""
        self.intake.ledger.hold(prepared.held)
        self.intake.ledger.hold(prepared.released, held=False)
        while prepared.items and self._failure is None and not self._must_rewind.is_set():
            if room := self._batches.wait_for_room(PATIENCE_S):
                fits, prepared = prepared.divided(room)
                self._batches.add(stream, fits)
            self.intake.turn()

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

    def _guarded(self, stage: Callable[[], None]) -> None:
        try:
            stage()
        except BaseException as error:  # noqa: BLE001 - it is raised again by `run`
            self._failure = self._failure or error
            self._stop.set()
