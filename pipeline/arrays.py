"""Arrays that travel as bytes, with the name of their type beside them."""

import re
from functools import lru_cache
from typing import Any

import numpy as np

from pipeline.errors import DecodeError

__all__ = ["number_type"]

_NUMBER = re.compile(r"[<>=|]?(?:f[248]|[iu][1248])")


@lru_cache
def number_type(name: str) -> np.dtype[Any]:
    """Return the NumPy type of real numbers with that name, byte order included.

    Nothing else is let through: NumPy takes names for types of objects, which bytes must never
    become.

    >>> number_type("<f4")
    dtype('float32')

    Raises
    ------
    DecodeError
        If it is none.
    """
    if not _NUMBER.fullmatch(name):
        raise DecodeError(f"numbers of unknown type {name!r}")
    return np.dtype(name)
