"""The layers of the five pulse networks, and nothing else.

====================  ==========  =====================================================
variant               parameters  layers
====================  ==========  =====================================================
``resnet10``             232,098  residual network, 10 convolutions in the shortcuts
``lstm_fcn``             272,690  an LSTM and three convolutions, side by side
``ncnn``                 265,986  the three convolutions alone
``lstm``                   6,706  the LSTM alone
``resnet16``             627,234  residual network, 16 convolutions in the shortcuts
====================  ==========  =====================================================

The thesis gives the names and the depths. LSTM-FCN is taken from its own publication, the residual
blocks from the network for electrocardiograms that is their likely ancestor: two wide convolutions,
activation before each of them, and a max-pool in the shortcut where the block halves the length.

References
----------
Karim et al. 2018, "LSTM Fully Convolutional Networks for Time Series Classification", IEEE Access
6, 1662: LSTM-FCN. Hannun et al. 2019, Nature Medicine 25, 65: the residual blocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import keras
from keras import layers, ops

from models.training.fused_normalization import FusedNormalization
from models.xgamma_pulse.waveforms import SAMPLES

__all__ = ["SERVED", "VARIANTS", "LstmFcn", "ResNet", "Settings", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LstmFcn:
    """Two branches whose features are joined; either may be left out."""

    cells: int = 8
    """Of the LSTM: 8, 64 or 128 in the publication; 0 leaves it out."""

    dropout: float = 0.8
    """Share of the cells left out in training."""

    convolutions: tuple[tuple[int, int], ...] = ((128, 8), (256, 5), (128, 3))
    """Filters and kernel of each convolution; none leaves the branch out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResNet:
    """Residual blocks of two convolutions each.

    Raises
    ------
    ValueError
        If the depth is odd or below 2.
    """

    depth: int = 10
    """Convolutions in the shortcuts: twice the number of blocks."""

    filters: int = 32
    """Of the first blocks."""

    widen_every: int = 4
    """Blocks after which the filters double."""

    halve_every: int = 2
    """The last block of each so many halves the length."""

    kernel: int = 16

    dropout: float = 0.2
    """Share left out between the convolutions of a block in training."""

    def __post_init__(self) -> None:
        if self.depth < 2 or self.depth % 2:  # noqa: PLR2004 - two convolutions make a block
            raise ValueError(f"the depth must be even and at least 2, not {self.depth}")


Settings: TypeAlias = LstmFcn | ResNet

VARIANTS: Mapping[str, Settings] = MappingProxyType(
    {
        "resnet10": ResNet(),
        "lstm_fcn": LstmFcn(),
        "ncnn": LstmFcn(cells=0),
        "lstm": LstmFcn(convolutions=()),
        "resnet16": ResNet(depth=16),
    }
)
"""The five networks of the thesis, in the order of its table."""

SERVED = "resnet10"
"""The variant whose weights are shipped."""


def build(settings: Settings | None = None, samples: int = SAMPLES) -> keras.Model:
    """Return an untrained network.

    Parameters
    ----------
    settings
        One of `VARIANTS` or others; that of `SERVED` if left out.
    samples
        Length of a waveform.

    Returns
    -------
    :
        Input ``waveforms``: ``(batch, samples, 1)`` from
        `~models.xgamma_pulse.preprocess.preprocess`. Output ``probabilities``: ``(batch, 2)``, of
        X-ray and gamma ray, rows summing to 1.
    """
    settings = settings or VARIANTS[SERVED]
    waveforms = keras.Input((samples, 1), name="waveforms")
    if isinstance(settings, ResNet):
        x = _residual(waveforms, settings)
    else:
        x = _branches(waveforms, settings)
    logits = layers.Dense(2, name="logits")(x)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    return keras.Model(waveforms, probabilities, name="xgamma_pulse")


def _branches(waveforms: keras.KerasTensor, settings: LstmFcn) -> keras.KerasTensor:
    """Join what an LSTM and convolutions make of the waveform."""
    found = []
    if settings.cells:
        # the whole waveform is one step: the publication's "dimension shuffle"
        x = layers.Permute((2, 1))(waveforms)
        x = layers.LSTM(settings.cells, unroll=True)(x)
        found.append(layers.Dropout(settings.dropout)(x))
    if settings.convolutions:
        x = waveforms
        for filters, kernel in settings.convolutions:
            x = layers.Conv1D(filters, kernel, padding="same", kernel_initializer="he_uniform")(x)
            x = layers.ReLU()(FusedNormalization()(x))
        found.append(layers.GlobalAveragePooling1D()(x))
    return layers.Concatenate()(found) if len(found) > 1 else found[0]


def _residual(waveforms: keras.KerasTensor, settings: ResNet) -> keras.KerasTensor:
    """Stem, blocks, average."""
    x = _activate(_convolve(waveforms, settings.filters, settings))
    for number in range(settings.depth // 2):
        x = _block(x, number, settings)
    x = _activate(x)
    return layers.GlobalAveragePooling1D()(x)


def _block(x: keras.KerasTensor, number: int, settings: ResNet) -> keras.KerasTensor:
    """Add two convolutions to their input; the stem has already activated that of the first."""
    filters = settings.filters * 2 ** (number // settings.widen_every)
    stride = 2 if number % settings.halve_every == settings.halve_every - 1 else 1
    shortcut = layers.MaxPooling1D(stride, padding="same")(x) if stride > 1 else x
    if filters > x.shape[-1]:
        shortcut = ops.pad(shortcut, ((0, 0), (0, 0), (0, filters - x.shape[-1])))
    if number:
        x = _activate(x)
    x = _convolve(x, filters, settings, stride)
    x = _activate(x)
    x = layers.Dropout(settings.dropout)(x)
    return layers.Add()([shortcut, _convolve(x, filters, settings)])


def _convolve(
    x: keras.KerasTensor, filters: int, settings: ResNet, stride: int = 1
) -> keras.KerasTensor:
    return layers.Conv1D(
        filters,
        settings.kernel,
        strides=stride,
        padding="same",
        kernel_initializer="he_normal",
    )(x)


def _activate(x: keras.KerasTensor) -> keras.KerasTensor:
    """Normalise and rectify; batches of 128 waveforms know mean and variance well after ten steps."""
    return layers.ReLU()(FusedNormalization(momentum=0.9)(x))
