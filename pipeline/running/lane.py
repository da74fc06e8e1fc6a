"""Running strain's way through a process, beside that of single records.

The same steps as `pipeline.lane.Lane` has, with messages that are answered later: a frame goes to the
series of its partition, a record of two seconds goes the way of all records.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import numpy as np

from models.strain_resnet.background import Background
from pipeline.core import Alert, FloatArray, Record
from pipeline.errors import InvalidMessage
from pipeline.lane import Judged, Prepared, Step
from pipeline.record_lane import Item, RecordLane
from pipeline.running.answers import Answers
from pipeline.running.events import Events
from pipeline.running.series import Series
from pipeline.running.steps import Asked, Passed, RunningStep
from pipeline.streams.strain.frames import is_frame
from pipeline.streams.strain.parts import is_part
from pipeline.tally import Memory, Partition

__all__ = ["RunningLane"]


class RunningLane:
    """A stream whose messages may be frames of running strain.

    Parameters
    ----------
    records
        The way of single records.
    background
        What noise makes of this network; strain of a detector that is not in it is set aside.
    far_hz
        Largest false-alarm rate of an alert [Hz].
    deadline_s
        How far others may be ahead of a detector before its second is a gap [s, data time].
    stride_s
        From window to window [s].
    """

    def __init__(
        self,
        records: RecordLane,
        background: Background,
        *,
        far_hz: float,
        deadline_s: int,
        stride_s: float,
    ) -> None:
        self.stream = records.stream
        self.classifier = records.classifier
        self._records = records
        self._answers = Answers(
            stream=records.stream.name,
            network=records.classifier.info,
            background=background,
            far_hz=far_hz,
        )
        self._background = background
        self._far_hz = far_hz
        self._deadline_s = deadline_s
        self._stride_ns = round(stride_s * 1e9)
        self._series: dict[Partition, Series] = {}

    def split(self, record: Record) -> Sequence[Record]:
        """Return the records that a message holds; a frame is one."""
        return [record] if _is_running(record.value) else self._records.split(record)

    def prepare(self, records: Sequence[Record]) -> Prepared:
        """Take messages, and return what can be done with them and with those that waited."""
        steps: list[Step] = []
        inputs: list[FloatArray] = []
        for is_running, some in groupby(records, lambda record: _is_running(record.value)):
            if is_running:
                made = [step for record in some for step in self._take(record)]
                inputs += _windows(made)
                steps += made
            else:  # those with a note were answered, and nothing follows from them
                alone = self._records.prepare([record for record in some if record.note is None])
                inputs.append(alone.inputs)
                steps += alone.items
        ours = {record.origin for record in records}
        released = {step.record.origin for step in steps if isinstance(step, Item | Passed)}
        return Prepared(
            steps, self._rows(inputs), held=list(ours - released), released=list(released - ours)
        )

    @property
    def records(self) -> RecordLane:
        """The way of single records."""
        return self._records

    def _take(self, record: Record) -> list[RunningStep]:
        partition = record.origin.topic, record.origin.partition
        series = self._series.get(partition)
        if series is None or not series.follows(record):
            series = self._series[partition] = self._new_series(record.note)
        return series.take(record)

    def _new_series(self, note: str | None) -> Series:
        return Series(
            partial(Events, self._background, self._far_hz),
            decided_ns=int(note or 0),
            detectors=self._background.detectors,
            deadline_s=self._deadline_s,
            stride_ns=self._stride_ns,
        )

    def end(self) -> Prepared:
        """Answer all messages that wait: nothing follows."""
        steps = [step for series in self._series.values() for step in series.end()]
        self._series.clear()
        return Prepared(steps, self._rows(_windows(steps)))

    def _rows(self, inputs: Sequence[FloatArray]) -> FloatArray:
        nothing = np.zeros((0, *self.classifier.network.input_shape), np.float32)
        return np.concatenate([nothing, *inputs])

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Forget the series of partitions: their messages will be read again."""
        for partition in partitions:
            self._series.pop(partition, None)

    def predict(self, items: Sequence[Step], inputs: FloatArray, rows: int) -> Judged:
        """Ask the network about windows and records, as `pipeline.lane.Lane.predict` does."""
        return replace(self._records.predict(items, inputs, rows), lane=self)

    def answers(self, judged: Judged) -> Iterator[tuple[Step, Alert | InvalidMessage]]:
        """Yield the messages that are answered now, and the events that are over."""
        row = 0
        for step in judged.items:
            if isinstance(step, Item):
                yield step, self._records.answer(step, row, judged)
            elif isinstance(step, RunningStep):
                yield from self._answers.of(step, row, judged)
            row += step.rows

    def windows(self, judged: Judged) -> Iterator[Alert]:
        """Yield what the network says of each window, for those who want to see them."""
        row = 0
        for step in judged.items:
            if isinstance(step, Asked) and row not in judged.errors:
                yield self._answers.window(step, row, judged)
            row += step.rows

    def memories(self, judged: Judged) -> Mapping[Partition, Memory]:
        """Return where the frames begin that the answered series still need."""
        found: dict[Partition, Memory] = {}
        for step in judged.items:
            if isinstance(step, RunningStep) and (memory := step.events.memory()) is not None:
                found[step.record.origin.topic, step.record.origin.partition] = memory
        return found


def _windows(steps: Sequence[RunningStep]) -> list[FloatArray]:
    return [step.window.input[None] for step in steps if isinstance(step, Asked)]


def _is_running(value: bytes) -> bool:
    return is_part(value) or is_frame(value)
