"""Read the chunk files of Deep-HiTS: pickles of Python 2 that hold arrays, and nothing else.

A pickle can run any program, so ours is read by an unpickler that knows NumPy arrays and refuses
every other name it meets, before it is looked up. Python 2 wrote bytes as text, which is why the
encoding is ``latin1``. Files are read one after another, never all at once: a chunk of 50,000
candidates takes 350 MB.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int8
from numpy import ndarray

from models.deep_hits.stamps import SIDE

__all__ = ["Chunk", "ChunkError", "chunk_files", "read_chunk"]

_IMAGES = ("temp_images", "sci_images", "diff_images", "SNR_images")


class ChunkError(ValueError):
    """The file is no chunk of candidates, or does more than hold arrays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The candidates of one file."""

    samples: Float32[ndarray, "n 4 21 21"]
    """Template, science, difference and SNR difference, in the units of the file."""

    labels: Int8[ndarray, " n"]
    """1 for a real transient, 0 for an artefact."""

    snr: Float32[ndarray, " n"]
    """Signed; NaN where the file does not say."""


def chunk_files(path: Path) -> list[Path]:
    """Return the chunks of a folder in the order of their names, or the file itself.

    Raises
    ------
    ChunkError
        If the folder has none.
    """
    if path.is_file():
        return [path]
    found = sorted(path.glob("*.pkl"))
    if not found:
        raise ChunkError(f"{path} holds no chunk, which would be called chunk_<i>_<size>.pkl")
    return found


def read_chunk(path: Path) -> Chunk:
    """Read one file.

    Raises
    ------
    ChunkError
        If the pickle holds anything but arrays, is cut off, or lacks a key; the message has the
        file and what is wrong.
    """
    try:
        with path.open("rb") as file:
            content = _Arrays(file, encoding="latin1").load()
    except _ForbiddenError as error:
        raise ChunkError(f"{path} wants {error}, and a chunk holds nothing but arrays") from error
    except Exception as error:  # a pickle that is no pickle can raise anything
        raise ChunkError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ChunkError(f"{path} holds a {type(content).__name__}, not a dict of arrays")
    labels = _column(path, content, "labels", None)
    n = len(labels)
    samples = np.stack([_column(path, content, name, (n, SIDE * SIDE)) for name in _IMAGES], axis=1)
    snr = _column(path, content, "SNRs", (n,)) if "SNRs" in content else np.full(n, np.nan)
    if not np.isin(labels, (0, 1)).all():
        raise ChunkError(f"{path}: labels are 0 or 1, not {np.unique(labels)[:5]}")
    return Chunk(
        samples=samples.reshape(n, len(_IMAGES), SIDE, SIDE).astype(np.float32),
        labels=labels.astype(np.int8),
        snr=snr.astype(np.float32),
    )


def _column(
    path: Path, content: dict[Any, Any], name: str, shape: tuple[int, ...] | None
) -> ndarray:
    found = content.get(name)
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        raise ChunkError(f"{path} has no array of numbers called {name!r}")
    if (shape is None and found.ndim != 1) or (shape is not None and found.shape != shape):
        raise ChunkError(f"{path}: {name} has shape {found.shape}, not {shape or '(n,)'}")
    return found


class _ForbiddenError(Exception):
    """The pickle asked for something that is no array."""


def _empty(kind: type, *_shape_and_code: object) -> ndarray:
    """Make the array that the next instructions of the pickle fill, and never a big one."""
    if kind is not np.ndarray:
        raise _ForbiddenError(f"an array of type {kind}")
    return np.ndarray.__new__(np.ndarray, (0,), "b")


def _bytes_of(text: str, encoding: str) -> bytes:
    """Turn text back into bytes, as pickles of Python 3 with an old protocol do."""
    return text.encode({"latin1": "latin1", "latin-1": "latin1"}[encoding])


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _empty,
    ("numpy._core.multiarray", "_reconstruct"): _empty,
    ("_codecs", "encode"): _bytes_of,
}
"""All that a pickle of arrays needs."""


class _Arrays(pickle.Unpickler):
    """An unpickler that looks nothing up."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _KNOWN[module_name, global_name]
        except KeyError:
            raise _ForbiddenError(f"{module_name}.{global_name}") from None
