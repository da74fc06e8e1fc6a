"""Waveforms of any digitiser to the samples that the network knows: 200, one every 100 ns.

Why these numbers: the longest time that tells the classes apart is the slow light of CsI(Tl),
3.3 us, and the shortest is the drift in silicon, 0.05 to 0.3 us. 16 us after the trigger hold
99 % of the light, 4 us before it a baseline, and at 100 ns a step is still a step. 200 is also the
length for which LSTM-FCN's parameters are published.

The trigger, the sample at which the pulse begins, lands on sample `TRIGGER`. A faster digitiser is
averaged over each 100 ns, which keeps what its samples know of the noise; a slower one, down to
`SLOWEST_NS`, is interpolated. What the waveform does not cover is NaN, and a count at the end of
the digitiser's range is infinite: `preprocess` knows what to do with both.
"""

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

from models.network import FloatArray

__all__ = ["PERIOD_NS", "SAMPLES", "SLOWEST_NS", "TRIGGER", "to_samples"]

SAMPLES = 200
"""Samples of a waveform, 20 us in all."""

PERIOD_NS = 100.0
"""Time from one sample to the next [ns]."""

TRIGGER = 40
"""The sample at which the pulse begins, after a baseline of 4 us."""

SLOWEST_NS = 400.0
"""Longest sampling period accepted [ns]: above it, a step and a fast scintillation look alike."""

_ROUNDING = 1e-6
"""Part of a sample that is no more than an error of rounding."""


def to_samples(
    waveforms: Shaped[ndarray, "batch length"],
    *,
    period_ns: float,
    baseline: int,
    full_scale: float | None = None,
) -> FloatArray:
    """Bring waveforms to `SAMPLES` samples of `PERIOD_NS`.

    Parameters
    ----------
    waveforms
        Counts or volts, ``(batch, length)``, of positive pulses.
    period_ns
        Sampling period [ns].
    baseline
        Samples before the pulse.
    full_scale
        The largest value that the digitiser can give; samples that reach it become infinite.

    Returns
    -------
    :
        Shape ``(batch, SAMPLES)``, in the units that came.

    Raises
    ------
    ValueError
        If the period is not between 1 and `SLOWEST_NS`, or the baseline is not in the waveform.

    Examples
    --------
    >>> ramp = np.arange(1600.0)[None]
    >>> samples = to_samples(ramp, period_ns=12.5, baseline=320)
    >>> samples[0, :3]
    array([ 3.5, 11.5, 19.5], dtype=float32)
    """
    length = waveforms.shape[1]
    if not 1 <= period_ns <= SLOWEST_NS:
        raise ValueError(
            f"the sampling period is {period_ns} ns, but must be from 1 to {SLOWEST_NS} ns"
        )
    if not 0 <= baseline < length:
        raise ValueError(f"the baseline is {baseline} samples of a waveform that has {length}")
    samples = waveforms.astype(np.float32)
    if full_scale is not None:
        samples[samples >= full_scale] = np.inf
    ratio = PERIOD_NS / period_ns
    if ratio == 1:
        return _cut(samples, baseline - TRIGGER, SAMPLES)
    if ratio.is_integer():
        return _average_whole(samples, baseline - TRIGGER * int(ratio), int(ratio))
    edges = baseline + (np.arange(SAMPLES + 1) - TRIGGER) * ratio
    if ratio > 1:
        return _average(samples, edges)
    return _interpolate(samples, edges[:-1])


def _cut(samples: Float32[ndarray, "batch length"], first: int, length: int) -> FloatArray:
    """Cut ``length`` samples from ``first`` on, which may be negative; NaN outside."""
    if first == 0 and samples.shape[1] == length:  # what our own simulator sends
        return samples
    cut = np.full((len(samples), length), np.nan, np.float32)
    begin, end = max(first, 0), min(first + length, samples.shape[1])
    if end > begin:
        cut[:, begin - first : end - first] = samples[:, begin:end]
    return cut


def _average_whole(samples: Float32[ndarray, "batch length"], first: int, ratio: int) -> FloatArray:
    """Average each ``ratio`` samples from ``first`` on.

    What `_average` does where no sample is cut, in a sixth of the time; most digitisers are so.
    """
    pieces = _cut(samples, first, SAMPLES * ratio).reshape(len(samples), SAMPLES, ratio)
    with np.errstate(invalid="ignore"):  # an infinite sample beside one that is minus infinity
        averaged: FloatArray = pieces.mean(axis=2, dtype=np.float64).astype(np.float32)
    return averaged


def _average(samples: Float32[ndarray, "batch length"], edges: ndarray) -> FloatArray:
    """Average between the edges, which may cut samples; NaN where an edge is outside.

    A NaN or infinite sample spoils only the averages that it takes part in.
    """
    length = samples.shape[1]
    inside = (edges[:-1] >= -_ROUNDING) & (edges[1:] <= length + _ROUNDING)
    averaged = np.full((len(samples), len(edges) - 1), np.nan, np.float32)
    usable = np.isfinite(samples)
    total = _integral(np.where(usable, samples, 0), edges)
    averaged[:, inside] = (np.diff(total, axis=1) / np.diff(edges))[:, inside]
    for bad, mark in ((np.isinf(samples), np.inf), (np.isnan(samples), np.nan)):
        if bad.any():
            averaged[(np.diff(_integral(bad, edges), axis=1) > _ROUNDING) & inside] = mark
    return averaged


def _integral(samples: Shaped[ndarray, "batch length"], edges: ndarray) -> ndarray:
    """Integrate from the start of each waveform to each edge, in float64."""
    length = samples.shape[1]
    total = np.zeros((len(samples), length + 1))
    np.cumsum(samples, axis=1, out=total[:, 1:])
    clipped = np.clip(edges, 0, length)
    below = np.minimum(clipped.astype(int), length - 1)
    part = clipped - below
    integral: ndarray = total[:, below] * (1 - part) + total[:, below + 1] * part
    return integral


def _interpolate(samples: Float32[ndarray, "batch length"], at: ndarray) -> FloatArray:
    """Interpolate linearly between samples; NaN outside."""
    length = samples.shape[1]
    inside = (at >= 0) & (at <= length - 1)
    below = np.clip(at.astype(int), 0, max(length - 2, 0))
    above = np.minimum(below + 1, length - 1)
    part = np.clip(at - below, 0, 1).astype(np.float32)
    with np.errstate(invalid="ignore"):  # between a saturated sample and another
        interpolated = samples[:, below] * (1 - part) + samples[:, above] * part
    saturated = np.isinf(samples)
    if saturated.any():
        touched = (saturated[:, below] & (part < 1)) | (saturated[:, above] & (part > 0))
        interpolated[touched] = np.inf
    interpolated[:, ~inside] = np.nan
    filled: FloatArray = interpolated.astype(np.float32)
    return filled
