"""Strain to network input: the one function that training and serving share.

Arrays in, arrays out. A sample is two seconds of strain of H1, L1 and V1 at 2048 Hz, noise as in
`noise_curves` (G2Net's): it is whitened by these curves and cut to 20 to 500 Hz. Strain of a running
detector goes through `buffer_whitening` instead, and comes out in the same form.

**Any subset of the three detectors will do.** A detector that is not there is zeros, in the sample
and in the input, and the network was trained with detectors left out at random. The policy for
dirty samples, in order:

1. A value that is NaN, infinite or at least `HUGE` is no strain. ``nanFraction`` and
   ``hugeFraction`` count them over the sample.
2. A detector with any such value, or with one value throughout, is *absent*: a gap of a
   millisecond, filled with anything, rings through all of its two seconds. ``missingH1``,
   ``missingL1`` and ``missingV1`` are 1 where so.
3. Without any detector the sample is *rejected*.
4. Whitened strain is cut off at `LIMIT` standard deviations; ``clippedFraction`` counts that.
5. ``offLevel`` is how far, in ln, the least fitting detector's whitened rms is outside 1/`LOUD` to
   `LOUD`: the noise is not that of the curves, and neither is the false-alarm rate.
"""

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from models.network import FloatArray, Preprocessed
from models.strain_resnet.constant_q import BINS, FRAMES, images
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.whitening import NARROW, SAMPLES, WIDE, Band, taper, whiten

__all__ = [
    "HUGE",
    "IMAGE_SHAPE",
    "LIMIT",
    "LOUD",
    "SAMPLE_SHAPE",
    "SERIES_SHAPE",
    "preprocess",
    "preprocess_images",
]

SAMPLE_SHAPE = (len(DETECTORS), SAMPLES)
"""What the pipeline hands over per event: detector, time."""

SERIES_SHAPE = (NARROW.samples, len(DETECTORS))
"""What the one-dimensional networks eat: time, detector."""

IMAGE_SHAPE = (BINS, FRAMES, len(DETECTORS))
"""What the two-dimensional networks eat: frequency, time, detector."""

HUGE = 1e-10
"""Strain of no detector on Earth; theirs is below 1e-17, low frequencies included."""

LIMIT = 100.0
"""Largest whitened strain; a merger at SNR 30 reaches about 8."""

LOUD = 1.35
"""A merger at SNR 40 in one detector gives the whole segment this rms."""


def preprocess(samples: Float32[ndarray, "batch 3 4096"]) -> Preprocessed:
    """Whiten a batch of samples for the one-dimensional networks.

    Parameters
    ----------
    samples
        Strain in the order H1, L1, V1, zeros for a detector that is absent; left unchanged.

    Returns
    -------
    :
        Inputs ``(batch, 2048, 3)``, noise of unit variance at 1024 Hz; the quality numbers of this
        module's first lines.
    """
    white, quality, rejected = _whiten(samples, NARROW)
    inputs = np.ascontiguousarray(white.transpose(0, 2, 1))
    return Preprocessed(inputs=inputs, quality=quality, rejected=rejected)


def preprocess_images(samples: Float32[ndarray, "batch 3 4096"]) -> Preprocessed:
    """Do the same for the two-dimensional networks: inputs ``(batch, 69, 129, 3)``."""
    white, quality, rejected = _whiten(samples, WIDE)
    return Preprocessed(inputs=images(white), quality=quality, rejected=rejected)


def _whiten(
    samples: Float32[ndarray, "batch 3 4096"], band: Band
) -> tuple[FloatArray, dict[str, FloatArray], dict[int, str]]:
    usable, quality = _look(samples)
    absent = ~usable
    if absent.any():
        samples = np.where(absent[:, :, None], np.float32(0), samples)
    white = whiten(samples, band)
    quality["clippedFraction"] = _share(np.abs(white) > LIMIT)
    np.clip(white, -LIMIT, LIMIT, out=white)
    level = np.sqrt((white**2).mean(axis=2) / (taper(band.samples) ** 2).mean())
    off = np.abs(np.log(np.where(absent, 1, np.maximum(level, 1e-6)))) - np.log(LOUD)
    quality["offLevel"] = np.maximum(off, 0).max(axis=1).astype(np.float32)
    for number, name in enumerate(DETECTORS):
        quality[f"missing{name}"] = absent[:, number].astype(np.float32)
    nothing = np.flatnonzero(absent.all(axis=1))
    reason = f"no detector has usable strain: {', '.join(DETECTORS)} are all absent"
    return white, quality, {int(row): reason for row in nothing}


def _look(
    samples: Float32[ndarray, "batch 3 4096"],
) -> tuple[Bool[ndarray, "batch 3"], dict[str, FloatArray]]:
    """Tell which detectors are there, and count what is no strain."""
    low, high = samples.min(axis=2), samples.max(axis=2)  # NaN goes through both
    usable = (low > -HUGE) & (high < HUGE) & (low < high)
    quality = {name: np.zeros(len(samples), np.float32) for name in ("nanFraction", "hugeFraction")}
    dirty = np.flatnonzero(~((low > -HUGE) & (high < HUGE)).all(axis=1))
    if dirty.size:
        nan = np.isnan(samples[dirty])
        quality["nanFraction"][dirty] = _share(nan)
        quality["hugeFraction"][dirty] = _share(~nan & ~(np.abs(samples[dirty]) < HUGE))
    return usable, quality


def _share(hits: Bool[ndarray, "batch 3 t"]) -> Float32[ndarray, " batch"]:
    share: Float32[ndarray, " batch"] = hits.mean(axis=(1, 2), dtype=np.float32)
    return share
