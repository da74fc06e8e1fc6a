"""Files whose time is far from that of all others: one clock is wrong, or time has leapt for all.

Believed at once, one such file would close the seconds that all others still have to send, or throw
away what is in the buffers. So it is held, and what follows decides. It is refuted by the next file
that is in step. It is believed when another has come and each detector that sent lately is among
them, or when they go on for long with nobody in step.
"""

from collections.abc import Collection

from pipeline.errors import UnusableSample
from pipeline.running.joiner import Joiner
from pipeline.running.places import File

__all__ = ["LATE_S", "Leap"]

LATE_S = 60
"""What is behind by up to this is late, or was sent again; further back it is a leap [s]."""


class Leap:
    """The files of one partition that are held."""

    def __init__(self) -> None:
        self._held: list[File] = []

    def is_one(self, file: File, joiner: Joiner) -> bool:
        """Whether a file is far from what was joined."""
        newest_s = joiner.newest_s
        if newest_s is None:
            return False
        return file.begin_s >= joiner.end_s + joiner.deadline_s or file.begin_s < newest_s - LATE_S

    def refute(self) -> None:
        """Set aside what is held: others go on in step."""
        for file in self._held:
            file.error = UnusableSample(f"GPS {file.begin_s} is far from the time of all others")
        self._held.clear()

    def hold(self, file: File) -> None:
        """Hold a file; one that is far from those that are held refutes them.

        Raises
        ------
        UnusableSample
            If it was there before.
        """
        if self._held:
            begin_s, end_s = self._span()
            if file.begin_s > end_s + LATE_S or file.end_s < begin_s - LATE_S:
                self.refute()
        if any(_is_again(file, held) for held in self._held):
            raise UnusableSample(f"GPS {file.begin_s} was there before")
        self._held.append(file)

    def believed(self, joiner: Joiner) -> Collection[File]:
        """Return all that is held if it is to be believed, else nothing."""
        if len(self._held) == 1:
            return []
        begin_s, end_s = self._span()
        patience_s = joiner.deadline_s if begin_s > joiner.end_s else LATE_S
        leapt = set().union(*(file.detectors for file in self._held))
        if not (joiner.recent() <= leapt or end_s - begin_s > patience_s):
            return []
        believed, self._held = self._held, []
        return believed

    def _span(self) -> tuple[int, int]:
        """Return when the first of them begins, and the last ends [s GPS]."""
        return min(file.begin_s for file in self._held), max(file.end_s for file in self._held)


def _is_again(file: File, held: File) -> bool:
    return file.begin_s == held.begin_s and bool(file.detectors & held.detectors)
