"""The layers of the MAXI flare ResNet, and nothing else.

A 5x5 stem, six residual blocks of two 3x3 convolutions, a pooled head with two sigmoid outputs.
Three things differ from a ResNet of the textbooks, and are kept: every block has a 1x1
convolution in its shortcut, even where the shapes agree; nothing is activated after the sum;
and the two outputs are sigmoids, not a softmax.

The two sigmoids need not sum to 1. The original trains them with a categorical cross-entropy that
divides each by their sum, so that is what we serve: ``p_k = s_k / (s_0 + s_1)``. It is computed as
the softmax of ``log s``, which is the same number and never 0 / 0. The loss of a `keras` model that
ends in these probabilities is therefore the original's.

References
----------
The notebook of RyoSASAKI/MAXI_flare_ResNet; He et al. 2016, arXiv:1512.03385.
"""

from dataclasses import dataclass

import keras
from keras import layers

__all__ = ["Settings", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters. The defaults are those of the original."""

    side: int = 32
    """Side of the image [pixel]."""

    stem: tuple[int, int] = (32, 5)
    """Filters and kernel side of the first convolution."""

    stages: tuple[tuple[int, ...], ...] = ((32, 32, 32), (64, 64, 64))
    """Filters of the residual blocks; a pool stands before each stage."""

    pools: tuple[tuple[int, str], ...] = ((3, "same"), (2, "valid"))
    """Side and padding of those max-pools; each has stride 2."""

    classes: int = 2

    normalised: bool = True
    """Whether the outputs are divided by their sum; the original's sigmoids if not."""


def _convolution(filters: int, side: int) -> layers.Conv2D:
    return layers.Conv2D(filters, side, padding="same", kernel_initializer="he_normal")


def _block(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """Add two convolutions to a projection of their input; not activated afterwards."""
    shortcut = layers.Conv2D(filters, 1)(x)
    x = layers.ReLU()(layers.BatchNormalization()(_convolution(filters, 3)(x)))
    x = layers.BatchNormalization()(_convolution(filters, 3)(x))
    return layers.Add()([shortcut, x])


def build(settings: Settings | None = None) -> keras.Model:
    """Return the untrained network.

    Parameters
    ----------
    settings
        Hyperparameters; those of the original if left out.

    Returns
    -------
    :
        Input ``image``: ``(batch, side, side, 1)`` from
        `~models.maxi_flare.preprocess.preprocess`. Output ``probabilities``:
        ``(batch, classes)``, rows summing to 1, the positive class last; or ``sigmoids``, each in
        [0, 1] by itself, if not `Settings.normalised`.
    """
    settings = settings or Settings()
    image = keras.Input((settings.side, settings.side, 1), name="image")
    x = layers.ReLU()(layers.BatchNormalization()(_convolution(*settings.stem)(image)))
    for (side, padding), stage in zip(settings.pools, settings.stages, strict=True):
        x = layers.MaxPooling2D(side, strides=2, padding=padding)(x)
        for filters in stage:
            x = _block(x, filters)
    x = layers.GlobalAveragePooling2D()(x)
    logits = layers.Dense(settings.classes, kernel_initializer="he_normal", name="logits")(x)
    if settings.normalised:
        logarithms = layers.Activation("log_sigmoid", dtype="float32", name="log_sigmoids")(logits)
        outputs = layers.Softmax(dtype="float32", name="probabilities")(logarithms)
    else:
        outputs = layers.Activation("sigmoid", dtype="float32", name="sigmoids")(logits)
    return keras.Model(image, outputs, name="maxi_flare")
