"""Messages of running strain that wait for their answer, and the files of strain that they brought."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jaxtyping import Float64
from numpy import ndarray

from models.strain_resnet.buffer_whitening import WHITE_RATE_HZ
from pipeline.core import Record
from pipeline.errors import DecodeError, InvalidMessage, UnusableSample
from pipeline.running.events import Events, Piece
from pipeline.running.windows import SECOND_NS
from pipeline.streams.strain.frames import Frame

__all__ = ["MOST_S", "File", "Place", "check", "heard_of", "piece_of", "seconds_of"]

MOST_S = 64
"""From the first sample of a file to its last [s]: `skytriage publish --as-frames` cuts what is longer."""


@dataclass(slots=True, eq=False)
class File:
    """Strain that came in one file: in a message, or in the chunks of several."""

    frames: Sequence[Frame]
    taken: set[str] = field(default_factory=set)
    """Detectors of which at least a second was taken."""

    refused: int = 0
    """Seconds of detectors that were late, or were there before."""

    events: Events | None = None
    """Of the stretch that it was joined to; None before."""

    error: InvalidMessage | None = None

    @property
    def begin_s(self) -> int:
        """Time of the first sample [s GPS]."""
        return min(frame.gps_start_ns for frame in self.frames) // SECOND_NS

    @property
    def end_s(self) -> int:
        """Time after the last sample [s GPS]."""
        return max(frame.gps_start_ns + frame.duration_ns for frame in self.frames) // SECOND_NS

    @property
    def detectors(self) -> set[str]:
        """Whose strain it is."""
        return {frame.detector for frame in self.frames}

    @property
    def seconds(self) -> int:
        """How many seconds of detectors it has."""
        return sum(frame.duration_ns // SECOND_NS for frame in self.frames)


@dataclass(slots=True, eq=False)
class Place:
    """A message that waits for its answer."""

    record: Record
    decoded_us: int
    came_s: int
    """How much data time had passed when it came [s]."""

    chunk: str = ""
    """Which of a file's chunks it is, where it is one."""

    file: File | None = None
    """None while chunks are missing."""

    error: InvalidMessage | None = None

    @property
    def fault(self) -> InvalidMessage | None:
        """What is wrong with the message, or with the strain that it brought."""
        return self.error or (self.file.error if self.file else None)


def seconds_of(file: File) -> Iterator[tuple[str, int, Float64[ndarray, " t"]]]:
    """Yield detector, GPS time [s] and strain of each second of a file, in the order of time."""
    found = [
        (frame.gps_start_ns // SECOND_NS + k, frame.detector, strain)
        for frame in file.frames
        for k, strain in enumerate(frame.strain.reshape(-1, frame.sample_rate_hz))
    ]
    for gps_s, detector, strain in sorted(found, key=lambda one: one[:2]):
        yield detector, gps_s, strain


def piece_of(place: Place, file: File) -> Piece:
    """Return what the writer is to know of a message."""
    return Piece(
        offset=place.record.origin.offset,
        detectors=tuple(sorted(file.taken)),
        begin_ns=file.begin_s * SECOND_NS,
        end_ns=file.end_s * SECOND_NS,
        chunk=place.chunk,
        survey=file.frames[0].survey,
        flagged_fraction=max(frame.flagged_fraction for frame in file.frames),
        refused_fraction=file.refused / file.seconds,
    )


def heard_of(frames: Sequence[Frame], detectors: Sequence[str]) -> Sequence[Frame]:
    """Return the frames of these detectors; to the others it is as if they were not there.

    Raises
    ------
    UnusableSample
        If there is none.
    """
    heard = [frame for frame in frames if frame.detector in detectors]
    if not heard:
        raise UnusableSample(
            f"strain of {', '.join(frame.detector for frame in frames)}, and the background is of"
            f" {', '.join(detectors)}"
        )
    return heard


def check(file: File) -> None:
    """See that a file can be joined with others.

    Raises
    ------
    DecodeError
        If a frame of it is not whole seconds of GPS time, or sampled too slowly, or if it is too
        long.
    """
    for frame in file.frames:
        _check(frame)
    if (length_s := file.end_s - file.begin_s) > MOST_S:
        raise DecodeError(f"the file is of {length_s} s, and a message holds at most {MOST_S} s")


def _check(frame: Frame) -> None:
    whole, rest = divmod(len(frame.strain), frame.sample_rate_hz)
    if frame.gps_start_ns % SECOND_NS or not whole or rest:
        raise DecodeError(
            f"the frame of {frame.detector} begins at GPS {frame.gps_start_ns} ns and has"
            f" {len(frame.strain)} samples at {frame.sample_rate_hz} Hz: no whole seconds"
        )
    if frame.sample_rate_hz < WHITE_RATE_HZ:
        raise DecodeError(
            f"the frame of {frame.detector} has {frame.sample_rate_hz} samples a second, and"
            f" {WHITE_RATE_HZ} are needed"
        )
