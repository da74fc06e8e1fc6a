"""Running strain of one partition from one leap of time to the next. Used by the reader alone."""

from collections.abc import Iterator

from pipeline.errors import UnusableSample
from pipeline.running.events import Events
from pipeline.running.joiner import Joiner
from pipeline.running.places import File, seconds_of
from pipeline.running.windows import SECOND_NS, Window, Windows

__all__ = ["Stretch"]


class Stretch:
    """Files joined, and cut into windows.

    Parameters
    ----------
    events
        What the writer keeps of it.
    deadline_s, stride_ns
        As `Joiner` and `Windows` take them.
    """

    def __init__(self, events: Events, *, deadline_s: int, stride_ns: int) -> None:
        self.events = events
        self.joiner = Joiner(deadline_s)
        self._windows = Windows(stride_ns)
        self._is_over = False

    def add(self, file: File) -> Iterator[Window]:
        """Join a file second by second, and yield the windows that this completes."""
        file.events = self.events
        for detector, gps_s, strain in seconds_of(file):
            try:
                closed = self.joiner.add(detector, gps_s, strain, file.begin_s)
            except UnusableSample as error:
                file.refused += 1
                file.error = error
                continue
            file.taken.add(detector)
            for second in closed:
                yield from self._windows.advance(second)
        if file.taken:  # what was refused is said beside its classification
            file.error = None

    def end(self) -> Iterator[Window]:
        """Close what is open, and yield the last windows: nothing follows."""
        self._is_over = True
        for second in self.joiner.end():
            yield from self._windows.advance(second)

    def has_passed(self, file: File) -> bool:
        """Whether no later window will have a file, of this stretch or of one before it."""
        if self._is_over or file.events is not self.events:
            return file.events is not None
        next_ns = self._windows.next_ns
        return next_ns is not None and file.end_s * SECOND_NS <= next_ns
