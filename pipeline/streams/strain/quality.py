"""Data-quality bits: when the strain of a detector may be used.

State vectors of live frames (16 words a second), ``DQmask`` of GWOSC (one word a second) and
``dataQuality`` of our segments mean the same with their lowest two bits, so one rule serves all:
both must be set.

====  ==================================  ============================
bit   state vector                        ``DQmask``
====  ==================================  ============================
0     h(t) may be used                    there are data
1     observing is intended               passes category 1 of CBC
====  ==================================  ============================

No bit of hardware injections is asked for: the one of the continuous waves was off in L1 at
GW150914.

References
----------
https://gwosc.org/archive/dataset/O1/ (DQmask); the two bits are those that Aframe demands.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.strain_resnet.running import NEEDED_BITS
from pipeline.errors import DecodeError

__all__ = ["is_usable", "usable_samples"]


def is_usable(word: int) -> bool:
    """Whether a word of bits lets strain be used.

    >>> is_usable(127), is_usable(2)
    (True, False)
    """
    return word & NEEDED_BITS == NEEDED_BITS


def usable_samples(words: npt.NDArray[Any], samples: int, name: str) -> npt.NDArray[np.bool_]:
    """Return which samples may be used.

    Parameters
    ----------
    words
        Bits, evenly spaced over the strain, shape ``(words,)``. Floats are taken for whole numbers;
        one that is NaN has no bit set.
    samples
        Length of the strain, a multiple of that of the words [sample].
    name
        What holds the words, for a message.

    Returns
    -------
    :
        Shape ``(samples,)``.

    Raises
    ------
    DecodeError
        If the words do not fit the strain.
    """
    if words.ndim != 1 or words.dtype.kind not in "iuf" or not words.size or samples % words.size:
        raise DecodeError(
            f"{name} has {words.dtype} of shape {words.shape}, which does not fit {samples} samples"
        )
    if words.dtype.kind == "f":
        words = np.where(np.abs(words) < 2.0**31, words, 0)
    usable = words.astype(np.int64) & NEEDED_BITS == NEEDED_BITS
    return np.repeat(usable, samples // words.size)
