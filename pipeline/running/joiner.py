"""Frames of several detectors, joined on GPS time: second by second, each second once.

A second is closed when every detector that is waited for has sent it. A detector that does not send
one is waited for until another is `deadline_s` of data ahead; then its second is a gap, and it is not
waited for again until it is back. So nobody's absence holds up the others for longer than that, and
because data are compared with data and with no clock, a night that is read again closes its seconds
exactly as it did the first time.
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
        How far others may be ahead of a detector before its second is a gap [s, data time].
    """

    def __init__(self, deadline_s: int) -> None:
        self._deadline_s = deadline_s
        self._open: dict[int, dict[str, Float64[ndarray, " t"]]] = {}
        self._awaited = set(DETECTORS)
        self.newest_s: int | None = None
        """The latest second that is there [s GPS]."""

        self.next_s: int | None = None
        """The second to close next; None until the first is closed [s GPS]."""

    def add(self, detector: str, gps_s: int, strain: Float64[ndarray, " t"]) -> list[Second]:
        """Take one second of a detector, and return the seconds that this closes, in order.

        Raises
        ------
        UnusableSample
            If the second was closed before, or has this detector already.
        """
        if self.next_s is not None and gps_s < self.next_s:
            if self.newest_s is not None and gps_s > self.newest_s - self._deadline_s:
                self._awaited.add(detector)  # it is back, a little behind the others
            raise UnusableSample(
                f"{detector} at GPS {gps_s} is late: that second was closed when"
                f" GPS {self.newest_s} was there"
            )
        second = self._open.setdefault(gps_s, {})
        if detector in second:
            raise UnusableSample(f"{detector} at GPS {gps_s} was there before")
        second[detector] = strain
        self._awaited.add(detector)
        self.newest_s = gps_s if self.newest_s is None else max(self.newest_s, gps_s)
        return self._close(self.newest_s)

    def end(self) -> list[Second]:
        """Close all that is open: nothing follows."""
        return [] if self.newest_s is None else self._close(self.newest_s + self._deadline_s)

    def _close(self, newest_s: int) -> list[Second]:
        closed: list[Second] = []
        while self._open:
            gps_s = min(self._open) if self.next_s is None else self.next_s
            there = self._open.get(gps_s, {})
            if not (self._awaited <= set(there) or newest_s >= gps_s + self._deadline_s):
                break
            self._open.pop(gps_s, None)
            self._awaited &= set(there)
            self.next_s = gps_s + 1
            closed.append(Second(gps_s, there))
        return closed
