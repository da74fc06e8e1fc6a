"""Files of digitised pulses, read piece by piece: HDF5, NPZ and CSV of one layout.

==================== ======================== ====================================================
name                 shape                    meaning
==================== ======================== ====================================================
``waveforms``        ``(n, length)``          counts or volts; the pulses are positive
``labels``           ``(n,)``, optional       0 or ``x_ray``, 1 or ``gamma_ray``
``sampling_period_ns`` a number               from one sample to the next [ns]
``baseline_samples`` a whole number           samples before the pulse
``full_scale``       a number, optional       the largest count the digitiser gives
==================== ======================== ====================================================

In HDF5 the first two are datasets and the numbers attributes of the file or of ``waveforms``; in
NPZ all are arrays. A CSV begins with lines such as ``# sampling_period_ns = 100``, then has one
line per pulse: the samples, after the label if its header says that there is one. A file
whose header is not ``0,1,2`` or ``label,0,1,2`` and so on is refused: it might be a pulse.

The formats are told apart by their first bytes. No more than one piece of a file is ever in memory.
What `read_pulses` gives is as the network knows it: see `~models.xgamma_pulse.waveforms.to_samples`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int8
from numpy import ndarray

from models.xgamma_pulse.pulse_sources import AbsentError, Piece, read_csv, read_hdf5, read_npz
from models.xgamma_pulse.waveforms import SAMPLES, to_samples

__all__ = ["PulseFileError", "PulsePiece", "is_pulse_file", "read_pieces", "read_pulses"]

_READERS = {b"\x89HDF\r\n\x1a\n": read_hdf5, b"PK\x03\x04": read_npz, b"#": read_csv}
"""By the first bytes. A CSV must begin with a comment, since it must say how it was sampled."""

_BEGINNING = max(map(len, _READERS))

_LABELS: Mapping[str, int] = {"0": 0, "1": 1, "x_ray": 0, "gamma_ray": 1}


class PulseFileError(ValueError):
    """The file is not laid out as this module says; the message has its name and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PulsePiece:
    """Some pulses of a file, in its order."""

    first: int
    """Number of the first of them in the file, from 0."""

    samples: Float32[ndarray, "n 200"]
    """For `~models.xgamma_pulse.preprocess.preprocess`."""

    labels: Int8[ndarray, " n"] | None
    """1 for a gamma ray, 0 for an X-ray; None if the file has none."""


def is_pulse_file(data: bytes) -> bool:
    """Whether it begins like a file of one of the three formats."""
    return data.startswith(tuple(_READERS))


def read_pieces(file: BufferedIOBase, name: str, size: int = 1024) -> Iterator[Piece]:
    """Yield the pulses of a file as they are in it, at most ``size`` at a time.

    Parameters
    ----------
    file
        Open at its first byte.
    name
        What to call it in errors.

    Raises
    ------
    PulseFileError
        If the file is of another kind, damaged, or laid out otherwise.
    """
    beginning = file.read(_BEGINNING)
    file.seek(0)
    reader = next((read for first, read in _READERS.items() if beginning.startswith(first)), None)
    if reader is None:
        raise PulseFileError(f"{name} is none of HDF5, NPZ and CSV that says how it was sampled")
    first = 0
    try:
        for piece in reader(file, size):
            _check(piece)
            yield piece
            first += len(piece.waveforms)
    except AbsentError as error:
        raise PulseFileError(f"{name} has no {error}") from error
    except Exception as error:  # a damaged file can raise anything, some of it without a message
        raise PulseFileError(f"{name}, after pulse {first}: {str(error) or repr(error)}") from error
    if not first:
        raise PulseFileError(f"{name} holds no pulse")


def read_pulses(path: Path, size: int = 1024) -> Iterator[PulsePiece]:
    """Yield the pulses of a file as the network knows them, at most ``size`` at a time.

    Raises
    ------
    PulseFileError
        If the file is of another kind, damaged, or laid out otherwise.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise PulseFileError(f"{path} does not exist") from error
    except OSError as error:
        raise PulseFileError(f"{path}: {error.strerror}") from error
    with file:
        first = 0
        for piece in read_pieces(file, str(path), size):
            try:
                converted = _convert(piece, first)
            except ValueError as error:
                raise PulseFileError(f"{path}, after pulse {first}: {error}") from error
            yield converted
            first += len(piece.waveforms)


def _check(piece: Piece) -> None:
    if piece.waveforms.ndim != 2:  # noqa: PLR2004 - pulse and time
        raise ValueError(f"waveforms have shape {piece.waveforms.shape}, not (pulses, samples)")
    if piece.waveforms.dtype.kind not in "iuf":
        raise ValueError(f"waveforms are {piece.waveforms.dtype}, not numbers")
    baseline, length = piece.facts["baseline_samples"], piece.waveforms.shape[1]
    if not 0 <= baseline < length:
        raise ValueError(f"baseline_samples is {baseline:g}, but a waveform has {length} samples")


def _convert(piece: Piece, first: int) -> PulsePiece:
    facts = piece.facts
    samples = to_samples(
        piece.waveforms,
        period_ns=facts["sampling_period_ns"],
        baseline=int(facts["baseline_samples"]),
        full_scale=facts.get("full_scale"),
    )
    assert samples.shape == (len(piece.waveforms), SAMPLES)  # noqa: S101 - cannot happen
    labels = None if piece.labels is None else _to_labels(piece.labels, len(samples))
    return PulsePiece(first=first, samples=samples, labels=labels)


def _to_labels(labels: ndarray, n: int) -> Int8[ndarray, " n"]:
    if labels.shape != (n,):
        raise ValueError(f"labels have shape {labels.shape}, but there are {n} waveforms")
    if labels.dtype.kind in "iufb":
        words = [f"{label:g}" for label in labels.astype(float)]
    else:
        words = [label.decode() if isinstance(label, bytes) else str(label) for label in labels]
    unknown = next((word for word in words if word not in _LABELS), None)
    if unknown is not None:
        raise ValueError(f"a label is {unknown!r}, but must be one of {', '.join(_LABELS)}")
    return np.array([_LABELS[word] for word in words], np.int8)
