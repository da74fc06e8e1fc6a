"""Judgements to Kafka: what one transaction holds, and when it ends.

A transaction takes in batches for as long as more are on their way, and is
committed with the offsets of all that it holds. It stays open for as long as the
last commit took, and no longer than the commit interval: so a lone message is
committed at once, and in a flood commits, each of which costs the broker a mark
in every partition touched, take no more than half of the time.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import structlog

from pipeline.core import Alert, now_us
from pipeline.errors import EncodeError, TransientError
from pipeline.lane import Judged
from pipeline.observe import Written, observe_commit
from pipeline.offsets import OffsetLedger
from pipeline.recorder import Recorder
from pipeline.sink import Sink
from pipeline.source import Source
from pipeline.tally import Outcome
from pipeline.transactions import Aborted

__all__ = ["Writer"]

log = structlog.get_logger(__name__)

DIVIDED_PATIENCE_S = 1.0
"""How long to wait for the rest of a message before looking whether it still comes [s]."""

MAX_ABORTS = 10
"""Transactions given up in a row after which the worker ends: a new one may do better."""


class Writer:
    """The last stage, in a thread of its own.

    Parameters
    ----------
    must_rewind
        Set when what is in flight was given up: nothing is written until the reader has gone back
        to the committed offsets and cleared it.
    transaction
        Held while a transaction is open: the committed offsets are about to change.
    generation
        Returns the current generation of what is in flight; see `Batches`.
    commit_interval_s
        Age at which a transaction is committed at the latest, though there is more to come [s].
    """

    def __init__(
        self,
        sink: Sink,
        source: Source,
        ledger: OffsetLedger,
        recorder: Recorder,
        *,
        must_rewind: threading.Event,
        transaction: threading.Lock,
        generation: Callable[[], int],
        commit_interval_s: float,
    ) -> None:
        self._sink = sink
        self._source = source
        self._ledger = ledger
        self._recorder = recorder
        self._must_rewind = must_rewind
        self._commit_interval_s = commit_interval_s
        self._transaction = transaction
        self._generation = generation
        self._held: list[Written] = []
        self._held_generation = 0
        self._aborts = 0
        self._commit_s = 0.0
        """How long the last commit took [s]."""

        self.committed_s: float | None = None
        """When a transaction was last committed [s since 1970, UTC]."""

    @property
    def patience_s(self) -> float | None:
        """How long the next batch may take until `commit` is due [s].

        None if nothing is held. While of a message some records are held and others on their
        way, it is only time to see whether they were given up.
        """
        if not self._held:
            return None
        if self._ledger.has_divided():
            return DIVIDED_PATIENCE_S
        return max(
            0.0, min(self._commit_interval_s, self._commit_s) - self._sink.transactions.age_s
        )

    def write(self, judged: Judged, generation: int) -> None:
        """Send a batch, and commit unless more is on its way and there is time.

        Parameters
        ----------
        generation
            Of the batch. One that was given up is dropped, and with it what the
            open transaction holds of it: it will be read again.
        """
        current = self._generation()
        is_stale = generation != current or self._must_rewind.is_set()
        if self._held and (is_stale or self._held_generation != current):
            self._take_back()
        if is_stale:
            return
        if not self._held:
            self._transaction.acquire()
            self._held_generation = generation
        with self._closing():
            self._send(judged)
            if self._is_due():
                self._commit()

    def _is_due(self) -> bool:
        if self._ledger.has_divided():
            return False
        return not (self.patience_s and self._ledger.has_unwritten())

    def commit(self) -> None:
        """Commit what is held, or drop it if it was given up meanwhile."""
        if self._must_rewind.is_set() or self._held_generation != self._generation():
            self._take_back()
            return
        if self._ledger.has_divided():
            return
        with self._closing():
            self._commit()

    def finish(self) -> None:
        """Commit what is held, or leave it to whoever reads it again; the last call."""
        if not self._held:
            return
        try:
            if self._ledger.has_divided():
                self._sink.transactions.abort()
                raise Aborted("the rest of a message never came")  # noqa: TRY301 - as a lost commit
            self._commit()
        except Aborted as error:
            log.warning("left to the next worker", error=str(error))
            self._give_up()
        finally:
            self._transaction.release()

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        """Let go of a transaction that was given up, and of the lock when nothing is held."""
        try:
            yield
        except Aborted as error:
            self._give_up()
            self._aborts += 1
            if self._aborts >= MAX_ABORTS:
                raise TransientError(f"{self._aborts} transactions given up: {error}") from error
        except BaseException:
            self._held.clear()  # and so the lock is released: the reader may wait for it
            raise
        finally:
            if not self._held:
                self._transaction.release()

    def _give_up(self) -> None:
        self._held.clear()
        self._recorder.count("skytriage_transactions", "aborted")
        self._must_rewind.set()

    def _take_back(self) -> None:
        try:
            self._sink.transactions.abort()
        finally:  # the reader may wait for it
            self._recorder.count("skytriage_transactions", "aborted")
            self._held.clear()
            self._transaction.release()

    def _send(self, judged: Judged) -> None:
        results: Written = (judged, [])
        self._held.append(results)
        for item, answer in judged.answers():
            sent = answer
            if isinstance(sent, Alert):
                try:
                    self._sink.publish(sent, item.record)
                except EncodeError as error:
                    if sent.kind == "event":  # no message is at fault
                        raise
                    sent = error
            if not isinstance(sent, Alert):
                self._sink.dead_letter(item.record, sent)
            results[1].append((item, sent))
        self._ledger.remember(judged.memories())
        for item, sent in results[1]:
            if isinstance(sent, Alert) and sent.kind == "event":
                continue  # its record has a result of its own
            outcome: Outcome = "classified" if isinstance(sent, Alert) else "dead_lettered"
            if not self._ledger.finish(item.record.origin, outcome):
                # Committed without its offset it would be seen twice.
                self._sink.transactions.abort()
                raise Aborted(f"{item.record.origin} is no longer ours")

    def _commit(self) -> None:
        commits = self._ledger.committable()
        asked_s = time.monotonic()
        began_s = asked_s - self._sink.transactions.age_s
        self._sink.transactions.commit(commits, self._source.group, self._is_current)
        self._commit_s = time.monotonic() - asked_s
        if self._sink.transactions.transactional:
            self._ledger.committed(commits)
        else:
            self._source.want_commit(commits)
        self._aborts = 0
        self._recorder.count("skytriage_transactions", "committed")
        self._recorder.observe("skytriage_transaction_seconds", values=[time.monotonic() - began_s])
        self.committed_s = time.time()
        observe_commit(self._recorder, self._held, now_us())
        self._held.clear()

    def _is_current(self) -> bool:
        return self._held_generation == self._generation()
