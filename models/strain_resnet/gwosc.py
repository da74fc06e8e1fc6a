"""Files of the Gravitational Wave Open Science Center: strain of one detector in HDF5.

``strain/Strain`` with its start and spacing, ``meta`` with the detector, ``quality`` with a word of
bits for every second. The hardware-injection bits are *on* where there was no injection; that of the
continuous waves is off in L1 at GW150914, so "all bits on" is not a sensible demand.

The library never ends with a damaged heap of strings in which a piece of free space has the length
0, so heaps are looked at first.

References
----------
HDF5 File Format Specification 3.0, III.E: global heap.
"""

import math
import struct
from dataclasses import dataclass
from io import BytesIO
from mmap import ACCESS_READ, mmap
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

__all__ = ["DetectorStrain", "GwoscError", "read_gwosc"]

_MOST_SAMPLES = 4096 * 16384
"""The longest files of GWOSC: 4096 s at 16384 Hz. A damaged shape must not fill the memory."""

_HEAP = b"GCOL\x01\0\0\0"
"""A global heap, version 1; its length follows."""

_HEAP_HEADER_BYTES = 16
_OBJECT = struct.Struct("<HHIQ")
"""Index (0 for free space), references, nothing, length."""


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
        _check_heaps(source, name)
        with h5py.File(source if isinstance(source, Path) else BytesIO(source), "r") as file:
            return _read(file, name)
    except GwoscError:
        raise
    except Exception as error:  # a damaged file holds anything in any place
        raise GwoscError(f"{name} is no strain file of GWOSC: {error}") from error


def _check_heaps(source: Path | bytes, name: str) -> None:
    """Follow the objects of every heap, none of which may have nowhere to go on from."""
    if isinstance(source, Path):
        with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            _follow_heaps(data, name)
    else:
        _follow_heaps(source, name)


def _follow_heaps(data: bytes | mmap, name: str) -> None:
    heap = data.find(_HEAP)
    while heap >= 0:
        length = int.from_bytes(data[heap + len(_HEAP) : heap + _HEAP_HEADER_BYTES], "little")
        at, end = heap + _HEAP_HEADER_BYTES, min(heap + length, len(data))
        while at + _OBJECT.size <= end:
            index, _, _, size = _OBJECT.unpack_from(data, at)
            # Free space counts its own head; objects do not, and end on a multiple of 8.
            step = size if index == 0 else _OBJECT.size + (size + 7) // 8 * 8
            if not 0 < step <= end - at:
                raise GwoscError(f"{name} is damaged: {size} bytes at byte {at} of a heap")
            at += step
        heap = data.find(_HEAP, heap + 1)


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
