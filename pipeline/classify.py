"""Files to judgements, without a broker: the daemon's own lane, over what files hold."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core import Alert, Origin, Record, now_us
from pipeline.encode import Encoder
from pipeline.errors import EncodeError, InvalidMessage
from pipeline.files import FileMessage, read_messages
from pipeline.lane import Lane
from pipeline.lanes import open_lane
from pipeline.mapping import read_mappings
from pipeline.received import ClassificationReader
from pipeline.settings import SchemaSettings, StreamSettings, WorkerSettings

__all__ = [
    "Judgement",
    "classify_files",
    "classify_messages",
    "judge_answer",
    "open_file_lane",
]

WORKERS = WorkerSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one record of a file came to: a classification, or an error."""

    file: Path
    index: int | None
    """Which record of the file; None if the file could not be read at all."""

    record: dict[str, Any] | None = None
    """As the schema ``classification`` describes it."""

    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what ``skytriage classify --json`` prints."""
        record: dict[str, Any] = self.record or {"status": "invalid"}
        is_alert = self.record is not None and record["score"] >= record["threshold"]
        strain = record.get("strain")
        found = strain and {"gpsTime": record["eventTime"]["value"], "farHz": strain["farHz"]}
        return {
            "file": str(self.file),
            "index": self.index,
            "eventId": record.get("eventId"),
            "eventTime": record.get("eventTime"),
            "status": record["status"],
            "alert": is_alert,
            "classification": record.get("classification"),
            "score": record.get("score"),
            "threshold": record.get("threshold"),
            "quality": record.get("quality"),
            "error": self.error,
            **(found or {}),
        }


def open_file_lane(
    stream: str,
    *,
    network: str | None = None,
    weights: Path | None = None,
    schemas: Path | None = None,
    mappings: Path | None = None,
) -> Lane:
    """Open a stream for files.

    Parameters
    ----------
    network
        Another network than the stream's own.
    weights
        Folder of weights other than those that came with us.
    schemas
        Folder of schemas by their id.
    mappings
        File that declares packets of more surveys, as a configuration does.

    Raises
    ------
    ConfigurationError
        If there is no such network, or it takes other samples than the stream has, or a file
        is not what it should be.
    """
    declared = {} if mappings is None else read_mappings(mappings, stream)
    settings = StreamSettings(topics=["files"], weights=weights, mappings=declared)
    found = SchemaSettings(directory=schemas)
    return open_lane(stream, settings, found, WORKERS, threads=0, network=network)


def classify_files(lane: Lane, files: Iterable[Path]) -> Iterator[Judgement]:
    """Yield a judgement for each record, in the order of files and records.

    Records of several files share batches, as messages do in the daemon.
    """
    yield from _classify_all(lane, _read(lane, files))


def classify_messages(lane: Lane, messages: Iterable[FileMessage]) -> Iterator[Judgement]:
    """Yield a judgement for each message, in their order."""
    yield from _classify_all(lane, messages)


def _read(lane: Lane, files: Iterable[Path]) -> Iterator[FileMessage | Judgement]:
    for file in files:
        try:
            yield from read_messages(file, lane.stream.read_file)
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror}"
            yield Judgement(file=file, index=None, error=reason)


def _classify_all(lane: Lane, found: Iterable[FileMessage | Judgement]) -> Iterator[Judgement]:
    waiting: list[FileMessage | Judgement] = []
    for item in found:
        if isinstance(item, FileMessage) and item.error:
            waiting.append(judge_answer(item, item.error))
        else:
            waiting.append(item)
        if len(waiting) == lane.classifier.max_batch:
            yield from _judge(lane, waiting)
            waiting = []
    yield from _judge(lane, waiting)


def _judge(lane: Lane, waiting: Sequence[FileMessage | Judgement]) -> Iterator[Judgement]:
    messages = [item for item in waiting if isinstance(item, FileMessage)]
    judged = _classify(lane, messages)
    for item in waiting:
        yield next(judged) if isinstance(item, FileMessage) else item


def _classify(lane: Lane, messages: Sequence[FileMessage]) -> Iterator[Judgement]:
    records = [
        Record(item.value, Origin(str(item.file), 0, item.index), received_us=now_us())
        for item in messages
    ]
    prepared = lane.prepare(records)
    rows = len(prepared.inputs)
    shape = lane.classifier.max_batch, *lane.classifier.network.input_shape
    inputs = np.zeros(shape, np.float32)
    inputs[:rows] = prepared.inputs
    judged = lane.predict(prepared.items, inputs, rows)
    for message, (_, answer) in zip(messages, judged.answers(), strict=True):
        yield judge_answer(message, answer)


ENCODER = Encoder("container")
READER = ClassificationReader()


def judge_answer(message: FileMessage, answer: Alert | InvalidMessage) -> Judgement:
    """Return the judgement of an answer: write an answer as the daemon would, and read it as a subscriber would."""
    error = answer
    if isinstance(answer, Alert):
        try:
            record = READER.read(ENCODER.encode(answer))
        except EncodeError as refused:
            error = refused
        else:
            return Judgement(file=message.file, index=message.index, record=record)
    return Judgement(file=message.file, index=message.index, error=str(error))
