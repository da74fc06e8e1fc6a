"""One stream's way through a process: decode, preprocess, judge.

The daemon runs lanes between Kafka topics, ``skytriage classify`` runs one over
files: the same code, so the same answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.network import Preprocessed
from pipeline.core import (
    Alert,
    Candidate,
    FloatArray,
    Origin,
    Record,
    StageTimes,
    now_us,
)
from pipeline.decode import Decoder
from pipeline.errors import InvalidMessage, UnusableSample
from pipeline.infer import Classifier
from pipeline.offsets import Memory, Partition
from pipeline.stream import Stream

__all__ = ["Item", "Judged", "Lane", "Prepared", "RecordLane", "Step", "is_replay"]

REPLAY_HEADER = "skytriage.replay"


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
class Item:
    """A record on its way: with the row of the network's input made from it, or an error."""

    record: Record
    decoded_us: int
    candidate: Candidate | None
    """None if the record could not be decoded."""

    quality: Mapping[str, float]
    error: InvalidMessage | None = None

    @property
    def rows(self) -> int:
        """Rows of the network's input that are its own."""
        return 1 if self.error is None else 0


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

    def forget(self) -> None:
        """Forget messages that are to be read again."""


@dataclass(frozen=True, slots=True)
class RecordLane:
    """The lane of records that are judged one by one."""

    stream: Stream
    decoder: Decoder
    classifier: Classifier

    def split(self, record: Record) -> Sequence[Record]:
        """Return the records that a message holds."""
        return self.decoder.split(record)

    def prepare(self, records: Sequence[Record]) -> Prepared:
        """Decode and preprocess records.

        Raises
        ------
        TransientError
            If a schema cannot be had just now; the records are fine.
        """
        candidates: list[Candidate] = []
        errors: dict[int, InvalidMessage] = {}
        for index, record in enumerate(records):
            try:
                candidates.append(self.decoder.decode(record.value))
            except InvalidMessage as error:
                errors[index] = error
        made = self._preprocess(candidates)
        return self._join(records, candidates, errors, made)

    def _preprocess(self, candidates: Sequence[Candidate]) -> Preprocessed:
        shape = self.classifier.network.sample_shape
        samples = np.empty((len(candidates), *shape), np.float32)
        for row, candidate in enumerate(candidates):
            samples[row] = candidate.sample
        return self.classifier.network.preprocess(samples)

    def _join(
        self,
        records: Sequence[Record],
        candidates: Sequence[Candidate],
        errors: Mapping[int, InvalidMessage],
        made: Preprocessed,
    ) -> Prepared:
        decoded_us = now_us()
        mended = {name: values for name, values in made.quality.items() if values.any()}
        items: list[Item] = []
        kept: list[int] = []
        row = 0
        for index, record in enumerate(records):
            error = errors.get(index)
            if error is not None:
                items.append(Item(record, decoded_us, None, {}, error))
                continue
            candidate, reason = candidates[row], made.rejected.get(row)
            if reason is not None:
                items.append(Item(record, decoded_us, candidate, {}, UnusableSample(reason)))
            else:
                quality = candidate.quality
                if mended:
                    pixels = {
                        name: float(values[row]) for name, values in mended.items() if values[row]
                    }
                    quality = {**quality, **pixels}
                items.append(Item(record, decoded_us, candidate, quality))
                kept.append(row)
            row += 1
        inputs = made.inputs if len(kept) == len(candidates) else made.inputs[kept]
        return Prepared(items, inputs)

    def forget(self) -> None:
        """Forget messages that are to be read again: nothing, here."""

    def predict(self, items: Sequence[Step], inputs: FloatArray, rows: int) -> "Judged":
        """Ask the network about prepared items.

        Parameters
        ----------
        items
            Those with an error are passed over.
        inputs
            Room for the padding behind the first `rows` rows, as
            `Classifier.predict` wants it.
        rows
            Items without an error.

        Raises
        ------
        WorkerError
            If the network no longer works.
        """
        taken_us = now_us()
        probabilities: Sequence[Sequence[float]] = ()
        errors: Mapping[int, InvalidMessage] = {}
        if rows:
            array, errors = self.classifier.predict(inputs, rows)
            probabilities = array.tolist()
        padding = self.classifier.padded_size(rows) - rows if rows else 0
        return Judged(self, items, probabilities, errors, padding, taken_us, now_us())

    def answers(self, judged: "Judged") -> Iterator[tuple[Step, Alert | InvalidMessage]]:
        """Yield each item with an alert, or with why there is none."""
        row = 0
        for item in judged.items:
            if isinstance(item, Item):
                yield item, self.answer(item, row, judged)
            row += item.rows

    def answer(self, item: Item, row: int, judged: "Judged") -> Alert | InvalidMessage:
        """Return what is to be said of an item whose row of the network's answers is this."""
        if item.error is not None:
            return item.error
        return judged.errors.get(row) or self._alert(item, row, judged)

    def _alert(self, item: Item, row: int, judged: "Judged") -> Alert:
        """Return what is published about an item."""
        candidate, record, info = item.candidate, item.record, self.classifier.info
        if candidate is None:
            raise AssertionError("what has no candidate has an error")
        probabilities = judged.probabilities[row]
        return Alert(
            stream=self.stream.name,
            candidate=candidate,
            network=info,
            probabilities=probabilities,
            score=probabilities[info.classes.index(info.positive)],
            quality=item.quality,
            times=judged.times(record, item.decoded_us, candidate.event.survey_us),
            origin=record.origin,
            is_replay=is_replay(record),
            batch_size=len(judged.probabilities),
        )

    def memories(self, judged: "Judged") -> Mapping[Partition, Memory]:  # noqa: ARG002 - as of a lane that has some
        """Return what is needed again of messages that were answered: nothing, of single records."""
        return {}


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
