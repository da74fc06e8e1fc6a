"""The messages of one partition on their way to windows. Used by the reader alone.

Messages are answered in their order, so that what is committed has no holes: one whose fate is known
waits for those before it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from jaxtyping import Float64
from numpy import ndarray

from models.strain_resnet.buffer_whitening import WHITE_RATE_HZ
from pipeline.core import Record, now_us
from pipeline.errors import DecodeError, InvalidMessage, UnusableSample
from pipeline.running.events import Events, Piece
from pipeline.running.joiner import Joiner, Second
from pipeline.running.steps import Asked, Ended, Passed, RunningStep
from pipeline.running.windows import Windows
from pipeline.streams.strain.frames import Frame, read_frames
from pipeline.streams.strain.parts import Assembly, is_part, parse_part

__all__ = ["LEAP_S", "MOST_S", "Series"]

_S = 1_000_000_000
"""Nanoseconds in a second."""

LEAP_S = 60
"""Time that leaps by more than this is believed when a second file has it too [s]."""

MOST_S = 64
"""Strain in a file [s]: `skytriage publish --as-frames` cuts what is longer."""


@dataclass(slots=True, eq=False)
class _File:
    """Strain that came in one file: in a message, or in the chunks of several."""

    frames: Sequence[Frame]
    taken: set[str] = field(default_factory=set)
    """Detectors of which at least a second was taken."""

    error: InvalidMessage | None = None

    @property
    def begin_ns(self) -> int:
        return min(frame.gps_start_ns for frame in self.frames)

    @property
    def end_ns(self) -> int:
        return max(frame.gps_start_ns + frame.duration_ns for frame in self.frames)


@dataclass(slots=True, eq=False)
class _Place:
    """A message that waits for its answer."""

    record: Record
    decoded_us: int
    chunk: str = ""
    """Which of a file's chunks it is, where it is one."""

    file: _File | None = None
    """None while chunks are missing."""

    error: InvalidMessage | None = None

    @property
    def fault(self) -> InvalidMessage | None:
        return self.error or (self.file.error if self.file else None)


