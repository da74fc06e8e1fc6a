"""Files of strain to messages: recognised by their content, whatever their name ends in."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import SAMPLE_SHAPE
from models.strain_resnet.whitening import SAMPLE_RATE_HZ
from pipeline.errors import DecodeError
from pipeline.first_bytes import describe
from pipeline.streams.strain.frames import read_frames
from pipeline.streams.strain.messages import Format, frame_message, segment_message
from pipeline.streams.strain.recorded import GWF_MAGIC, HDF5_MAGIC

__all__ = ["read_file"]

_NPY_MAGIC = b"\x93NUMPY"


def read_file(path: Path, data: bytes) -> Iterator[bytes]:
    """Yield the message that a file makes.

    ==========================  ==========================================================
    ``.npy``                    a segment of the G2Net competition, named like the file
    ``.hdf5`` of GWOSC, GWF     one frame, as long as the file
    ==========================  ==========================================================

    Raises
    ------
    DecodeError
        If it is none of these, or cannot be read.
    ConfigurationError
        If it is GWF, and what reads that is not installed.
    """
    if data.startswith(_NPY_MAGIC):
        yield _segment(path, data)
    elif data.startswith((HDF5_MAGIC, GWF_MAGIC)):
        yield _frame(data)
    else:
        raise DecodeError(f"the file is {describe(data)}, and no strain: HDF5, GWF or NumPy array")


def _segment(path: Path, data: bytes) -> bytes:
    try:
        strain = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # NumPy evaluates the header, which may hold anything
        raise DecodeError(f"the NumPy array cannot be read: {error}") from error
    if strain.shape != SAMPLE_SHAPE or strain.dtype not in (np.float32, np.float64):
        raise DecodeError(
            f"the NumPy array is {strain.dtype} of shape {strain.shape}, and a segment is float32 "
            f"or float64 of {SAMPLE_SHAPE}"
        )
    return segment_message(
        strain,
        survey="g2net",
        segment_id=path.stem,
        detectors=DETECTORS,
        sample_rate_hz=SAMPLE_RATE_HZ,
    )


def _frame(data: bytes) -> bytes:
    frames = read_frames(data)
    start_ns = min(frame.gps_start_ns for frame in frames)
    end_ns = max(frame.gps_start_ns + frame.duration_ns for frame in frames)
    file_format: Format = "gwf" if data.startswith(GWF_MAGIC) else "gwosc_hdf5"
    return frame_message(
        data,
        file_format,
        survey=frames[0].survey,
        detectors=sorted({frame.detector for frame in frames}),
        gps_start_ns=start_ns,
        duration_ns=end_ns - start_ns,
    )
