"""Where Deep-HiTS takes its candidates from: the two data interfaces over folders of chunks.

``directory`` has a folder each for training, validation and test; ``random`` has one, whose files
are shuffled and given to training, validation and test in turn until each has enough. Within a
file nothing is shuffled: the order is the same in every epoch, as in the original.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

import numpy as np
from numpy import ndarray

from models.deep_hits.chunks import ChunkError, chunk_files, read_chunk
from models.deep_hits.parameters import Parameters
from models.deep_hits.preprocess import preprocess

__all__ = ["Batch", "Files", "batches", "find_files", "load_rows"]

_FOLDERS = ("chunks_train", "chunks_validate", "chunks_test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The chunks of each set."""

    train: Sequence[Path]
    validate: Sequence[Path]
    test: Sequence[Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A mini-batch, and the epoch it belongs to."""

    inputs: ndarray
    """``(batch, 21, 21, 4)``, float32."""

    labels: ndarray
    snr: ndarray
    epoch: int


def find_files(parameters: Parameters, seed: int = 0) -> Files:
    """Divide the chunks as the data interface says.

    Raises
    ------
    ChunkError
        If there are too few.
    """
    folder = parameters.path_to_chunks
    if parameters.data_interface == "directory":
        train, validate, test = (chunk_files(folder / name) for name in _FOLDERS)
        return Files(train=train, validate=validate, test=test)
    shuffled = chunk_files(folder)
    np.random.default_rng(seed).shuffle(shuffled)
    wanted = (parameters.n_train, parameters.n_valid, parameters.n_test)
    parts: list[list[Path]] = [[], [], []]
    remaining = iter(shuffled)
    for part, needed in zip(parts, wanted, strict=True):
        count = 0
        while count < needed:
            file = next(remaining, None)
            if file is None:
                raise ChunkError(
                    f"{folder} holds too few candidates for {' + '.join(map(str, wanted))}"
                )
            count += len(read_chunk(file).labels)
            part.append(file)
    train, validate, test = parts
    return Files(train=train, validate=validate, test=test)


def batches(files: Sequence[Path], parameters: Parameters, first: int = 0) -> Iterator[Batch]:
    """Yield mini-batches for ever, from one on; the epoch grows when the first file comes again.

    Of every file the first ``n_cand_chunk`` candidates are used, in whole batches; a shorter rest
    is left out, as in the original.

    Raises
    ------
    ChunkError
        If no file has a whole batch, or a candidate leaves nothing to judge (the original
        divides by zero there).
    """
    number, epoch, size = 0, 0, parameters.batch_size
    while True:
        before = number
        for file in files:
            chunk = read_chunk(file)
            used = min(len(chunk.labels), parameters.n_cand_chunk)
            whole = used // size
            for part in range(max(0, first - number), whole):
                rows = slice(part * size, (part + 1) * size)
                made = preprocess(chunk.samples[rows])
                if made.rejected:
                    row, reason = min(made.rejected.items())
                    raise ChunkError(f"{file}, row {rows.start + row}: {reason}")
                yield Batch(
                    inputs=made.inputs,
                    labels=chunk.labels[rows].astype(np.int64),
                    snr=chunk.snr[rows],
                    epoch=epoch,
                )
            number += whole
        if number == before:
            raise ChunkError(f"no file has a batch of {size}: {', '.join(map(str, files))}")
        epoch += 1


def load_rows(files: Sequence[Path], parameters: Parameters, n: int) -> tuple[ndarray, ...]:
    """Return inputs, labels and SNR of ``n // batch_size`` mini-batches, as a validation has.

    Raises
    ------
    ChunkError
        As `batches` does; or if that is no batch, or more than the files have.
    """
    size = parameters.batch_size
    wanted = n // size
    if not wanted:
        raise ChunkError(f"{n} candidates are less than a batch of {size}")
    first = takewhile(lambda batch: not batch.epoch, batches(files, parameters))
    parts = [(batch.inputs, batch.labels, batch.snr) for batch in islice(first, wanted)]
    if len(parts) < wanted:
        raise ChunkError(
            f"{len(files)} chunks of {files[0].parent} have {len(parts) * size} candidates"
            f" in batches of {size}, not {n}"
        )
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
