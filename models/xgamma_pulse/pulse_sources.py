"""The three formats of pulse files, each read piece by piece; `pulse_files` has their layout.

These functions are given the open file and hand over what it says. What is absent is an
`AbsentError`, what contradicts the layout a `ValueError`; a damaged file can raise anything.
`pulse_files` turns all of it into one kind of error.
"""

import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import islice
from typing import Any

import numpy as np
from numpy import ndarray

__all__ = ["AbsentError", "Piece", "read_csv", "read_hdf5", "read_npz"]

_NEEDED = ("sampling_period_ns", "baseline_samples")
_FACTS = (*_NEEDED, "full_scale")

_SHOWN = 3
"""Cells of a wrong header that an error shows."""


class AbsentError(Exception):
    """The file lacks what is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Pulses as they are in the file."""

    waveforms: ndarray

    labels: ndarray | None

    facts: Mapping[str, float]
    """``sampling_period_ns``, ``baseline_samples`` and, where known, ``full_scale``."""


def read_hdf5(source: BufferedIOBase, size: int) -> Iterator[Piece]:
    """Yield the rows of the datasets ``waveforms`` and ``labels``."""
    import h5py

    with h5py.File(source) as file:
        if "waveforms" not in file:
            raise AbsentError("waveforms")
        waveforms, labels = file["waveforms"], file.get("labels")
        facts = _facts({**file.attrs, **waveforms.attrs})
        _compare(waveforms.shape, None if labels is None else labels.shape)
        for first in range(0, waveforms.shape[0], size):
            rows = slice(first, first + size)
            yield Piece(
                waveforms=waveforms[rows],
                labels=None if labels is None else labels[rows],
                facts=facts,
            )


def read_npz(source: BufferedIOBase, size: int) -> Iterator[Piece]:
    """Yield the rows of the arrays ``waveforms`` and ``labels``, unzipping as it goes."""
    with zipfile.ZipFile(source) as file:
        names = {name.removesuffix(".npy") for name in file.namelist()}
        numbers = {name: float(_array(file, name).reshape(())) for name in _FACTS if name in names}
        facts = _facts(numbers)
        if "waveforms" not in names:
            raise AbsentError("waveforms")
        labels = _array(file, "labels") if "labels" in names else None
        with file.open("waveforms.npy") as stream:
            shape, dtype = _header(stream)
            _compare(shape, None if labels is None else labels.shape)
            for first in range(0, shape[0], size):
                rows = min(size, shape[0] - first)
                wanted = rows * shape[1] * dtype.itemsize
                data = stream.read(wanted)
                if len(data) < wanted:
                    raise EOFError(f"waveforms end within rows {first} to {first + rows}")
                yield Piece(
                    waveforms=np.frombuffer(data, dtype).reshape(rows, shape[1]),
                    labels=None if labels is None else labels[first : first + rows],
                    facts=facts,
                )


def read_csv(source: BufferedIOBase, size: int) -> Iterator[Piece]:
    """Yield lines of numbers."""
    file = (line.decode() for line in source)
    numbers, header = {}, ""
    for header in file:
        if not header.startswith("#"):
            break
        name, _, value = header[1:].partition("=")
        if name.strip() in _FACTS:
            numbers[name.strip()] = float(value)
    facts, columns = _facts(numbers), [name.strip() for name in header.split(",")]
    labelled = int(columns[0] == "label")
    if columns[labelled:] != [str(number) for number in range(len(columns) - labelled)]:
        begin = ",".join(columns[:_SHOWN])
        raise ValueError(f"the header must be [label,]0,1,2,..., but begins with {begin!r}")
    while lines := list(islice(file, size)):
        rows = [line.strip().split(",") for line in lines if line.strip()]
        bad = next((row for row in rows if len(row) != len(columns)), None)
        if bad is not None:
            raise ValueError(f"a line has {len(bad)} columns, but its header {len(columns)}")
        if rows:
            yield Piece(
                waveforms=np.array([row[labelled:] for row in rows], np.float64),
                labels=np.array([row[0].strip() for row in rows]) if labelled else None,
                facts=facts,
            )


def _facts(found: Mapping[str, Any]) -> dict[str, float]:
    for name in _NEEDED:
        if name not in found:
            raise AbsentError(name)
    facts = {name: float(found[name]) for name in _FACTS if name in found}
    baseline, full_scale = facts["baseline_samples"], facts.get("full_scale", 0.0)
    if not baseline.is_integer():
        raise ValueError(f"baseline_samples is {baseline}, but must be a whole number")
    if not math.isfinite(full_scale):
        raise ValueError(f"full_scale is {full_scale}, but must be finite, or left out")
    return facts


def _compare(waveforms: tuple[int, ...], labels: tuple[int, ...] | None) -> None:
    if len(waveforms) != 2:  # noqa: PLR2004 - pulse and time
        raise ValueError(f"waveforms have shape {waveforms}, not (pulses, samples)")
    if labels is not None and labels != waveforms[:1]:
        raise ValueError(f"labels have shape {labels}, but there are {waveforms[0]} waveforms")


def _array(file: zipfile.ZipFile, name: str) -> ndarray:
    with file.open(f"{name}.npy") as stream:
        array: ndarray = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read shape and type of an array, and leave the stream at its first value."""
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in read:
        raise ValueError(f"waveforms are of version {version} of the format, not 1.0 or 2.0")
    shape, by_columns, dtype = read[version](stream)
    if by_columns or dtype.hasobject:
        raise ValueError("waveforms must be numbers, stored row by row")
    return shape, dtype
