"""Files of running strain to events, without a broker: played as detectors would send them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.classify import Judgement, classify_files, judge_answer
from pipeline.core import Alert, Origin, Record, now_us
from pipeline.errors import InvalidMessage
from pipeline.files import FileMessage
from pipeline.lane import Judged, Lane, Prepared
from pipeline.running.lane import RunningLane
from pipeline.streams.strain.playback import Recording, play, read_recordings
from pipeline.streams.strain.recorded import GWF_MAGIC, HDF5_MAGIC

__all__ = ["judge_files", "predicted"]


def judge_files(lane: Lane, files: Sequence[Path], *, windows: bool = False) -> Iterator[Judgement]:
    """Judge files of records one by one, and those of running strain together.

    Parameters
    ----------
    windows
        Yield a judgement for each window of running strain, not each event.
    """
    if not isinstance(lane, RunningLane):
        yield from classify_files(lane, files)
        return
    running = [file for file in files if _holds_running(file)]
    yield from classify_files(lane.records, [file for file in files if file not in running])
    yield from _classify_running(lane, running, windows=windows)


def _holds_running(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(HDF5_MAGIC)).startswith((HDF5_MAGIC, GWF_MAGIC))
    except OSError:  # said when it is read
        return False


def _classify_running(
    lane: RunningLane, files: Sequence[Path], *, windows: bool = False
) -> Iterator[Judgement]:
    """Join files of any detectors on GPS time, and yield a judgement for each event in them.

    A file that cannot be read, or of which no window could be judged, is a judgement with an error.

    Parameters
    ----------
    windows
        Yield one for each window instead.
    """
    recordings: list[Recording] = []
    for file in files:
        try:
            recordings += read_recordings(file, file.read_bytes())
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror}"
            yield Judgement(file=file, index=None, error=reason)
        except InvalidMessage as error:
            yield Judgement(file=file, index=None, error=str(error))
    played = [
        FileMessage(one.file, number, one.value) for number, one in enumerate(play(recordings))
    ]
    unheard: dict[Path, str | None] = {}
    found = 0
    for judged in _judged(lane, played):
        answers = [
            (played[step.record.origin.offset].file, answer) for step, answer in judged.answers()
        ]
        _note_unheard(answers, unheard)
        for alert in lane.windows(judged) if windows else _events(answers):
            file = played[alert.origin.offset].file
            yield judge_answer(FileMessage(file, found, b""), alert)
            found += 1
    for file, why in unheard.items():
        if why is not None:
            yield Judgement(file=file, index=None, error=why)


_Answers = Sequence[tuple[Path, Alert | InvalidMessage]]


def _events(answers: _Answers) -> Iterator[Alert]:
    for _, answer in answers:
        if isinstance(answer, Alert) and answer.kind == "event":
            yield answer


def _note_unheard(answers: _Answers, unheard: dict[Path, str | None]) -> None:
    """Note of each file why no window has it; None as soon as one has."""
    for file, answer in answers:
        if isinstance(answer, InvalidMessage):
            unheard.setdefault(file, str(answer))
        elif answer.kind == "piece":
            unheard[file] = None


def _judged(lane: RunningLane, played: Sequence[FileMessage]) -> Iterator[Judged]:
    for message in played:
        record = Record(message.value, Origin("files", 0, message.index), received_us=now_us())
        yield from predicted(lane, lane.prepare([record]))
    yield from predicted(lane, lane.end())


def predicted(lane: Lane, prepared: Prepared) -> Iterator[Judged]:
    """Ask the network about all that is prepared, in batches."""
    most = lane.classifier.max_batch
    while prepared.items:
        some, prepared = prepared.divided(most)
        inputs = np.zeros((most, *lane.classifier.network.input_shape), np.float32)
        inputs[: len(some.inputs)] = some.inputs
        yield lane.predict(some.items, inputs, len(some.inputs))
