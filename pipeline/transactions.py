"""Transactions of one producer: what is sent and the offsets become visible together, or not at all.

librdkafka's transactions have known holes: a call can outlast its timeout or
hang (librdkafka 5456, 5511), and after a request that timed out nobody knows
whether it took effect.  So the supervisor watches how long the writer has been
busy, and after any error that leaves the outcome open the producer is thrown
away: a new one with the same id makes the broker decide, and the committed
offsets tell what it decided.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from confluent_kafka import (
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)

from pipeline.dead_letters import Headers
from pipeline.errors import ConfigurationError, PipelineError, TransientError, WorkerError
from pipeline.tally import Commit, Partition

__all__ = ["Aborted", "Transactions"]

log = structlog.get_logger(__name__)

CALL_TIMEOUT_S = 10.0

NOT_OURS_TO_MEND = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - its public name
    }
)
"""Why a result cannot be delivered, until somebody changes a setting of the broker or of ours."""


class Aborted(TransientError):
    """A transaction was given up: read again from the committed offsets."""


class Transactions:
    """The producer of one worker, replaced when nobody knows what became of what it sent.

    Parameters
    ----------
    make_producer
        Opens a producer; called again when one has to be thrown away.
    transactional
        False sends at least once: flush, then the offsets are committed.
    """

    def __init__(self, make_producer: Callable[[], Producer], *, transactional: bool) -> None:
        self._make_producer = make_producer
        self.transactional = transactional
        self._is_open = False
        self._opened_s = 0.0
        self._failed: KafkaError | None = None
        self._producer = self._new_producer()

    @property
    def age_s(self) -> float:
        """Time since the open transaction began [s]; 0 if none is open."""
        return time.monotonic() - self._opened_s if self._is_open else 0.0

    def send(self, topic: str, value: bytes, key: bytes | None, headers: Headers) -> None:
        """Send a message, in a new transaction if none is open.

        Raises
        ------
        Aborted
            If the producer cannot go on.
        """
        try:
            self._begin()
            while True:
                try:
                    self._producer.produce(
                        topic, value, key, headers=list(headers), on_delivery=self._on_delivery
                    )
                    break
                except BufferError:  # the local queue is full: let it drain
                    self._producer.poll(0.05)
        except KafkaException as error:
            raise self._give_up(error) from error

    def commit(
        self, commits: Mapping[Partition, Commit], group: Any, is_current: Callable[[], bool]
    ) -> None:
        """Make what was sent visible and move the offsets on, in one step.

        Without transactions the offsets are left to the caller.

        Parameters
        ----------
        commits
            What to commit for each partition.
        group
            The group's metadata.
        is_current
            Whether what was sent is still ours to send. Asked after `group` was
            taken: if we lose it later, that is too old and the broker refuses.

        Raises
        ------
        Aborted
            If neither has happened, or nobody knows.
        WorkerError
            If another worker has taken our place.
        """
        try:
            if not self.transactional:
                self._flush()
            elif not commits and not self._is_open:
                return  # what was judged has no answer yet
            elif is_current():
                self._begin()  # where nothing was sent, and only what must be read again has changed
                offsets = [
                    TopicPartition(topic, partition, commit.offset, commit.metadata)
                    for (topic, partition), commit in commits.items()
                ]
                if offsets:  # else an event was found before any of its messages is answered
                    self._retry(self._producer.send_offsets_to_transaction, offsets, group)
                self._retry(self._producer.commit_transaction)
            else:
                self.abort()
                raise Aborted("the partitions were lost")
        except KafkaException as error:
            raise self._give_up(error) from error
        self._is_open = False

    def abort(self) -> None:
        """Take back what was sent since the last commit.

        Raises
        ------
        WorkerError
            If another worker has taken our place: a new producer would take it back from him.
        """
        if self._is_open and self.transactional:
            try:
                self._retry(self._producer.abort_transaction)
            except KafkaException as error:
                _raise_if_fenced(error)
                self._replace_producer(error)
        self._is_open = False

    def _begin(self) -> None:
        if not self._is_open:
            self._is_open, self._opened_s = True, time.monotonic()
            if self.transactional:
                self._producer.begin_transaction()

    def _flush(self) -> None:
        if self._producer.flush(CALL_TIMEOUT_S) or self._failed:
            error, self._failed = self._failed, None
            raise KafkaException(error or KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - its public name

    def _retry(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Call until it works, as long as librdkafka says that calling again is right."""
        deadline_s = time.monotonic() + CALL_TIMEOUT_S
        while True:
            try:
                call(*arguments, CALL_TIMEOUT_S)
            except KafkaException as exception:
                error = exception.args[0]
                is_open_ended = error.code() == KafkaError._TIMED_OUT  # noqa: SLF001 - its public name
                if not error.retriable() or is_open_ended or time.monotonic() > deadline_s:
                    raise
                time.sleep(0.05)
            else:
                return

    def _give_up(self, exception: KafkaException) -> PipelineError:
        """End the transaction one way or another, and return what to raise."""
        error = exception.args[0]
        log.warning("transaction given up", error=error.str(), code=error.name())
        _raise_if_fenced(exception)
        cause = self._failed or error
        if cause.code() in NOT_OURS_TO_MEND:
            return ConfigurationError(
                f"results cannot be published: {cause.str()}; see skytriage check"
            )
        # After a fatal error `produce` does not say what it was, and aborting does.
        is_fatal = error.code() == KafkaError._FATAL  # noqa: SLF001 - its public name
        if self.transactional and (is_fatal or error.txn_requires_abort()):
            self.abort()
        else:
            self._replace_producer(exception)
        return Aborted(error.str())

    def _replace_producer(self, cause: KafkaException) -> None:
        log.warning("producer replaced", error=cause.args[0].str())
        self._producer.purge()
        self._producer = self._new_producer()
        self._is_open = False

    def _new_producer(self) -> Producer:
        self._failed = None
        producer = self._make_producer()
        if self.transactional:
            try:
                producer.init_transactions(CALL_TIMEOUT_S * 3)
            except KafkaException as error:
                raise TransientError(f"no transactions: {error.args[0].str()}") from error
        return producer

    def _on_delivery(self, error: KafkaError | None, _: object) -> None:
        self._failed = self._failed or error


def _raise_if_fenced(exception: KafkaException) -> None:
    error = exception.args[0]
    if error.code() in {KafkaError._FENCED, KafkaError.PRODUCER_FENCED}:  # noqa: SLF001 - its public name
        raise WorkerError(
            "another worker has the same transactional id: a second daemon with this "
            '"instance" name, or our own successor; or the transaction was open for longer '
            f'than "transaction_timeout_ms" ({error.str()})'
        ) from exception
