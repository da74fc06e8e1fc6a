"""Waveforms to network input: the one function that training and serving share.

Arrays in, arrays out: no Avro, no Kafka, no Keras. A sample is a waveform of 200 samples, one every
100 ns, the pulse positive and beginning at sample 40; `~models.xgamma_pulse.waveforms.to_samples`
makes one of any other. Its baseline is subtracted, and it is divided to zero mean and unit variance
by itself, as LSTM-FCN does: what is left is its shape and how much of it is noise. (Taking off the
mean takes off the baseline too; subtracting it first keeps the digits of float32.)

The policy for bad waveforms, in order:

1. Samples that are infinite or at least `HUGE` in size are *saturated*: they take the largest (or
   smallest) of the others. A top that is flat for `FLAT_TOP` samples or more was clipped by a
   digitiser whose range nobody told; it stays as it is. ``saturatedFraction`` counts both.
2. Samples that are NaN are *missing*. At either end the waveform is too short; it is prolonged by
   its first and last sample, which ``paddedFraction`` counts. In between they are interpolated,
   which ``nanFraction`` counts.
3. A waveform with less than half of its samples, that is saturated for more than half, or that is
   constant holds nothing to judge: it is *rejected* with a reason.

A clean batch takes none of these branches, and a row comes out the same bit for bit whatever its
neighbours hold.
"""

import numpy as np
from jaxtyping import Float32, Int
from numpy import ndarray

from models.network import FloatArray, Preprocessed
from models.xgamma_pulse.waveforms import SAMPLES, TRIGGER

__all__ = ["FLAT_TOP", "HUGE", "INPUT_SHAPE", "SAMPLE_SHAPE", "preprocess"]

SAMPLE_SHAPE = (SAMPLES,)
"""What the pipeline hands over per event."""

INPUT_SHAPE = (SAMPLES, 1)
"""What the network eats per event: time, channel."""

HUGE = np.float32(1e9)
"""A sample of at least this size is a mark, not a voltage or a count."""

FLAT_TOP = 16
"""Samples that are exactly the largest one, of a waveform that was clipped: noise never repeats so."""

_BASELINE = TRIGGER - 8
"""Samples before any pulse."""

_ENOUGH = SAMPLES // 2
"""Samples that must be there, and must not be saturated."""

_QUALITY = ("nanFraction", "paddedFraction", "saturatedFraction")


def preprocess(samples: Float32[ndarray, "batch 200"]) -> Preprocessed:
    """Repair, centre and scale a batch of waveforms.

    Parameters
    ----------
    samples
        Counts or volts; they are left unchanged.

    Returns
    -------
    :
        Inputs ``(batch, 200, 1)`` of zero mean and unit variance; quality ``nanFraction``,
        ``paddedFraction`` and ``saturatedFraction``, shares of the 200 samples.
    """
    quality = {name: np.zeros(len(samples), np.float32) for name in _QUALITY}
    rejected: dict[int, str] = {}
    with np.errstate(invalid="ignore"):  # NaN goes through min and max, which is how we find it
        low, high = samples.min(axis=1), samples.max(axis=1)
        dirty = np.flatnonzero(~((low > -HUGE) & (high < HUGE)))
    if dirty.size:
        samples = samples.copy()
        samples[dirty] = _repair(samples[dirty], dirty, quality, rejected)
        low[dirty], high[dirty] = samples[dirty].min(axis=1), samples[dirty].max(axis=1)
    top = (samples == high[:, None]).sum(axis=1)
    constant = low == high
    clipped = np.flatnonzero((top >= FLAT_TOP) & ~constant)
    if clipped.size:
        share = (top[clipped] / SAMPLES).astype(np.float32)
        quality["saturatedFraction"][clipped] = np.maximum(
            quality["saturatedFraction"][clipped], share
        )
        _reject(rejected, clipped[top[clipped] > _ENOUGH], "is saturated for more than its half")
    _reject(rejected, np.flatnonzero(constant), "is constant")
    inputs = _scale(samples, constant)
    if rejected:
        inputs[list(rejected)] = 0
    return Preprocessed(inputs=inputs[:, :, None], quality=quality, rejected=rejected)


def _scale(samples: Float32[ndarray, "batch 200"], constant: ndarray) -> FloatArray:
    """Subtract baseline and mean, and divide by the standard deviation."""
    pulses = samples - samples[:, :_BASELINE].mean(axis=1, keepdims=True)
    pulses -= pulses.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.square(pulses).mean(axis=1))
    spread[constant | (spread == 0)] = 1
    pulses /= spread[:, None]
    scaled: FloatArray = pulses
    return scaled


def _repair(
    pulses: Float32[ndarray, "dirty 200"],
    dirty: Int[ndarray, " dirty"],
    quality: dict[str, FloatArray],
    rejected: dict[int, str],
) -> Float32[ndarray, "dirty 200"]:
    """Return the dirty waveforms without marks; count what was done, reject what is hopeless."""
    nan = np.isnan(pulses)
    saturated = ~nan & ~(np.abs(pulses) < HUGE)
    there = ~nan
    first, last = there.argmax(axis=1), SAMPLES - 1 - there[:, ::-1].argmax(axis=1)
    at = np.arange(SAMPLES)
    padded = (at < first[:, None]) | (at > last[:, None]) | ~there.any(axis=1, keepdims=True)
    quality["paddedFraction"][dirty] = padded.mean(axis=1)
    quality["nanFraction"][dirty] = (nan & ~padded).mean(axis=1)
    quality["saturatedFraction"][dirty] = saturated.mean(axis=1)
    _reject(rejected, dirty[nan.sum(axis=1) > SAMPLES - _ENOUGH], "is missing more than its half")
    _reject(rejected, dirty[saturated.sum(axis=1) > _ENOUGH], "is saturated for more than its half")
    usable = there & ~saturated
    with np.errstate(invalid="ignore"):
        low = np.where(usable, pulses, np.inf).min(axis=1, keepdims=True)
        high = np.where(usable, pulses, -np.inf).max(axis=1, keepdims=True)
        pulses = np.where(saturated, np.where(pulses > 0, high, low), pulses)
    pulses[~usable.any(axis=1)] = 0  # rejected above: it has too few samples, or all saturated
    return _interpolate(pulses, np.isnan(pulses))


def _interpolate(pulses: ndarray, missing: ndarray) -> Float32[ndarray, "dirty 200"]:
    """Join the neighbours of missing samples by a line; prolong the ends."""
    at = np.arange(SAMPLES)
    before = np.maximum.accumulate(np.where(missing, -1, at), axis=1)
    after = np.minimum.accumulate(np.where(missing, SAMPLES, at)[:, ::-1], axis=1)[:, ::-1]
    before, after = np.where(before < 0, after, before), np.where(after == SAMPLES, before, after)
    rows = np.arange(len(pulses))[:, None]
    left, right = pulses[rows, before], pulses[rows, after]
    part = (at - before) / np.maximum(after - before, 1)
    filled: Float32[ndarray, "dirty 200"] = (left + (right - left) * part).astype(np.float32)
    return filled


def _reject(rejected: dict[int, str], rows: ndarray, why: str) -> None:
    """Note why a row is rejected, unless something worse was noted before."""
    for row in rows:
        rejected.setdefault(int(row), f"the waveform {why}")
