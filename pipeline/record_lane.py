"""The lane of records that are judged one by one: decode, preprocess, judge.

The daemon runs lanes between Kafka topics, ``skytriage classify`` runs one over
files: the same code, so the same answers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.network import Preprocessed
from pipeline.core import Alert, Candidate, FloatArray, Record, now_us
from pipeline.decode import Decoder
from pipeline.errors import InvalidMessage, UnusableSample
from pipeline.infer import Classifier
from pipeline.lane import Judged, Prepared, Step, is_replay
from pipeline.stream import Stream
from pipeline.tally import Memory, Partition

__all__ = ["Item", "RecordLane"]


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

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Forget messages that are to be read again: nothing, here."""

    def predict(self, items: Sequence[Step], inputs: FloatArray, rows: int) -> Judged:
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

    def answers(self, judged: Judged) -> Iterator[tuple[Step, Alert | InvalidMessage]]:
        """Yield each item with an alert, or with why there is none."""
        row = 0
        for item in judged.items:
            if isinstance(item, Item):
                yield item, self.answer(item, row, judged)
            row += item.rows

    def answer(self, item: Item, row: int, judged: Judged) -> Alert | InvalidMessage:
        """Return what is to be said of an item whose row of the network's answers is this."""
        if item.error is not None:
            return item.error
        return judged.errors.get(row) or self._alert(item, row, judged)

    def _alert(self, item: Item, row: int, judged: Judged) -> Alert:
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

    def memories(self, judged: Judged) -> Mapping[Partition, Memory]:  # noqa: ARG002 - as of a lane that has some
        """Return what is needed again of messages that were answered: nothing, of single records."""
        return {}
