"""Know how far each partition may be committed, and what became of its messages.

A committed offset is a promise that everything before it is done, so commit up
to the first message still in flight.  The tally of a partition travels as the
metadata of its committed offset, in the same transaction as the results: it
counts exactly what a reader of committed data can see, through crashes and
rebalances.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipeline.core import Origin
from pipeline.tally import Commit, Memory, Outcome, Partition, Tally

__all__ = ["OffsetLedger"]


@dataclass(slots=True)
class _Message:
    """A message on its way, and what became of its records so far."""

    records: int = 1
    classified: int = 0
    dead_lettered: int = 0
    is_held: bool = False
    """Whether it waits for messages that are yet to come."""

    @property
    def done(self) -> int:
        return self.classified + self.dead_lettered


@dataclass(slots=True)
class _State:
    tally: Tally | None
    pending: OrderedDict[int, _Message] = field(default_factory=OrderedDict)
    """Messages after the commit point by offset."""

    next_offset: int = -1
    committed: int = -1
    """Where the next message without a result was, as of the last commit."""

    memory: Memory | None = None
    committed_memory: Memory | None = None

    @classmethod
    def resumed(cls, offset: int, tally: Tally | None) -> "_State":
        """Go on from what was committed; an offset below 0 stands for none."""
        if tally is None or tally.answered is None:
            return cls(tally, committed=max(-1, offset))
        return cls(replace(tally, answered=None), committed=tally.answered)

    def advance(self) -> None:
        """Move what is done, up to the first message in flight, into the tally."""
        while self.pending and self.tally is not None:
            offset, message = next(iter(self.pending.items()))
            if message.done < message.records:
                return
            self.tally.classified += message.classified
            self.tally.dead_lettered += message.dead_lettered
            del self.pending[offset]

    @property
    def answered(self) -> int:
        """Where the next message without a result is."""
        return next(iter(self.pending), max(self.next_offset, self.committed))

    @property
    def is_idle(self) -> bool:
        """Whether all that does not wait for others is committed."""
        waits = all(message.is_held for message in self.pending.values())
        return waits and self.answered == self.committed

    def commit(self) -> Commit | None:
        """Return what is to be committed, None if nothing has changed."""
        self.advance()
        answered = self.answered
        if self.tally is None or (
            answered <= self.committed and self.memory == self.committed_memory
        ):
            return None
        if self.memory is None or self.memory.first >= answered:
            return Commit(answered, answered, self.tally.to_metadata())
        tally = replace(self.tally, answered=answered, note=self.memory.note)
        return Commit(self.memory.first, answered, tally.to_metadata())


class OffsetLedger:
    """The offsets in flight, and what may be committed without losing any.

    Thread-safe: one thread starts messages, another finishes them.
    """

    def __init__(self) -> None:
        self._partitions: dict[Partition, _State] = {}
        self._changed = threading.Condition()

    def assign(self, committed: Mapping[Partition, tuple[int, Tally | None]]) -> None:
        """Take partitions over, with the offsets (below 0 for none) and tallies last committed."""
        with self._changed:
            for partition, (offset, tally) in committed.items():
                self._partitions[partition] = _State.resumed(offset, tally)
            self._changed.notify_all()

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Give partitions up, and whatever of them is in flight."""
        with self._changed:
            for partition in partitions:
                self._partitions.pop(partition, None)
            self._changed.notify_all()

    def partitions(self) -> list[Partition]:
        """Return the partitions that are ours."""
        with self._changed:
            return list(self._partitions)

    def start(self, origins: Iterable[Origin]) -> None:
        """Note messages that were read. Offsets of a partition arrive in increasing order."""
        with self._changed:
            for origin in origins:
                state = self._partitions[origin.topic, origin.partition]
                if origin.offset < state.committed:  # answered, and read again
                    continue
                if state.tally is None:
                    state.tally = Tally(since=origin.offset)
                state.pending[origin.offset] = _Message()
                state.next_offset = origin.offset + 1

    def note(self, origin: Origin) -> str | None:
        """Return what was committed with the partition, if the message was answered before."""
        with self._changed:
            state = self._partitions[origin.topic, origin.partition]
            if state.tally is None or origin.offset >= state.committed:
                return None
            return state.tally.note

    def hold(self, origins: Iterable[Origin], *, held: bool = True) -> None:
        """Note which messages wait for others that are yet to come, or wait no longer."""
        with self._changed:
            for origin in origins:
                if (message := self._find(origin)) is not None:
                    message.is_held = held

    def remember(self, memories: Mapping[Partition, Memory]) -> None:
        """Note what streams still need of messages that they have answered."""
        with self._changed:
            for partition, memory in memories.items():
                if partition in self._partitions:
                    self._partitions[partition].memory = memory

    def split(self, origin: Origin) -> None:
        """Note that a message has turned out to hold several records, none of them done."""
        with self._changed:
            if (message := self._find(origin)) is not None:
                message.records = origin.records

    def finish(self, origin: Origin, outcome: Outcome) -> bool:
        """Note a record that has been handed to the producer; return whether it is still ours."""
        with self._changed:
            message = self._find(origin)
            if message is None:
                return False
            if outcome == "classified":
                message.classified += 1
            else:
                message.dead_lettered += 1
            return True

    def _find(self, origin: Origin) -> _Message | None:
        state = self._partitions.get((origin.topic, origin.partition))
        return None if state is None else state.pending.get(origin.offset)

    def since(self, partition: Partition) -> int | None:
        """Return the first offset that the group read, None if it has read nothing."""
        with self._changed:
            state = self._partitions.get(partition)
            return state.tally.since if state is not None and state.tally is not None else None

    def committable(self) -> dict[Partition, Commit]:
        """Return what a commit should say of each partition that has moved on."""
        with self._changed:
            found = {partition: state.commit() for partition, state in self._partitions.items()}
            return {partition: commit for partition, commit in found.items() if commit}

    def committed(self, commits: Mapping[Partition, Commit]) -> None:
        """Note that the broker has accepted a commit."""
        with self._changed:
            for partition, commit in commits.items():
                if partition in self._partitions:
                    state = self._partitions[partition]
                    state.committed = commit.answered
                    state.committed_memory = state.memory
            self._changed.notify_all()

    def in_flight(self) -> int:
        """Return how many messages have been read and are not yet in the tally, those held included."""
        with self._changed:
            return sum(len(state.pending) for state in self._partitions.values())

    def has_unwritten(self) -> bool:
        """Whether messages have been read and not yet been handed to the producer."""
        with self._changed:
            return any(
                message.done < message.records and not message.is_held
                for message in self._messages()
            )

    def has_divided(self) -> bool:
        """Whether of a message some records have been handed to the producer and others not.

        What is committed then would be seen again if we died: the message would be read again.
        """
        with self._changed:
            return any(0 < message.done < message.records for message in self._messages())

    def _messages(self) -> Iterator[_Message]:
        return (
            message for state in self._partitions.values() for message in state.pending.values()
        )

    def positions(self) -> dict[Partition, int]:
        """Return up to where each partition is answered and committed, -1 where nothing is."""
        with self._changed:
            return {partition: state.committed for partition, state in self._partitions.items()}

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until all that was read is committed; return whether it came to that."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout_s)

    def _is_idle(self) -> bool:
        return all(state.is_idle for state in self._partitions.values())
