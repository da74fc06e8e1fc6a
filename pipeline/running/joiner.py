"""Frames of several detectors, joined on GPS time: second by second, each second once.

A second is closed when every detector that is waited for has sent it. A detector that does not send
one is waited for until another sends a frame that begins `deadline_s` later; then its second is a gap,
and it is not waited for again until it is back. So nobody's absence holds up the others for longer
than that, however long their frames are. Data are compared with data and with no clock, so a night
that is read again closes its seconds as it did the first time: only who is waited for is not known at
its beginning, and all are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float64
from numpy import ndarray

from models.strain_resnet.noise_curves import DETECTORS
from pipeline.errors import UnusableSample

__all__ = ["Joiner", "Second"]


@dataclass(frozen=True, slots=True)
class Second:
    """A closed second."""

    gps_s: int
    strain: Mapping[str, Float64[ndarray, " t"]]
    """By detector; one that sent nothing is not there."""


class Joiner:
    """Joins the frames of one partition.

    Parameters
    ----------
    deadline_s
        How far frames of others may begin ahead of a detector before its second is a gap
        [s, data time].
    """

    def __init__(self, deadline_s: int) -> None:
        self.deadline_s = deadline_s
        self._open: dict[int, dict[str, Float64[ndarray, " t"]]] = {}
        self._awaited = set(DETECTORS)
        self._seen: dict[str, int] = {}
        """By detector, when the latest of its frames begins [s GPS]."""

        self.end_s = 0
        """When the latest second that is there ends [s GPS]."""

        self.next_s: int | None = None
        """The second to close next; None until the first is closed [s GPS]."""

    @property
    def newest_s(self) -> int | None:
        """When the latest frame begins [s GPS]; None before the first."""
        return max(self._seen.values(), default=None)

    def recent(self) -> set[str]:
        """Return the detectors that are not behind by more than the deadline."""
        return {d for d, begin_s in self._seen.items() if not self._is_over(begin_s)}

    def add(
        self, detector: str, gps_s: int, strain: Float64[ndarray, " t"], begin_s: int
    ) -> list[Second]:
        """Take one second of a detector, and return the seconds that this closes, in order.

        Parameters
        ----------
        gps_s
            Which second it is [s GPS].
        begin_s
            When the frame begins that it is of [s GPS].

        Raises
        ------
        UnusableSample
            If the second was closed before, or has this detector already.
        """
        if self.next_s is not None and gps_s < self.next_s:
            if not self._is_over(gps_s):
                self._awaited.add(detector)  # it is back, a little behind the others
            raise UnusableSample(
                f"{detector} at GPS {gps_s} is late: that second was closed, and the newest frame"
                f" begins at GPS {self.newest_s}"
            )
        second = self._open.setdefault(gps_s, {})
        if detector in second:
            raise UnusableSample(f"{detector} at GPS {gps_s} was there before")
        second[detector] = strain
        self._awaited.add(detector)
        self._seen[detector] = max(begin_s, self._seen.get(detector, begin_s))
        self.end_s = max(self.end_s, gps_s + 1)
        return self._close()

    def end(self) -> list[Second]:
        """Close all that is open: nothing follows."""
        self._awaited.clear()
        return self._close()

    def _is_over(self, gps_s: int) -> bool:
        """Whether nobody is waited for at that second any more."""
        return self.newest_s is not None and gps_s <= self.newest_s - self.deadline_s

    def _close(self) -> list[Second]:
        closed: list[Second] = []
        while self._open:
            gps_s = min(self._open) if self.next_s is None else self.next_s
            there = self._open.get(gps_s, {})
            if not (self._awaited <= set(there) or self._is_over(gps_s)):
                break
            self._open.pop(gps_s, None)
            if there:  # else who is late is late together
                self._awaited &= set(there)
            self.next_s = gps_s + 1
            closed.append(Second(gps_s, there))
        return closed
