"""The messages of one partition on their way to windows. Used by the reader alone.

Messages are answered in their order, so that what is committed has no holes: one whose fate is known
waits for those before it.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence

from pipeline.core import Record, now_us
from pipeline.errors import InvalidMessage, UnusableSample
from pipeline.running.events import Events
from pipeline.running.joiner import Joiner, Second
from pipeline.running.leap import Leap
from pipeline.running.places import File, Place, check, heard_of, piece_of, seconds_of
from pipeline.running.steps import Asked, Ended, Passed, RunningStep
from pipeline.running.windows import SECOND_NS, Windows
from pipeline.streams.strain.frames import read_frames
from pipeline.streams.strain.parts import Assembly, is_part, parse_part

__all__ = ["Series"]


class Series:
    """The running strain of one partition.

    Parameters
    ----------
    make_events
        Makes what the writer keeps of a series, given up to where events were decided before.
    decided_ns
        Up to where that was when the partition was last committed [ns GPS]; 0 if it never was.
    detectors
        Those that are listened to.
    deadline_s, stride_ns
        As `Joiner` and `Windows` take them.
    """

    def __init__(
        self,
        make_events: Callable[[int], Events],
        *,
        decided_ns: int,
        detectors: Sequence[str],
        deadline_s: int,
        stride_ns: int,
    ) -> None:
        self._make_events = make_events
        self._detectors = detectors
        self._deadline_s = deadline_s
        self._stride_ns = stride_ns
        self._places: deque[Place] = deque()
        self._chunks: Assembly[Place] = Assembly()
        self._leap = Leap()
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
        place = Place(record, now_us())
        self._places.append(place)
        steps: list[RunningStep] = []
        try:
            if is_part(record.value):
                steps += self._take_chunk(place)
            else:
                steps += self._take_file(record.value, [place])
        except InvalidMessage as error:
            place.error = error
        self._give_up_chunks()
        return [*steps, *self._release()]

    def end(self) -> list[RunningStep]:
        """Close what is open, and answer every message: nothing follows."""
        if self._last is None:
            return []
        return [*self._cut(self._joiner.end(), self._last), *self._end(self._last)]

    def _take_chunk(self, place: Place) -> list[RunningStep]:
        part = parse_part(place.record.value)
        place.chunk = f"{part.number + 1}/{part.total}"
        assembled = self._chunks.add(place.record.key, part, place)
        for lost in assembled.given_up:
            for one in lost.tokens:
                one.error = lost.error
        if assembled.frame is None:
            return []
        return self._take_file(assembled.frame, assembled.tokens)

    def _give_up_chunks(self) -> None:
        """Wait for the rest of a file no longer than for the second that it is of."""
        if self._joiner.newest_s is not None:
            until_s = self._joiner.newest_s - self._deadline_s
            for lost in self._chunks.give_up_until(until_s):
                for place in lost.tokens:
                    place.error = lost.error

    def _take_file(self, data: bytes, places: Sequence[Place]) -> list[RunningStep]:
        """Take the strain of a file, for the messages that brought it."""
        try:
            file = File(heard_of(read_frames(data), self._detectors))
            check(file)
        except InvalidMessage as error:
            for place in places:
                place.error = error
            return []
        self._survey = file.frames[0].survey
        for place in places:
            place.file = file
        return self._join(file, places[-1].record)

    def _join(self, file: File, record: Record) -> list[RunningStep]:
        """Join a file, unless its time is far from that of all others."""
        if not self._leap.is_one(file, self._joiner):
            self._leap.refute()
            return self._add(file, record)
        try:
            self._leap.hold(file)
        except UnusableSample as error:
            file.error = error
            return []
        believed = self._leap.believed(self._joiner)
        return self._begin_anew(believed, record) if believed else []

    def _begin_anew(self, files: Collection[File], record: Record) -> list[RunningStep]:
        """Believe that time has leapt: end what was before."""
        first = next(n for n, place in enumerate(self._places) if place.file in files)
        kept = [p for n, p in enumerate(self._places) if n >= first or p.file is None]
        self._places = deque(place for place in self._places if place not in kept)
        steps = self._end(record)
        self._begin(0)
        self._places.extend(kept)
        for file in files:
            steps += self._add(file, record)
        return steps

    def _add(self, file: File, record: Record) -> list[RunningStep]:
        """Join the strain of a file second by second."""
        steps: list[RunningStep] = []
        for detector, gps_s, strain in seconds_of(file):
            try:
                closed = self._joiner.add(detector, gps_s, strain, file.begin_s)
            except UnusableSample as error:
                file.refused += 1
                file.error = error
                continue
            file.taken.add(detector)
            steps += self._cut(closed, record)
        if file.taken:  # what was refused is said beside its classification
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

    def _is_settled(self, place: Place) -> bool:
        if place.fault is not None:
            return True
        if place.file is None or place.file in self._leap or self._windows.next_ns is None:
            return False
        return place.file.end_s * SECOND_NS <= self._windows.next_ns

    def _end(self, record: Record) -> list[RunningStep]:
        steps: list[RunningStep] = [self._passed(place) for place in self._places]
        self._places.clear()
        return [*steps, Ended(record, now_us(), self._events, self._survey)]

    def _passed(self, place: Place) -> Passed:
        error = place.fault
        if error is None and place.file is None:
            error = UnusableSample("the other chunks of its file never came")
        piece = piece_of(place, place.file) if error is None and place.file else None
        return Passed(place.record, place.decoded_us, piece, self._events, self._survey, error)
