"""Play files as detectors would: second by second in GPS time, a message for each detector.

Each second is written anew, in the format of the file that it is from, with the data-quality bits of
that second.  Files are held in memory.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.strain_resnet.gwosc import read_gwosc
from models.strain_resnet.running import NEEDED_BITS
from pipeline.errors import DecodeError
from pipeline.streams.strain.chunk import split_parts
from pipeline.streams.strain.frames import Frame, read_frames
from pipeline.streams.strain.gwf import write_gwf
from pipeline.streams.strain.hdf5 import write_hdf5
from pipeline.streams.strain.messages import Format, frame_message
from pipeline.streams.strain.recorded import GWF_MAGIC, HDF5_MAGIC, SIMULATED_SURVEY

__all__ = ["Played", "Recording", "play", "read_recordings"]

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Strain of one detector over whole seconds."""

    file: Path
    file_format: Format
    survey: str
    detector: str
    gps_start_s: int
    """Time of the first sample [s GPS]."""

    sample_rate_hz: int
    strain: npt.NDArray[np.float64]
    """Shape ``(t,)``, NaN where samples are missing [dimensionless]."""

    words: npt.NDArray[np.int64]
    """Data-quality bits, shape ``(seconds,)``."""

    @property
    def gps_end_s(self) -> int:
        """Time after the last sample [s GPS]."""
        return self.gps_start_s + len(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A message that a detector would send."""

    file: Path
    """Where its strain is from."""

    detector: str
    gps_s: int
    """The second that its strain is of [s GPS]."""

    value: bytes


def read_recordings(file: Path, data: bytes) -> list[Recording]:
    """Return what is in a file of GWOSC, or in a GWF file.

    Raises
    ------
    DecodeError
        If it holds no strain, or not of whole seconds.
    ConfigurationError
        If it is GWF, and what reads that is not installed.
    """
    if not data.startswith((HDF5_MAGIC, GWF_MAGIC)):
        raise DecodeError("only HDF5 of GWOSC and GWF can be played as frames")
    return [_recording(file, data, frame) for frame in read_frames(data)]


def _recording(file: Path, data: bytes, frame: Frame) -> Recording:
    start_s, rest_ns = divmod(frame.gps_start_ns, _SECOND_NS)
    seconds, rest = divmod(len(frame.strain), frame.sample_rate_hz)
    if rest_ns or rest:
        raise DecodeError(
            f"{len(frame.strain)} samples at {frame.sample_rate_hz} Hz from GPS "
            f"{frame.gps_start_ns} ns are no whole seconds"
        )
    if data.startswith(HDF5_MAGIC):
        found = read_gwosc(data)  # once more: with what the bits take out, and the bits
        file_format: Format = "gwosc_hdf5"
        strain, words = found.strain, found.data_quality
    else:
        file_format, strain = "gwf", frame.strain
        is_there = np.isfinite(strain.reshape(seconds, -1)).any(axis=1)
        words = np.where(is_there, NEEDED_BITS, 0)
    return Recording(
        file=file,
        file_format=file_format,
        survey=frame.survey,
        detector=frame.detector,
        gps_start_s=start_s,
        sample_rate_hz=frame.sample_rate_hz,
        strain=strain,
        words=words,
    )


def play(recordings: Sequence[Recording], *, in_parts: bool = False) -> Iterator[Played]:
    """Yield what detectors would send, in the order of GPS time.

    Parameters
    ----------
    recordings
        Strain of any detectors and times. Of what there is twice, both are sent.
    in_parts
        Send GWF in chunks, as igwn-lldd-common does, and no containers of frames.

    Raises
    ------
    ConfigurationError
        If GWF has to be written, and what writes that is not installed.
    """
    sent: Counter[str] = Counter()
    for gps_s in sorted({s for one in recordings for s in range(one.gps_start_s, one.gps_end_s)}):
        for one in recordings:
            if one.gps_start_s <= gps_s < one.gps_end_s:
                number = sent[one.detector]
                sent[one.detector] += 1
                for value in _second(one, gps_s, number if in_parts else None):
                    yield Played(file=one.file, detector=one.detector, gps_s=gps_s, value=value)


def _second(one: Recording, gps_s: int, part_id: int | None) -> list[bytes]:
    """Return one second of a recording: a container, or the chunks of a file of that number."""
    index, rate_hz = gps_s - one.gps_start_s, one.sample_rate_hz
    strain = one.strain[index * rate_hz : (index + 1) * rate_hz]
    words = one.words[index : index + 1]
    file_format: Format = "gwf" if part_id is not None else one.file_format
    is_simulated = one.survey == SIMULATED_SURVEY
    if file_format == "gwf":
        file = write_gwf(
            {one.detector: strain},
            gps_start_s=gps_s,
            sample_rate_hz=rate_hz,
            words={one.detector: words},
            is_simulated=is_simulated,
        )
    else:
        file = write_hdf5(
            strain,
            detector=one.detector,
            gps_start_s=gps_s,
            sample_rate_hz=rate_hz,
            words=words,
            is_simulated=is_simulated,
        )
    if part_id is not None:
        return split_parts(file, part_id=part_id, gps_s=gps_s)
    message = frame_message(
        file,
        file_format,
        survey=one.survey,
        detectors=[one.detector],
        gps_start_ns=gps_s * _SECOND_NS,
        duration_ns=_SECOND_NS,
    )
    return [message]
