"""The messages of one partition on their way to windows. Used by the reader alone.

Messages are answered in their order, so that what is committed has no holes: one whose fate is known
waits for those before it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from pipeline.core import Record, now_us
from pipeline.errors import InvalidMessage, UnusableSample
from pipeline.running.events import Events
from pipeline.running.leap import Leap
from pipeline.running.places import File, Place, check, heard_of, piece_of
from pipeline.running.steps import Asked, Ended, Passed, RunningStep
from pipeline.running.stretch import Stretch
from pipeline.running.windows import Window
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
        As `~pipeline.running.joiner.Joiner` and `~pipeline.running.windows.Windows` take them.
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
        self._stride_ns = stride_ns
        self._deadline_s = deadline_s
        self._stretch = self._new_stretch(decided_ns)
        self._detectors = detectors
        self._passed_s = 0
        """Data time that has passed, whatever leaps [s]."""

        self._places: deque[Place] = deque()
        self._chunks: Assembly[Place] = Assembly()
        self._leap = Leap()
        self._last: Record | None = None
        self._survey = ""

    def _new_stretch(self, decided_ns: int) -> Stretch:
        events = self._make_events(decided_ns)
        return Stretch(events, deadline_s=self._deadline_s, stride_ns=self._stride_ns)

    def follows(self, record: Record) -> bool:
        """Whether a message comes after all that were read: else the series is read again."""
        return self._last is None or record.origin.offset > self._last.origin.offset

    def take(self, record: Record) -> list[RunningStep]:
        """Take a message, and return what can be done now, in order."""
        self._last = record
        place = Place(record, now_us(), self._passed_s)
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
        self._leap.refute()
        for place in self._places:
            if place.file is None and place.error is None:
                place.error = UnusableSample("the other chunks of its file never came")
        return [*self._end_stretch(self._last), *self._release()]

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
        """Wait for the rest of a file no longer than for a detector."""
        until_s = self._passed_s - self._deadline_s
        for lost in self._chunks.give_up_late(lambda place: place.came_s <= until_s):
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
        if not self._leap.is_one(file, self._stretch.joiner):
            steps = self._add(file, record)
            if file.taken:
                self._leap.refute()
            return steps
        try:
            self._leap.hold(file)
        except UnusableSample as error:
            file.error = error
            return []
        steps = []
        if believed := self._leap.believed(self._stretch.joiner):
            steps += self._end_stretch(record)
            self._stretch = self._new_stretch(0)
        for one in believed:
            steps += self._add(one, record)
        return steps

    def _add(self, file: File, record: Record) -> list[RunningStep]:
        before_s = self._stretch.joiner.newest_s
        windows = list(self._stretch.add(file))
        if before_s is not None and self._stretch.joiner.newest_s is not None:
            self._passed_s += self._stretch.joiner.newest_s - before_s
        return self._ask(windows, record)

    def _end_stretch(self, record: Record) -> list[RunningStep]:
        last = self._ask(self._stretch.end(), record)
        return [*last, Ended(record, now_us(), self._stretch.events, self._survey)]

    def _ask(self, windows: Iterable[Window], record: Record) -> list[RunningStep]:
        events = self._stretch.events
        return [Asked(record, now_us(), window, events, self._survey) for window in windows]

    def _release(self) -> list[RunningStep]:
        """Let go of the messages whose fate is known, in their order."""
        steps: list[RunningStep] = []
        while self._places and self._is_settled(self._places[0]):
            steps.append(self._pass(self._places.popleft()))
        return steps

    def _is_settled(self, place: Place) -> bool:
        if place.fault is not None:
            return True
        return place.file is not None and self._stretch.has_passed(place.file)

    def _pass(self, place: Place) -> Passed:
        error, file = place.fault, place.file
        piece = piece_of(place, file) if file and error is None else None
        events = (file and file.events) or self._stretch.events
        return Passed(place.record, place.decoded_us, piece, events, self._survey, error)
