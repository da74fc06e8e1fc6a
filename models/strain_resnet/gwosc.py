"""Files of the Gravitational Wave Open Science Center: strain of one detector in HDF5.

``strain/Strain`` with its start and spacing, ``meta`` with the detector, ``quality`` with a word of
bits for every second. The hardware-injection bits are *on* where there was no injection; that of the
continuous waves is off in L1 at GW150914, so "all bits on" is not a sensible demand.
"""

import math
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

__all__ = ["DetectorStrain", "GwoscError", "read_gwosc"]

_MOST_SAMPLES = 4096 * 16384
"""The longest files of GWOSC: 4096 s at 16384 Hz. A damaged shape must not fill the memory."""


class GwoscError(ValueError):
    """The file is not what it should be; the message has the file and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorStrain:
    """Strain of one detector without a gap in time; missing samples are NaN."""

    detector: str
    """Such as ``"H1"``."""

    gps_start_s: float
    """GPS time of the first sample [s]."""

    sample_rate_hz: int

    strain: Float64[ndarray, " t"]

    data_quality: Int64[ndarray, " seconds"]
    """Bits of ``DQmask``, one word a second; bit 0 is set where there are data."""

    description: str = ""
    """What the file says that it is."""


def read_gwosc(source: Path | bytes) -> DetectorStrain:
    """Read a file, or what was in one.

    Raises
    ------
    GwoscError
        If it is no such file.
    """
    name = str(source) if isinstance(source, Path) else f"HDF5 of {len(source)} bytes"
    try:
        with h5py.File(source if isinstance(source, Path) else BytesIO(source), "r") as file:
            return _read(file, name)
    except GwoscError:
        raise
    except Exception as error:  # a damaged file holds anything in any place
        raise GwoscError(f"{name} is no strain file of GWOSC: {error}") from error


def _read(file: h5py.File, name: str) -> DetectorStrain:
    data = file["strain/Strain"]
    spacing_s, start_s = float(data.attrs["Xspacing"]), float(data.attrs["Xstart"])
    if not math.isfinite(start_s):
        raise GwoscError(f"{name}: the first sample is at GPS {start_s}, which is no time")
    rate_hz = round(1 / spacing_s) if spacing_s > 0 else 0
    if rate_hz < 1 or abs(rate_hz * spacing_s - 1) > 1e-6:  # noqa: PLR2004 - of rounding
        raise GwoscError(f"{name}: the spacing of {spacing_s} s is no whole rate in Hz")
    quality = file["quality/simple/DQmask"]
    for dataset in (data, quality):
        if dataset.size is None or dataset.size > _MOST_SAMPLES:
            raise GwoscError(f"{name}: {dataset.name} has the shape {dataset.shape}")
        if dataset.dtype.kind not in "fiu":  # text may be as long as it likes
            raise GwoscError(f"{name}: {dataset.name} is of type {dataset.dtype}, no numbers")
    strain = np.asarray(data[()], dtype=np.float64)
    if strain.ndim != 1 or not strain.size:
        raise GwoscError(f"{name}: strain has the shape {strain.shape}, not one axis")
    return DetectorStrain(
        detector=_text(file["meta/Detector"], name),
        gps_start_s=start_s,
        sample_rate_hz=rate_hz,
        strain=strain,
        data_quality=np.asarray(quality[()], dtype=np.int64),
        description=_text(file["meta/Description"], name) if "meta/Description" in file else "",
    )


def _text(dataset: h5py.Dataset, name: str) -> str:
    if dataset.shape != ():  # a damaged one may take for ever to read
        raise GwoscError(f"{name}: {dataset.name} has the shape {dataset.shape}")
    text = dataset[()]
    return text.decode() if isinstance(text, bytes) else str(text)
