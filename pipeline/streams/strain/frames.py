r"""Frames: the next second or seconds of strain of a detector, as files in messages.

================================  ================================================================
bytes begin with                  a frame is
================================  ================================================================
``IGWD``                          GWF, of one detector or several (`gwf`)
``\x89HDF``                       HDF5 as GWOSC writes it, of one detector (`hdf5`)
``Obj`` 1, schema strain_frame    a container of such a file, and what it should hold (`packet`)
================================  ================================================================

A frame is strain without a judgement: what is made of running strain is another stage's business.
Samples that the data-quality bits take out are NaN, as those are that were never measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from pipeline.container import MAGIC
from pipeline.errors import DecodeError, PipelineError
from pipeline.first_bytes import describe
from pipeline.streams.strain.channels import CHANNELS, Channels
from pipeline.streams.strain.packet import is_packet, read_packet
from pipeline.streams.strain.recorded import GWF_MAGIC, HDF5_MAGIC, Recorded

__all__ = ["Frame", "is_frame", "nanoseconds", "read_frames"]

_SECOND_NS = 1_000_000_000

_LAST_GPS_S = 2**63 // _SECOND_NS
"""What 64 bits of nanoseconds can say; in 2272 [s GPS]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Strain of one detector without a gap in time."""

    detector: str
    """Such as ``"H1"``."""

    gps_start_ns: int
    """Time of the first sample, GPS [ns]."""

    sample_rate_hz: int

    strain: Float64[ndarray, " t"]
    """NaN where samples are missing, or where data-quality bits say bad [dimensionless]."""

    flagged_fraction: float
    """Share of the samples that the data-quality bits took out [dimensionless]."""

    survey: str
    """Who sent it, where the message says so; else whose file it is."""

    @property
    def duration_ns(self) -> int:
        """Its length [ns]."""
        return len(self.strain) * _SECOND_NS // self.sample_rate_hz


def is_frame(value: bytes) -> bool:
    """Whether a message begins like a frame; whether it is a good one shows when it is read.

    Chunks of frames are none: see `pipeline.streams.strain.parts`.
    """
    if value.startswith((GWF_MAGIC, HDF5_MAGIC)):
        return True
    try:
        return value.startswith(MAGIC) and is_packet(value)
    except DecodeError:
        return False


def read_frames(value: bytes, channels: Channels = CHANNELS) -> tuple[Frame, ...]:
    """Return the frames in a message, in the order of time and, for each, of `channels`.

    Parameters
    ----------
    value
        A message, or the content of a file.
    channels
        Which detectors there are, and which channels of GWF files hold what.

    Raises
    ------
    DecodeError
        If it holds none, or they are not what the message says, or it is GWF and what reads that
        is not installed; with what is wrong.
    """
    try:
        if value.startswith(MAGIC):
            packet = read_packet(value)
            frames = _read_file(packet["data"], channels)
            _must_agree(packet, frames)
            return tuple(replace(frame, survey=packet["survey"]) for frame in frames)
        if value.startswith((GWF_MAGIC, HDF5_MAGIC)):
            return _read_file(value, channels)
    except PipelineError:
        raise
    except Exception as error:  # damaged files make their readers raise anything
        raise DecodeError(
            f"{describe(value)} that cannot be read: {type(error).__name__}: {error}"
        ) from error
    raise DecodeError(f"the message is {describe(value)}, no frame of strain")


def nanoseconds(seconds: float) -> int:
    """Return a GPS time [s] in whole nanoseconds [ns].

    Raises
    ------
    DecodeError
        If it is none.

    Examples
    --------
    >>> nanoseconds(1126259462.0625)
    1126259462062500000
    """
    if not 0 <= seconds < _LAST_GPS_S:  # false for NaN too
        raise DecodeError(f"{seconds} s is no GPS time")
    whole = int(seconds)  # apart: a double of all of it has not the digits
    return whole * _SECOND_NS + round((seconds - whole) * _SECOND_NS)


def _read_file(data: bytes, channels: Channels) -> tuple[Frame, ...]:
    # Late: their libraries take a tenth of a second to load, and other streams do without.
    if data.startswith(GWF_MAGIC):
        from pipeline.streams.strain.gwf import read_gwf

        return tuple(_frame(found) for found in read_gwf(data, channels))
    from pipeline.streams.strain.hdf5 import read_hdf5

    found = read_hdf5(data)
    if found.detector not in channels:
        raise DecodeError(f"strain of detector {found.detector!r}, not {', '.join(channels)}")
    return (_frame(found),)


def _frame(found: Recorded) -> Frame:
    strain: Float64[ndarray, " t"] = found.strain.astype(np.float64)
    strain[~np.isfinite(strain)] = np.nan
    flagged = 0.0
    if found.usable is not None:
        strain[~found.usable] = np.nan
        flagged = float(1 - found.usable.mean())
    return Frame(
        survey=found.survey,
        detector=found.detector,
        gps_start_ns=nanoseconds(found.gps_start_s),
        sample_rate_hz=found.sample_rate_hz,
        strain=strain,
        flagged_fraction=flagged,
    )


def _must_agree(packet: Mapping[str, Any], frames: Sequence[Frame]) -> None:
    """Compare what a message says of its file with what is in it."""
    start_ns = min(frame.gps_start_ns for frame in frames)
    end_ns = max(frame.gps_start_ns + frame.duration_ns for frame in frames)
    held = {
        "detectors": sorted({frame.detector for frame in frames}),
        "gpsStartNs": start_ns,
        "durationNs": end_ns - start_ns,
    }
    said = {**packet, "detectors": sorted(packet["detectors"])}
    for name, value in held.items():
        if said[name] != value:
            raise DecodeError(f"{name} is {said[name]}, and the file's is {value}")
