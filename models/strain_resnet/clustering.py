"""Neighbouring windows to events: a merger is in several windows, and is one event."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

__all__ = ["APART_S", "clusters", "loudest"]

APART_S = 1.0
"""Windows above the threshold belong to one event unless so much time lies between their starts:
half of a window, so that two of them that share no more than that are two events."""


def clusters(starts_ns: Int64[ndarray, " n"]) -> list[slice]:
    """Return which of the windows above a threshold, in the order of time, belong together.

    Parameters
    ----------
    starts_ns
        Time of the first sample of each [ns GPS].

    Examples
    --------
    >>> clusters(np.array([0, 250_000_000, 5_000_000_000]))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    breaks = np.flatnonzero(np.diff(starts_ns) > APART_S * 1e9) + 1
    edges = [0, *breaks.tolist(), len(starts_ns)]
    return [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]


def loudest(
    starts_ns: Int64[ndarray, " n"], log_odds: Float64[ndarray, " n"], threshold: float
) -> Sequence[float]:
    """Return the largest log-odds of each event among windows in the order of time."""
    above = log_odds >= threshold
    ranks = log_odds[above]
    return [float(ranks[event].max()) for event in clusters(starts_ns[above])]
