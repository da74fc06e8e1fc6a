"""The layers of Deep-HiTS arch7, and nothing else.

The same convolutions see an image in four orientations: its rotations by 0, 90, 180 and 270
degrees follow one another on the batch axis, and their features are concatenated per sample in
that order. The network is therefore *almost* invariant under rotation: turning the input permutes
the four feature blocks, and only the dense layers can tell their order.

Notes
-----
The original works channels first and flips its kernels (a true convolution); ours is channels
last and correlates. A network trained from the start cannot tell.

References
----------
Cabrera-Vives et al. 2017, ApJ 836, 97: Deep-HiTS, arXiv:1701.00458.

Reyes et al. 2018, IJCNN: Enhanced Deep-HiTS, cyclic average pooling, arXiv:1808.03626.
"""

import math
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
from keras import layers, ops

__all__ = ["FEATURES", "Settings", "build"]

FEATURES = "features"
"""Name of the layer that holds the four blocks of features, side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters. The defaults are those of arch7 and of the published weights."""

    side: int = 21
    """Side of a stamp [pixel]."""

    channels: int = 4
    """Template, science, difference and SNR difference."""

    rotations: int = 4
    """Orientations that the convolutions see: 4, or 1 for the first stage of training."""

    padding: int = 3
    """Rows and columns of zeros on every side before the first convolution [pixel]."""

    stem: tuple[int, int] = (32, 4)
    """Filters and kernel side of the first convolution."""

    blocks: tuple[tuple[int, ...], ...] = ((32,), (64, 64, 64))
    """Filters of the 3x3 convolutions; a 2x2 max-pool ends each block."""

    units: tuple[int, ...] = (64, 64)
    """Widths of the dense layers."""

    activation: Literal["leaky_relu", "ReLU", "tanh"] = "leaky_relu"
    """As Deep-HiTS spells them."""

    slope: float = 0.01
    """Slope of the leaky rectifier below zero."""

    pooled: bool = False
    """Whether the dense layers see one rotation at a time and the mean of what they say counts,
    which makes the network exactly invariant (Enhanced Deep-HiTS)."""

    dropout: float = 0.5
    """Share of the units left out after each dense layer in training."""

    classes: int = 2


def _rotations(image: keras.KerasTensor, count: int) -> keras.KerasTensor:
    """Put the rotations of ``(batch, y, x, c)`` one after another, as ``numpy.rot90`` turns.

    One gather of pixels: as flips and transposes they took a third of the time of the network.
    """
    _, height, width, channels = image.shape
    pixels = np.arange(height * width).reshape(height, width)
    order = np.concatenate([np.rot90(pixels, turns).ravel() for turns in range(count)])
    seen = ops.take(ops.reshape(image, (-1, height * width, channels)), order, axis=1)
    return ops.reshape(seen, (-1, height, width, channels))


def _activate(x: keras.KerasTensor, settings: Settings) -> keras.KerasTensor:
    if settings.activation == "leaky_relu":
        return layers.LeakyReLU(negative_slope=settings.slope)(x)
    return layers.Activation({"ReLU": "relu", "tanh": "tanh"}[settings.activation])(x)


def build(settings: Settings | None = None) -> keras.Model:
    """Return the untrained network.

    Parameters
    ----------
    settings
        Hyperparameters; those of arch7 if left out.

    Returns
    -------
    :
        Input ``stamps``: ``(batch, side, side, channels)`` from
        `~models.deep_hits.preprocess.preprocess`. Output ``probabilities``:
        ``(batch, classes)``, rows summing to 1, the positive class last.
    """
    settings = settings or Settings()
    kernel = {
        "kernel_initializer": "glorot_uniform" if settings.activation == "tanh" else "he_normal"
    }
    stamps = keras.Input((settings.side, settings.side, settings.channels), name="stamps")
    seen = _rotations(stamps, settings.rotations)
    x = layers.ZeroPadding2D(settings.padding)(seen)
    filters, side = settings.stem
    x = _activate(layers.Conv2D(filters, side, **kernel)(x), settings)
    for block in settings.blocks:
        for number, filters in enumerate(block, 1):
            x = layers.Conv2D(filters, 3, padding="same", **kernel)(x)
            x = _activate(x, settings)  # as after the pool, but one step with the convolution
            if number == len(block):
                x = layers.MaxPooling2D(2)(x)
    together = 1 if settings.pooled else settings.rotations
    features = together * math.prod(x.shape[1:])
    x = layers.Identity(name=FEATURES)(ops.reshape(x, (-1, features)))
    for units in settings.units:
        x = _activate(layers.Dense(units, **kernel)(x), settings)
        x = layers.Dropout(settings.dropout)(x)
    if settings.pooled:
        x = ops.mean(ops.reshape(x, (-1, settings.rotations, x.shape[-1])), axis=1)
    last = {"kernel_initializer": "zeros"} if settings.activation == "tanh" else kernel
    logits = layers.Dense(settings.classes, **last, name="logits")(x)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    return keras.Model(stamps, probabilities, name="deep_hits")
