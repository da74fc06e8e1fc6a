"""Stamps to network input: the one function that training and serving share.

Arrays in, arrays out: no Avro, no Kafka, no Keras. A sample is four 21x21 stamps in the order
`CHANNELS`. Each stamp of each sample is scaled to [0, 1] by itself, as Deep-HiTS does.

The policy for dirty stamps, in order:

1. A pixel that is NaN, infinite or at least `HUGE` in size is *missing*: it takes the median of
   the rest of its stamp. ``nanFraction`` and ``hugeFraction`` count them over the whole sample.
2. An SNR-difference stamp that is NaN throughout means that the packet had none: it is derived
   from the other three by `~models.deep_hits.stamps.snr_difference`. That is no defect.
3. A constant stamp becomes zeros (the original divides by zero there). ``constantStamps`` counts
   them. The template and the SNR difference may be constant.
4. A template, science or difference without one usable pixel, or a constant science or
   difference, leaves nothing to judge: the sample is *rejected* with a reason.

A clean batch takes none of these branches. The scaling is elementwise, so a row comes out the
same bit for bit whatever its neighbours hold.
"""

import numpy as np
from jaxtyping import Bool, Float32, Int
from numpy import ndarray

from models.deep_hits.stamps import HUGE, SIDE, snr_difference
from models.network import FloatArray, Preprocessed

__all__ = ["CHANNELS", "INPUT_SHAPE", "SAMPLE_SHAPE", "preprocess"]

CHANNELS = ("template", "science", "difference", "SNR difference")

SAMPLE_SHAPE = (len(CHANNELS), SIDE, SIDE)
"""What the pipeline hands over per event: channel, y, x."""

INPUT_SHAPE = (SIDE, SIDE, len(CHANNELS))
"""What the network eats per event: y, x, channel."""

_SNR = CHANNELS.index("SNR difference")
_NEEDED = (CHANNELS.index("science"), CHANNELS.index("difference"))


def preprocess(samples: Float32[ndarray, "batch 4 21 21"]) -> Preprocessed:
    """Scale, repair and transpose a batch of samples.

    Parameters
    ----------
    samples
        Stamps in the order `CHANNELS`, in the units of the survey; they are left unchanged.

    Returns
    -------
    :
        Inputs ``(batch, 21, 21, 4)`` in [0, 1]; quality ``nanFraction`` and ``hugeFraction``
        (shares of the sample's pixels) and ``constantStamps`` (a number from 0 to 4).
    """
    stamps = samples.reshape(len(samples), len(CHANNELS), SIDE * SIDE)
    with np.errstate(invalid="ignore"):  # NaN goes through min and max, which is how we find it
        low, high = stamps.min(axis=2), stamps.max(axis=2)
        clean = ((low > -HUGE) & (high < HUGE)).all(axis=1)
    quality = {
        name: np.zeros(len(samples), np.float32)
        for name in ("nanFraction", "hugeFraction", "constantStamps")
    }
    rejected: dict[int, str] = {}
    dirty = np.flatnonzero(~clean)
    if dirty.size:
        stamps = stamps.copy()
        empty = _repair(stamps, dirty, quality)
        low[dirty], high[dirty] = stamps[dirty].min(axis=2), stamps[dirty].max(axis=2)
        rejected.update(_reasons(dirty, empty, "has no usable pixel"))
    constant = low == high
    if constant.any():
        quality["constantStamps"] += constant.sum(axis=1, dtype=np.float32)
        rows = np.flatnonzero(constant[:, _NEEDED].any(axis=1))
        needed = constant[rows] & np.isin(np.arange(len(CHANNELS)), _NEEDED)
        rejected = _reasons(rows, needed, "is constant") | rejected
    inputs = _scale(stamps, low, high)
    if rejected:
        inputs[list(rejected)] = 0
    return Preprocessed(inputs=inputs, quality=quality, rejected=rejected)


def _scale(
    stamps: Float32[ndarray, "batch 4 441"],
    low: Float32[ndarray, "batch 4"],
    high: Float32[ndarray, "batch 4"],
) -> FloatArray:
    """Scale each stamp to [0, 1] and move the channels last; a constant stamp becomes zeros."""
    width = np.where(high > low, high - low, np.float32(1))
    shifted = stamps - low[:, :, None]
    scaled = np.empty((len(stamps), SIDE * SIDE, len(CHANNELS)), np.float32)
    np.divide(shifted, width[:, :, None], out=scaled.transpose(0, 2, 1))  # divides and transposes
    inputs: FloatArray = scaled.reshape(len(stamps), *INPUT_SHAPE)
    return inputs


def _repair(
    stamps: Float32[ndarray, "batch 4 441"],
    dirty: Int[ndarray, " dirty"],
    quality: dict[str, FloatArray],
) -> Bool[ndarray, "dirty 4"]:
    """Fill the missing pixels of the dirty rows in place.

    Returns
    -------
    :
        Shape ``(len(dirty), 4)``, true where template, science or difference had no usable pixel.
    """
    pixels = stamps[dirty]
    usable = np.abs(pixels) < HUGE  # false for NaN
    absent = np.isnan(pixels[:, _SNR]).all(axis=1)
    nan = np.isnan(pixels)
    nan[absent, _SNR] = False  # a channel that the packet never had is no defect
    huge = ~usable & ~np.isnan(pixels)
    quality["nanFraction"][dirty] = nan.mean(axis=(1, 2))
    quality["hugeFraction"][dirty] = huge.mean(axis=(1, 2))
    damaged = ~usable.all(axis=2)
    damaged[absent, _SNR] = False  # it is derived
    if damaged.any():
        pixels[damaged] = _fill(pixels[damaged], usable[damaged])
    if absent.any():
        pixels[absent, _SNR] = _derive(pixels[absent])
    stamps[dirty] = pixels
    empty: Bool[ndarray, "dirty 4"] = ~usable.any(axis=2)
    empty[:, _SNR] = False
    return empty


def _derive(pixels: Float32[ndarray, "rows 4 441"]) -> Float32[ndarray, "rows 441"]:
    """Estimate the SNR difference of samples that came without."""
    images = pixels.reshape(-1, len(CHANNELS), SIDE, SIDE)
    template, science, difference = images[:, 0], images[:, 1], images[:, 2]
    ratio = snr_difference(difference, science, template).reshape(len(pixels), SIDE * SIDE)
    known = np.isfinite(ratio)  # where there is no noise there is no ratio
    return ratio if known.all() else _fill(ratio, known)


def _fill(
    pixels: Float32[ndarray, "stamps 441"], usable: Bool[ndarray, "stamps 441"]
) -> Float32[ndarray, "stamps 441"]:
    """Give each unusable pixel the median of its stamp; 0 where a stamp has no usable pixel."""
    ordered = np.sort(np.where(usable, pixels, np.float32(np.inf)), axis=1)
    count = usable.sum(axis=1, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    upper = np.take_along_axis(ordered, np.minimum(count // 2, SIDE * SIDE - 1), axis=1)
    median = np.where(count > 0, lower / 2 + upper / 2, np.float32(0))
    filled: FloatArray = np.where(usable, pixels, median).astype(np.float32)
    return filled


def _reasons(rows: ndarray, faults: ndarray, what: str) -> dict[int, str]:
    """Name the first faulty channel of each row that has one."""
    return {
        int(row): f"the {CHANNELS[int(np.argmax(fault))]} stamp {what}"
        for row, fault in zip(rows, faults, strict=True)
        if fault.any()
    }
