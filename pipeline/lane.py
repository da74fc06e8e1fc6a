"""One stream's way through a process, as the loop knows it: what is prepared, judged and answered.

`pipeline.record_lane` is that of records that are judged one by one, `pipeline.running` that of
running strain.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.core import (
    Alert,
    FloatArray,
    Origin,
    Record,
    StageTimes,
    now_us,
)
from pipeline.dead_letters import REPLAY_HEADER
from pipeline.errors import InvalidMessage
from pipeline.infer import Classifier
from pipeline.stream import Stream
from pipeline.tally import Memory, Partition

__all__ = ["Judged", "Lane", "Prepared", "Step", "is_replay"]


def is_replay(record: Record) -> bool:
    """Whether a message was sent again on purpose."""
    return any(name == REPLAY_HEADER for name, _ in record.headers)


class Step(Protocol):
    """Something on its way through the network, or past it."""

    @property
    def record(self) -> Record:
        """The message that it came with."""

    @property
    def decoded_us(self) -> int:
        """When it was decoded [µs UTC]."""

    @property
    def rows(self) -> int:
        """Rows of the network's input that are its own."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Records that are ready for the network, and those that never will be."""

    items: Sequence[Step]
    inputs: FloatArray
    """The rows of the items, in their order."""

    held: Sequence[Origin] = ()
    """Messages that now wait for others that are yet to come."""

    released: Sequence[Origin] = ()
    """Messages that wait no longer."""

    def divided(self, room: int) -> tuple["Prepared", "Prepared"]:
        """Return the first so many items, and the rest."""
        rows = sum(item.rows for item in self.items[:room])
        first = Prepared(self.items[:room], self.inputs[:rows], self.held, self.released)
        return first, Prepared(self.items[room:], self.inputs[rows:])


class Lane(Protocol):
    """A stream with all that it needs in this process, as the loop knows it."""

    @property
    def stream(self) -> Stream:
        """Which."""

    @property
    def classifier(self) -> Classifier:
        """Its network."""

    def split(self, record: Record) -> Sequence[Record]:
        """Return the records that a message holds."""

    def prepare(self, records: Sequence[Record]) -> Prepared:
        """Make ready for the network what can be; raises `TransientError` as `RecordLane` does."""

    def predict(self, items: Sequence[Step], inputs: FloatArray, rows: int) -> "Judged":
        """Ask the network about prepared items."""

    def answers(self, judged: "Judged") -> Iterator[tuple[Step, Alert | InvalidMessage]]:
        """Yield what is to be published, with the item that it answers."""

    def memories(self, judged: "Judged") -> Mapping[Partition, Memory]:
        """Return what is needed again of messages that were answered."""

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Forget messages that are to be read again, here or by another worker."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Items after the network."""

    lane: "Lane"
    items: Sequence[Step]
    probabilities: Sequence[Sequence[float]]
    """One row of class probabilities for each item without an error of its own."""

    errors: Mapping[int, InvalidMessage]
    """Rows that the network fails on."""

    padding: int
    taken_us: int
    """When the network took them [µs UTC]."""

    inferred_us: int
    """When it answered [µs UTC]."""

    def times(self, record: Record, decoded_us: int, survey_us: int | None) -> StageTimes:
        """Return when a record that is published now passed each stage."""
        return StageTimes(
            survey_us=survey_us,
            broker_us=record.broker_us,
            received_us=record.received_us,
            decoded_us=decoded_us,
            inferred_us=self.inferred_us,
            produced_us=now_us(),
        )

    def answers(self) -> Iterator[tuple[Step, Alert | InvalidMessage]]:
        """Yield each item with an alert, or with why there is none."""
        return self.lane.answers(self)

    def memories(self) -> Mapping[Partition, Memory]:
        """Return what is needed again of messages that were answered."""
        return self.lane.memories(self)
