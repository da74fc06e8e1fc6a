"""Write segments and frames as messages: containers of our own schemas.

Files of an instrument become such messages, and so does what simulators make.
"""

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

import fastavro
import numpy as np
import numpy.typing as npt

import schemas

__all__ = ["Format", "frame_message", "segment_message"]

Format: TypeAlias = Literal["gwf", "gwosc_hdf5"]

_SYNC = b"skytriage.strain"
"""Ends each block. It need not be random: the same data make the same bytes."""


def segment_message(
    strain: npt.NDArray[np.floating[Any]],
    *,
    survey: str,
    segment_id: str,
    detectors: Sequence[str],
    sample_rate_hz: int,
    gps_start_ns: int | None = None,
    data_quality: Mapping[str, int] | None = None,
) -> bytes:
    """Return a container of ``strain_segment``.

    Parameters
    ----------
    strain
        Shape ``(detectors, time)``, float32 or float64 [dimensionless].
    survey
        Who sends it.
    segment_id
        The survey's identifier.
    detectors
        Whose the rows are.
    sample_rate_hz
        Samples a second [Hz].
    gps_start_ns
        Time of the first sample, GPS [ns].
    data_quality
        Detector to bits; what is left out has none.
    """
    record = {
        "survey": survey,
        "segmentId": segment_id,
        "gpsStartNs": gps_start_ns,
        "sampleRateHz": sample_rate_hz,
        "detectors": list(detectors),
        "shape": list(strain.shape),
        "dtype": strain.dtype.str,
        "strain": strain.tobytes(),
        "dataQuality": dict(data_quality or {}),
    }
    return _container("strain_segment", record)


def frame_message(
    data: bytes,
    file_format: Format,
    *,
    survey: str,
    detectors: Sequence[str],
    gps_start_ns: int,
    duration_ns: int,
) -> bytes:
    """Return a container of ``strain_frame``.

    Parameters
    ----------
    data
        The file.
    file_format
        What it is.
    survey
        Who sends it.
    detectors
        Whose strain it holds.
    gps_start_ns
        Time of the first sample, GPS [ns].
    duration_ns
        Length of the strain [ns].
    """
    record = {
        "survey": survey,
        "detectors": list(detectors),
        "gpsStartNs": gps_start_ns,
        "durationNs": duration_ns,
        "format": file_format,
        "data": data,
    }
    return _container("strain_frame", record)


@cache
def _parsed(name: str) -> Any:
    return fastavro.parse_schema(schemas.load(name))


def _container(name: str, record: Mapping[str, Any]) -> bytes:
    data = io.BytesIO()
    fastavro.writer(data, _parsed(name), [record], sync_marker=_SYNC)
    return data.getvalue()
