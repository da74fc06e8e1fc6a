"""Scores of neighbouring windows to events: what an alert of running strain is about."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.strain_resnet.background import Background
from models.strain_resnet.buffer_whitening import WINDOW_S
from models.strain_resnet.clustering import APART_S, clusters
from models.strain_resnet.running import BUFFER_S
from pipeline.running.windows import SECOND_NS, Window
from pipeline.tally import Memory

__all__ = ["Events", "Found", "Heard", "Piece"]

_WINDOW_NS, _APART_NS, _BUFFER_NS = (
    int(WINDOW_S * SECOND_NS),
    int(APART_S * SECOND_NS),
    BUFFER_S * SECOND_NS,
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A window and what the network said of it."""

    window: Window
    log_odds: float


@dataclass(frozen=True, slots=True)
class Found:
    """An event."""

    windows: Sequence[Heard]
    """Those above the threshold, in the order of time."""

    best: Heard
    """The loudest of them."""

    far_hz: float


@dataclass(frozen=True, slots=True)
class Piece:
    """What a message holds of running strain."""

    offset: int
    detectors: tuple[str, ...]
    begin_ns: int
    """Time of its first sample [ns GPS]."""

    end_ns: int
    chunk: str
    """Which of a file's chunks it is, such as ``2/4``; empty for a whole file."""

    survey: str
    flagged_fraction: float
    """Share of its samples that data-quality bits took out."""

    refused_fraction: float
    """Share of its seconds that were late, or were there before."""


class Events:
    """What was heard in one series. Used by the writer alone.

    Parameters
    ----------
    far_hz
        Largest false-alarm rate of an alert [Hz].
    decided_ns
        Up to where events were decided before: they are not found again [ns GPS].
    """

    def __init__(self, background: Background, far_hz: float, decided_ns: int = 0) -> None:
        self._background = background
        self._far_hz = far_hz
        self._closed_ns = decided_ns
        self._newest_ns = decided_ns
        self._heard: deque[Heard] = deque()
        self._loud: list[Heard] = []
        """Above the threshold, and not yet decided."""

        self._pieces: deque[Piece] = deque()
        """Answered messages that are still needed."""

    def threshold(self, detectors: Sequence[str]) -> float:
        """Return the log-odds of an alert for these detectors."""
        return self._background.of(detectors).threshold(self._far_hz)

    def hear(self, heard: Heard) -> list[Found]:
        """Take the next window, and return the events that are over now."""
        start_ns = heard.window.start_ns
        self._newest_ns = start_ns
        self._heard.append(heard)
        is_new = start_ns >= self._closed_ns
        if is_new and heard.log_odds >= self.threshold(heard.window.detectors):
            self._loud.append(heard)
        return self._decide(start_ns)

    def end(self) -> list[Found]:
        """Return the events that were not over: no window follows."""
        return self._decide(self._newest_ns + _APART_NS + 1)

    def _decide(self, now_ns: int) -> list[Found]:
        starts = np.array([heard.window.start_ns for heard in self._loud], np.int64)
        groups = [self._loud[group] for group in clusters(starts)]
        over = [group for group in groups if now_ns - group[-1].window.start_ns > _APART_NS]
        self._loud = [heard for group in groups[len(over) :] for heard in group]
        first_ns = self._loud[0].window.start_ns if self._loud else now_ns + 1
        self._closed_ns = max(self._closed_ns, first_ns)
        return [self._found(group) for group in over]

    def _found(self, group: Sequence[Heard]) -> Found:
        best = max(group, key=lambda heard: heard.log_odds)
        measured = self._background.of(best.window.detectors)
        return Found(group, best, measured.far_hz(best.log_odds))

    def loudest(self, piece: Piece) -> Heard | None:
        """Return the loudest window that has a message of its detectors, None if none has."""
        found = [
            heard
            for heard in self._heard
            if heard.window.start_ns < piece.end_ns
            and heard.window.start_ns + _WINDOW_NS > piece.begin_ns
            and set(piece.detectors) & set(heard.window.detectors)
        ]
        return max(found, key=lambda heard: heard.log_odds, default=None)

    def answered(self, piece: Piece) -> list[Found]:
        """Note that a message was answered, or was before; return the events that are over by then.

        All windows that begin before its end have been heard.
        """
        self._pieces.append(piece)
        oldest_ns = piece.begin_ns - _BUFFER_NS
        while self._heard and self._heard[0].window.start_ns < oldest_ns:
            self._heard.popleft()
        return self._decide(piece.end_ns - 1)

    def memory(self) -> Memory | None:
        """Return what must be read again to go on from here, None if nothing."""
        needed_ns = self._closed_ns - _BUFFER_NS
        while self._pieces and self._pieces[0].end_ns <= needed_ns:
            self._pieces.popleft()
        if not self._pieces:
            return None
        return Memory(min(piece.offset for piece in self._pieces), str(self._closed_ns))
