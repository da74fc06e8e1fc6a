"""Recorded strain of running detectors: files of GWOSC, one after the other, to pieces.

What the daemon would not use is not used here: a second without the data-quality bits, with a missing
or an impossible sample, or flat, ends the buffer, and so does time between files. Files of one
detector that follow each other without a gap are one series.

A file of 4096 s may fill half a gigabyte, so they are not held all together: all are looked at first,
so that a fault in the last is not found after hours, and read again when they are whitened. Where one
follows another there are up to three and a half such lengths at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from models.strain_resnet.background import BackgroundError
from models.strain_resnet.buffer_whitening import WHITE_RATE_HZ
from models.strain_resnet.gwosc import DetectorStrain, GwoscError, read_gwosc
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.pieces import AROUND_S, Pieces, join_pieces, white_pieces
from models.strain_resnet.running import BUFFER_S, NEEDED_BITS, STRIDE_S, is_strain

__all__ = ["Recording", "check_left_out", "describe", "look", "recorded_pieces"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a file has: whole seconds of one detector."""

    file: Path
    detector: str
    begin_s: int
    """Time of the first sample [s GPS]."""

    end_s: int
    """Time after the last sample [s GPS]."""


@dataclass(frozen=True, slots=True, eq=False)
class _Stretch:
    """Usable seconds of one detector without a gap."""

    begin_s: int
    rate_hz: int
    strain: Float64[ndarray, " t"]

    @property
    def end_s(self) -> int:
        return self.begin_s + len(self.strain) // self.rate_hz

    def tail(self) -> "_Stretch":
        """Return what the first buffers of the next file need."""
        strain = self.strain[-(BUFFER_S - 1) * self.rate_hz :].copy()
        return _Stretch(self.end_s - len(strain) // self.rate_hz, self.rate_hz, strain)

    def joined(self, after: "_Stretch") -> "_Stretch":
        """Return both, if the other goes on from this one, else the other."""
        if (self.end_s, self.rate_hz) != (after.begin_s, after.rate_hz):
            return after
        return _Stretch(self.begin_s, self.rate_hz, np.concatenate([self.strain, after.strain]))


def look(files: Sequence[Path]) -> dict[str, list[Recording]]:
    """Return what is in files, by detector and in the order of time.

    Raises
    ------
    GwoscError
        If one cannot be used, or two have the same time of a detector.
    """
    found: dict[str, list[Recording]] = {}
    for one in sorted(map(_look, files), key=lambda one: (one.detector, one.begin_s)):
        found.setdefault(one.detector, []).append(one)
    for recordings in found.values():
        for before, after in pairwise(recordings):
            if after.begin_s < before.end_s:
                raise GwoscError(
                    f"{before.file} and {after.file} both have {after.detector} at GPS {after.begin_s}"
                )
    return found


def _look(file: Path) -> Recording:
    read = read_gwosc(file)
    seconds, rest = divmod(len(read.strain), read.sample_rate_hz)
    if read.detector not in DETECTORS:
        raise GwoscError(f"{file}: strain of {read.detector!r}, not of {', '.join(DETECTORS)}")
    if not read.gps_start_s.is_integer() or rest:
        raise GwoscError(
            f"{file}: {len(read.strain)} samples at {read.sample_rate_hz} Hz from GPS"
            f" {read.gps_start_s} are no whole seconds"
        )
    if read.sample_rate_hz < WHITE_RATE_HZ:
        raise GwoscError(
            f"{file}: strain at {read.sample_rate_hz} Hz, and {WHITE_RATE_HZ} Hz are needed"
        )
    if read.data_quality.shape != (seconds,):
        raise GwoscError(
            f"{file}: DQmask has the shape {read.data_quality.shape}, for {seconds} s of strain"
        )
    begin_s = int(read.gps_start_s)
    return Recording(file=file, detector=read.detector, begin_s=begin_s, end_s=begin_s + seconds)


def describe(recordings: Sequence[Recording]) -> str:
    """Return whose strain it is, and from when to when, the gaps between files included."""
    first, last = recordings[0], recordings[-1]
    return f"{first.detector} GPS {first.begin_s} to {last.end_s}"


def check_left_out(found: Mapping[str, Sequence[Recording]], leave_out: Sequence[float]) -> None:
    """See that there is something to leave out at every time: a slip would keep an event in.

    Raises
    ------
    BackgroundError
        If no file is near one.
    """
    recordings = [one for several in found.values() for one in several]
    for event_s in leave_out:
        if not any(one.begin_s - AROUND_S < event_s < one.end_s + AROUND_S for one in recordings):
            spans = ", ".join(map(describe, found.values()))
            raise BackgroundError(f"there is nothing to leave out at GPS {event_s}: {spans}")


def recorded_pieces(
    recordings: Sequence[Recording], *, leave_out: Sequence[float] = (), stride_s: float = STRIDE_S
) -> Pieces:
    """Whiten what was recorded of one detector.

    Parameters
    ----------
    recordings
        In the order of time.
    leave_out
        Times of known events, which are not judged [s GPS]. They stay in the buffers of what is
        judged beside them, as they do in the daemon's.

    Raises
    ------
    BackgroundError
        If no second is left to be judged.
    """
    found: list[Pieces] = []
    before: _Stretch | None = None
    for stretch in (one for recording in recordings for one in _stretches(recording.file)):
        whole = stretch if before is None else before.joined(stretch)
        found.append(
            white_pieces(whole.strain, whole.rate_hz, stride_s=stride_s, begin_s=whole.begin_s)
        )
        before = whole.tail()
    for event_s in leave_out:
        found = [one.without(event_s) for one in found]
    if not any(one.ends_s.size for one in found):
        raise BackgroundError(
            f"{describe(recordings)}: no {BUFFER_S} s without a gap or an unusable second"
            + (" end in time that is not left out" if leave_out else "")
        )
    return join_pieces(found)


def _stretches(file: Path) -> Iterator[_Stretch]:
    read = read_gwosc(file)
    usable = _usable(read)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], usable, [False]]).astype(np.int8)))
    for first, end in edges.reshape(-1, 2).tolist():
        strain = read.strain[first * read.sample_rate_hz : end * read.sample_rate_hz]
        yield _Stretch(int(read.gps_start_s) + first, read.sample_rate_hz, strain)


def _usable(read: DetectorStrain) -> list[bool]:
    """Tell of each second whether the daemon would use it."""
    seconds = read.strain.reshape(-1, read.sample_rate_hz)
    return [
        bool(word & NEEDED_BITS == NEEDED_BITS) and is_strain(second)
        for word, second in zip(read.data_quality, seconds, strict=True)
    ]
