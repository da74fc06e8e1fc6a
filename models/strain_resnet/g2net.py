"""Folders of the G2Net competition: read segment after segment, write a submission.

::

    training_labels.csv        id,target
    train/a/b/c/abc0123456.npy float64 (3, 4096): strain of H1, L1, V1, two seconds at 2048 Hz
    test/...                   the same, without labels
    sample_submission.csv      id,target: the ids in the order of the submission

Nothing is kept: 560,000 segments are 55 GB. The competition's strain may not be redistributed.
"""

import csv
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from models.strain_resnet.preprocess import SAMPLE_SHAPE

__all__ = [
    "LISTS",
    "G2NetError",
    "G2NetSegment",
    "read_labels",
    "read_segment",
    "segment_path",
    "segments",
    "write_submission",
]

LISTS = {"train": "training_labels.csv", "test": "sample_submission.csv"}
"""Where the ids of each split are."""

_COLUMNS = ["id", "target"]

_ID = re.compile(r"[0-9a-f]{10}")


class G2NetError(ValueError):
    """A file of the folder is missing or is not what it should be; the message has file and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class G2NetSegment:
    """One file."""

    segment_id: str
    """Ten hexadecimal digits."""

    strain: Float32[ndarray, "3 4096"]
    """Strain of H1, L1 and V1."""

    label: int | None
    """1 where a signal was added, None in the test set."""


def segments(folder: Path, *, split: str = "train") -> Iterator[G2NetSegment]:
    """Yield the segments of a folder in the order of its list.

    Parameters
    ----------
    split
        ``"train"``, in the order of ``training_labels.csv``, or ``"test"``, in that of
        ``sample_submission.csv``.

    Raises
    ------
    ValueError
        If there is no such split.
    G2NetError
        When a file is reached that is missing or wrong.
    """
    if split not in LISTS:
        raise ValueError(f"split must be one of {', '.join(LISTS)}, not {split!r}")
    for segment_id, label in read_labels(folder / LISTS[split], binary=split == "train"):
        yield G2NetSegment(
            segment_id=segment_id,
            strain=read_segment(segment_path(folder, split, segment_id)),
            label=int(label) if split == "train" else None,
        )


def segment_path(folder: Path, split: str, segment_id: str) -> Path:
    """Return where the file of a segment is: three levels of folders, by its first digits."""
    return folder / split / segment_id[0] / segment_id[1] / segment_id[2] / f"{segment_id}.npy"


def read_labels(path: Path, *, binary: bool = True) -> Iterator[tuple[str, float]]:
    """Yield id and target of each line.

    Parameters
    ----------
    binary
        Whether each target must be 0 or 1, as labels are.

    Raises
    ------
    G2NetError
        If the file is missing, its header is another, or a line is wrong; it names the line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            if header != _COLUMNS:
                raise G2NetError(f"{path} begins with {header}, not with {_COLUMNS}")
            for number, line in enumerate(lines, 2):
                yield _entry(line, binary, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise G2NetError(f"{path} cannot be read: {error}") from error


def _entry(line: list[str], binary: bool, where: str) -> tuple[str, float]:
    if len(line) != len(_COLUMNS):
        raise G2NetError(f"{where} has {len(line)} values, not {len(_COLUMNS)}: {line}")
    segment_id, text = line
    if not _ID.fullmatch(segment_id):
        raise G2NetError(f"{where}: {segment_id!r} is not an id of ten hexadecimal digits")
    try:
        target = float(text)
    except ValueError as error:
        raise G2NetError(f"{where}: the target {text!r} is no number") from error
    if target not in (0, 1) if binary else not 0 <= target <= 1:
        raise G2NetError(f"{where}: the target {text!r} is not {'0 or 1' if binary else '0 to 1'}")
    return segment_id, target


def read_segment(path: Path) -> Float32[ndarray, "3 4096"]:
    """Return the strain of one file.

    Raises
    ------
    G2NetError
        If the file is missing, is no array, or has another shape or type.
    """
    try:
        with path.open("rb") as file:  # NumPy leaves it open where it takes it for an archive
            strain = np.load(file, allow_pickle=False)
    except Exception as error:  # NumPy evaluates the header, which may hold anything
        raise G2NetError(f"{path} cannot be read: {error}") from error
    if not isinstance(strain, ndarray):
        raise G2NetError(f"{path} holds several arrays, not one")
    if strain.shape != SAMPLE_SHAPE or strain.dtype.kind != "f":
        raise G2NetError(
            f"{path} holds {strain.dtype} of shape {strain.shape}, not floats of {SAMPLE_SHAPE}"
        )
    # What float32 cannot hold is no strain: see preprocess.
    with np.errstate(over="ignore", invalid="ignore"):
        single: Float32[ndarray, "3 4096"] = strain.astype(np.float32)
    return single


def write_submission(path: Path, scores: Iterable[tuple[str, float]]) -> int:
    """Write ids and the probability of a signal in the competition's form; return how many.

    The file appears when it is complete, and not before.

    Raises
    ------
    G2NetError
        If a score is no probability, or an id none or not the first of its kind.
    """
    unfinished, seen = path.with_suffix(".unfinished"), set[str]()
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(_COLUMNS)
        for segment_id, score in scores:
            if not math.isfinite(score) or not 0 <= score <= 1:
                raise G2NetError(f"{path}: the score of {segment_id} is {score}, no probability")
            if not _ID.fullmatch(segment_id) or segment_id in seen:
                raise G2NetError(f"{path}: the id {segment_id!r} is no id or came before")
            seen.add(segment_id)
            lines.writerow([segment_id, f"{score:.6g}"])
    unfinished.replace(path)
    return len(seen)
