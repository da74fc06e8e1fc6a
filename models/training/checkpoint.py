"""A checkpoint: named arrays and facts in one file, which is whole or refused.

It is written beside its place and moved there, so a kill leaves the previous one. A copy that was
cut off is found by the directory at the end of the file, a changed byte by the checksums.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

__all__ = ["Checkpoint", "CheckpointError", "read_checkpoint", "write_checkpoint"]

_FACTS = "facts"


class CheckpointError(ValueError):
    """The file is no checkpoint, or not one of this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a training between two steps."""

    arrays: Mapping[str, ndarray]

    facts: Mapping[str, Any]
    """Whatever JSON can hold."""


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint at ``path``, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    facts = np.array(json.dumps(checkpoint.facts))
    with unfinished.open("wb") as file:
        np.savez(file, **{_FACTS: facts}, **checkpoint.arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def read_checkpoint(path: Path) -> Checkpoint:
    """Return what was written.

    Raises
    ------
    CheckpointError
        If the file is cut off, damaged or something else; the message has its name.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        facts = json.loads(str(arrays.pop(_FACTS)))
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
    ) as error:
        raise CheckpointError(f"{path} is no whole checkpoint: {error}") from error
    return Checkpoint(arrays=arrays, facts=facts)
