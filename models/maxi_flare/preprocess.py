"""Grey levels to network input: the one function that training and serving share.

Arrays in, arrays out: no files, no Kafka, no Keras. A sample is a 32x32 picture in grey levels,
made of one of any size by `~models.maxi_flare.picture.shrink`; the network eats it divided by 255.

The policy for dirty pictures, in order:

1. A pixel that is NaN, infinite or at least `HUGE` in size is *missing* and becomes black: no
   photon was seen there. ``missingFraction`` counts them.
2. A negative pixel becomes black; ``negativeFraction`` counts them.
3. A picture brighter than 255 or darker than `DIMMEST` throughout was not scaled to its own
   maximum as MAXI's are. It is scaled now, and ``rescaled`` is 1.
4. A picture without one usable pixel, or constant, leaves nothing to judge: it is *rejected* with
   a reason.

All of it is elementwise within a row, so a row comes out the same bit for bit whatever its
neighbours hold.
"""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from models.maxi_flare.picture import SIDE, WHITE
from models.network import FloatArray, Preprocessed

__all__ = ["DIMMEST", "HUGE", "INPUT_SHAPE", "SAMPLE_SHAPE", "preprocess"]

SAMPLE_SHAPE = (SIDE, SIDE)
"""What the pipeline hands over per event: y, x."""

INPUT_SHAPE = (SIDE, SIDE, 1)
"""What the network eats per event: y, x, channel."""

HUGE = 1e20
"""Size from which a pixel is a fill value and no brightness."""

DIMMEST = 64.0
"""Grey level that the brightest of the 32x32 pixels reaches in every picture scaled to its maximum.

The pixel next to the maximum of a 106x106 picture is at most two rows and two columns from it,
where a blob of 2.5 pixels still has 0.53 of its height.
"""


def preprocess(samples: Float32[ndarray, "batch 32 32"]) -> Preprocessed:
    """Repair and scale a batch of samples.

    Parameters
    ----------
    samples
        Grey levels from 0 to 255; they are left unchanged.

    Returns
    -------
    :
        Inputs ``(batch, 32, 32, 1)`` in [0, 1]; quality ``missingFraction`` and
        ``negativeFraction`` (shares of the pixels) and ``rescaled`` (0 or 1).
    """
    usable = np.abs(samples) < HUGE  # false for NaN
    negative = usable & (samples < 0)
    grey = np.where(usable & ~negative, samples, np.float32(0))
    top, low = grey.max(axis=(1, 2)), grey.min(axis=(1, 2))
    rescaled = (top > WHITE) | ((top < DIMMEST) & (top > 0))
    white = np.where(rescaled, top, np.float32(WHITE))
    inputs: FloatArray = (grey / white[:, None, None])[..., None].astype(np.float32, copy=False)
    rejected = {
        int(row): "the image is constant" if usable[row].any() else "the image has no usable pixel"
        for row in np.flatnonzero(top == low)
    }
    inputs[list(rejected)] = 0
    quality = {
        "missingFraction": 1 - usable.mean(axis=(1, 2), dtype=np.float32),
        "negativeFraction": negative.mean(axis=(1, 2), dtype=np.float32),
        "rescaled": rescaled.astype(np.float32),
    }
    return Preprocessed(inputs=inputs, quality=quality, rejected=rejected)