class Series:
    """The running strain of one partition.

    Parameters
    ----------
    make_events
        Makes what the writer keeps of a series, given up to where events were decided before.
    decided_ns
        Up to where that was when the partition was last committed [ns GPS]; 0 if it never was.
    deadline_s, stride_ns
        As `Joiner` and `Windows` take them.
    """

    def __init__(
        self,
        make_events: Callable[[int], Events],
        *,
        decided_ns: int,
        deadline_s: int,
        stride_ns: int,
    ) -> None:
        self._make_events = make_events
        self._deadline_s = deadline_s
        self._stride_ns = stride_ns
        self._places: deque[_Place] = deque()
        self._chunks: Assembly[_Place] = Assembly()
        self._leapt: _File | None = None
        self._last: Record | None = None
        self._survey = ""
        self._begin(decided_ns)

    def _begin(self, decided_ns: int) -> None:
        self._joiner = Joiner(self._deadline_s)
        self._windows = Windows(self._stride_ns)
        self._events = self._make_events(decided_ns)

    def follows(self, record: Record) -> bool:
        """Whether a message comes after all that were read: else the series is read again."""
        return self._last is None or record.origin.offset > self._last.origin.offset

    def take(self, record: Record) -> list[RunningStep]:
        """Take a message, and return what can be done now, in order."""
        self._last = record
        place = _Place(record, now_us())
        self._places.append(place)
        steps: list[RunningStep] = []
        try:
            if is_part(record.value):
                steps += self._take_chunk(place)
            else:
                steps += self._take_file(record.value, [place])
        except InvalidMessage as error:
            place.error = error
        return [*steps, *self._release()]

    def end(self) -> list[RunningStep]:
        """Close what is open, and answer every message: nothing follows."""
        if self._last is None:
            return []
        return [*self._cut(self._joiner.end(), self._last), *self._end(self._last)]

    def _take_chunk(self, place: _Place) -> list[RunningStep]:
        part = parse_part(place.record.value)
        place.chunk = f"{part.number + 1}/{part.total}"
        assembled = self._chunks.add(place.record.key, part, place)
        for lost in assembled.given_up:
            for one in lost.tokens:
                one.error = lost.error
        if assembled.frame is None:
            return []
        return self._take_file(assembled.frame, assembled.tokens)

    def _take_file(self, data: bytes, places: Sequence[_Place]) -> list[RunningStep]:
        """Take the strain of a file, for the messages that brought it."""
        try:
            frames = read_frames(data)
            for frame in frames:
                _check(frame)
        except InvalidMessage as error:
            for place in places:
                place.error = error
            return []
        self._survey = frames[0].survey
        file = _File(frames)
        for place in places:
            place.file = file
        return self._join(file, places[-1].record)

    def _join(self, file: _File, record: Record) -> list[RunningStep]:
        """Join a file, unless its time is so far from all others that a second must confirm it."""
        newest_s = self._joiner.newest_s
        leapt, self._leapt = self._leapt, None
        if newest_s is None or abs(file.begin_ns - newest_s * _S) <= LEAP_S * _S:
            if leapt is not None:
                leapt.error = _lost_in_time(leapt)
            return self._add(file, record)
        if leapt is None or abs(file.begin_ns - leapt.begin_ns) > LEAP_S * _S:
            if leapt is not None:
                leapt.error = _lost_in_time(leapt)
            self._leapt = file
            return []
        return self._begin_anew([leapt, file], record)

    def _begin_anew(self, files: Sequence[_File], record: Record) -> list[RunningStep]:
        """Believe that time has leapt: end what was before."""
        kept = [place for place in self._places if place.file in files or place.file is None]
        self._places = deque(place for place in self._places if place not in kept)
        steps = self._end(record)
        self._begin(0)
        self._places.extend(kept)
        for file in files:
            steps += self._add(file, record)
        return steps

    def _add(self, file: _File, record: Record) -> list[RunningStep]:
        """Join the strain of a file second by second."""
        steps: list[RunningStep] = []
        for detector, gps_s, strain in _seconds(file):
            try:
                closed = self._joiner.add(detector, gps_s, strain)
            except UnusableSample as error:
                file.error = error
                continue
            file.taken.add(detector)
            steps += self._cut(closed, record)
        if file.taken:  # a part of it is late, or was there before
            file.error = None
        return steps

    def _cut(self, closed: Sequence[Second], record: Record) -> list[RunningStep]:
        return [
            Asked(record, now_us(), window, self._events, self._survey)
            for second in closed
            for window in self._windows.advance(second)
        ]

    def _release(self) -> list[RunningStep]:
        """Let go of the messages whose fate is known, in their order."""
        steps: list[RunningStep] = []
        while self._places and self._is_settled(self._places[0]):
            steps.append(self._passed(self._places.popleft()))
        return steps

    def _is_settled(self, place: _Place) -> bool:
        if place.fault is not None:
            return True
        if place.file is None or place.file is self._leapt or self._windows.next_ns is None:
            return False
        return place.file.end_ns <= self._windows.next_ns

    def _end(self, record: Record) -> list[RunningStep]:
        steps: list[RunningStep] = [self._passed(place) for place in self._places]
        self._places.clear()
        return [*steps, Ended(record, now_us(), self._events, self._survey)]

    def _passed(self, place: _Place) -> Passed:
        error = place.fault
        if error is None and place.file is None:
            error = UnusableSample("the other chunks of its file never came")
        piece = _piece(place, place.file) if error is None and place.file else None
        return Passed(place.record, place.decoded_us, piece, self._events, error)


def _seconds(file: _File) -> Iterator[tuple[str, int, Float64[ndarray, " t"]]]:
    for frame in file.frames:
        rate = frame.sample_rate_hz
        for k in range(len(frame.strain) // rate):
            yield (
                frame.detector,
                frame.gps_start_ns // _S + k,
                frame.strain[k * rate : (k + 1) * rate],
            )


def _piece(place: _Place, file: _File) -> Piece:
    return Piece(
        offset=place.record.origin.offset,
        detectors=tuple(sorted(file.taken)),
        begin_ns=file.begin_ns,
        end_ns=file.end_ns,
        chunk=place.chunk,
        survey=file.frames[0].survey,
        flagged_fraction=max(frame.flagged_fraction for frame in file.frames),
    )


def _check(frame: Frame) -> None:
    whole, rest = divmod(len(frame.strain), frame.sample_rate_hz)
    if frame.gps_start_ns % _S or rest:
        raise DecodeError(
            f"the frame of {frame.detector} begins at GPS {frame.gps_start_ns} ns and has"
            f" {len(frame.strain)} samples at {frame.sample_rate_hz} Hz: no whole seconds"
        )
    if not 1 <= whole <= MOST_S:
        raise DecodeError(
            f"the frame of {frame.detector} has {whole} s of strain, and a message holds 1 to"
            f" {MOST_S} s"
        )
    if frame.sample_rate_hz < WHITE_RATE_HZ:
        raise DecodeError(
            f"the frame of {frame.detector} has {frame.sample_rate_hz} samples a second, and"
            f" {WHITE_RATE_HZ} are needed"
        )


def _lost_in_time(file: _File) -> UnusableSample:
    return UnusableSample(f"GPS {file.begin_ns // _S} is far from the time of all others")
