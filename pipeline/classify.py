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
from pipeline.received import ClassificationReader
from pipeline.settings import SchemaSettings, StreamSettings, WorkerSettings

__all__ = ["Judgement", "classify_files", "open_file_lane"]

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
        }


def open_file_lane(
    stream: str, *, network: str | None, weights: Path | None, schemas: Path | None
) -> Lane:
    """Open a stream for files, with another network than its own if one is named.

    Raises
    ------
    ConfigurationError
        If there is no such network, or it takes other samples than the stream has.
    """
    settings = StreamSettings(topics=["files"], weights=weights)
    found = SchemaSettings(directory=schemas)
    return open_lane(stream, settings, found, WORKERS, threads=0, network=network)


def classify_files(lane: Lane, files: Iterable[Path]) -> Iterator[Judgement]:
    """Yield a judgement for each record, in the order of files and records.

    Records of several files share batches, as messages do in the daemon.
    """
    waiting: list[FileMessage | Judgement] = []
    for file in files:
        try:
            for message in read_messages(file, lane.stream.read_file):
                waiting.append(_judgement(message, message.error) if message.error else message)
                if len(waiting) == lane.classifier.max_batch:
                    yield from _judge(lane, waiting)
                    waiting = []
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror}"
            waiting.append(Judgement(file=file, index=None, error=reason))
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
        yield _judgement(message, answer)


ENCODER = Encoder("container")
READER = ClassificationReader()


def _judgement(message: FileMessage, answer: Alert | InvalidMessage) -> Judgement:
    """Write an answer as the daemon would, and read it as a subscriber would."""
    error = answer
    if isinstance(answer, Alert):
        try:
            record = READER.read(ENCODER.encode(answer))
        except EncodeError as refused:
            error = refused
        else:
            return Judgement(file=message.file, index=message.index, record=record)
    return Judgement(file=message.file, index=message.index, error=str(error))
