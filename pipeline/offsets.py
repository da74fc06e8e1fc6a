"""Know how far each partition may be committed, and what became of its messages.

A committed offset is a promise that everything before it is done, so commit up
to the first message still in flight.  The tally of a partition travels as the
metadata of its committed offset, in the same transaction as the results: it
counts exactly what a reader of committed data can see, through crashes and
rebalances.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pipeline.core import Origin

__all__ = ["Commit", "OffsetLedger", "Outcome", "Partition", "Tally"]

Partition: TypeAlias = tuple[str, int]
"""Topic and partition."""

Outcome: TypeAlias = Literal["classified", "dead_lettered"]


@dataclass(slots=True)
class Tally:
    """What became of the records of one partition, since the group first read it.

    A message is one record, or as many as the container holds that it is.
    """

    since: int
    """The first offset that the group read."""

    classified: int = 0
    dead_lettered: int = 0

    @property
    def consumed(self) -> int:
        """Records that are done."""
        return self.classified + self.dead_lettered

    def to_metadata(self) -> str:
        """Return the text that is committed with the offset.

        >>> Tally(since=0, classified=4, dead_lettered=1).to_metadata()
        '{"since":0,"consumed":5,"classified":4,"deadLettered":1}'
        """
        table = {
            "since": self.since,
            "consumed": self.consumed,
            "classified": self.classified,
            "deadLettered": self.dead_lettered,
        }
        return json.dumps(table, separators=(",", ":"))

    @classmethod
    def from_metadata(cls, metadata: str | None) -> "Tally | None":
        """Read what was committed; None where no tally was.

        >>> Tally.from_metadata('{"since":0,"consumed":5,"classified":4,"deadLettered":1}')
        Tally(since=0, classified=4, dead_lettered=1)
        >>> Tally.from_metadata("") is None
        True
        """
        try:
            table = json.loads(metadata or "")
            return cls(table["since"], table["classified"], table["deadLettered"])
        except (ValueError, TypeError, KeyError):
            return None


@dataclass(frozen=True, slots=True)
class Commit:
    """What to commit for one partition."""

    offset: int
    """The next offset to read."""

    metadata: str


@dataclass(slots=True)
class _Message:
    """A message on its way, and what became of its records so far."""

    records: int = 1
    classified: int = 0
    dead_lettered: int = 0

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
    def committable(self) -> int:
        return next(iter(self.pending), self.next_offset)


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
                self._partitions[partition] = _State(tally, committed=max(-1, offset))
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
                if state.tally is None:
                    state.tally = Tally(since=origin.offset)
                state.pending[origin.offset] = _Message()
                state.next_offset = origin.offset + 1

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
            commits = {}
            for partition, state in self._partitions.items():
                state.advance()
                if state.tally is not None and state.committable > state.committed:
                    commits[partition] = Commit(state.committable, state.tally.to_metadata())
            return commits

    def committed(self, commits: Mapping[Partition, Commit]) -> None:
        """Note that the broker has accepted a commit."""
        with self._changed:
            for partition, commit in commits.items():
                if partition in self._partitions:
                    self._partitions[partition].committed = commit.offset
            self._changed.notify_all()

    def in_flight(self) -> int:
        """Return how many messages have been read and are not yet in the tally."""
        with self._changed:
            return sum(len(state.pending) for state in self._partitions.values())

    def has_unwritten(self) -> bool:
        """Whether messages have been read and not yet been handed to the producer."""
        with self._changed:
            return any(message.done < message.records for message in self._messages())

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
        """Return the committed offset of each partition, -1 where there is none."""
        with self._changed:
            return {partition: state.committed for partition, state in self._partitions.items()}

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until all that was read is committed; return whether it came to that."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout_s)

    def _is_idle(self) -> bool:
        return all(
            not state.pending and state.next_offset in {-1, state.committed}
            for state in self._partitions.values()
        )
