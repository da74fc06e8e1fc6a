"""The layers of the strain networks: residual networks of six depths, on images and on series.

*Images* are constant-Q transforms ``(frequency, time, detector)``, as in the seed network, and the
layers are the seed's, oddities included: its ResNet16 and ResNet18 are made of bottlenecks, and every
bottleneck has a projection on its shortcut, without normalisation. *Series* are whitened strain
``(time, detector)``, and their networks are of the same depths in one dimension.

No convolution has a bias. The last layer gives one logit, as in the seed; the output is the
probability of noise and of a signal, which sum to 1.

Notes
-----
The seed's basic block fails to build (it passes an argument that does not exist), so its ResNet34
never ran. Ours is what the code means: a projection only where the stride is not 1.

References
----------
He et al. 2016, "Deep residual learning for image recognition", arXiv:1512.03385. The seed: X. Zhang,
multi-ResNet for G2Net.
"""

from dataclasses import dataclass

import keras
from keras import layers, ops

from models.strain_resnet.preprocess import IMAGE_SHAPE, SERIES_SHAPE

__all__ = ["BLOCKS", "SHIPPED", "Settings", "build"]

BLOCKS: dict[int, tuple[tuple[int, ...], bool]] = {
    10: ((1, 1, 1, 1), False),
    16: ((1, 2, 2, 1), True),
    18: ((2, 2, 2, 2), True),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True),
    152: ((3, 8, 36, 3), True),
}
"""Depth by name: blocks in each of the four stages, and whether they are bottlenecks. The seed has no
10; it is for hosts without a GPU."""

_STAGES = 4

_WIDEN = 4
"""Filters that a bottleneck puts out for each that it has inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Which network of the family. The defaults are the seed's smallest."""

    depth: int = 16
    """A key of `BLOCKS`."""

    dimensions: int = 2
    """2 for images, 1 for series."""

    widths: tuple[int, ...] = (64, 128, 256, 512)
    """Filters of each stage."""

    kernel: int = 3
    """Length of the kernels inside the blocks."""

    front: str = "joint"
    """``"joint"``: one convolution over all detectors, as in the seed. ``"shared"``, for series: two
    convolutions with one set of weights for each detector, which are joined after them."""

    front_filters: int = 16
    """Filters for each detector in a shared front."""

    stem: int = 7
    """Length of the kernel of the first convolution."""

    head: str = "mean"
    """``"mean"``: average over all places, as in the seed; ``"both"``: the maximum beside it."""

    dropout: float = 0.0
    """Share of the features left out before the last layer in training."""

    momentum: float = 0.99
    """Of the moving statistics of the normalisations: less where there are few steps."""

    quick: bool = False
    """Normalise by `~models.training.fused_normalization`: faster to train, the same weights."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return IMAGE_SHAPE if self.dimensions == 2 else SERIES_SHAPE  # noqa: PLR2004 - a plane


SHIPPED = Settings(
    depth=10,
    dimensions=1,
    widths=(48, 64, 96, 128),
    kernel=7,
    front="shared",
    stem=32,
    head="both",
    dropout=0.3,
)
"""The one that is trained if nobody asks for another; the manifest says which one ``weights/`` has."""


def build(settings: Settings | None = None) -> keras.Model:
    """Return the untrained network.

    Parameters
    ----------
    settings
        Which of them; the seed's ResNet16 if left out.

    Returns
    -------
    :
        Input ``strain``: ``(batch, 69, 129, 3)`` or ``(batch, 2048, 3)`` from
        `~models.strain_resnet.preprocess`. Output ``probabilities``: ``(batch, 2)``, of noise and
        of a signal.

    Raises
    ------
    ValueError
        If there is no network of these settings.
    """
    settings = settings or Settings()
    _check(settings)
    strain = keras.Input(settings.input_shape, name="strain")
    x = _shared_front(strain, settings) if settings.front == "shared" else _stem(strain, settings)
    counts, bottleneck = BLOCKS[settings.depth]
    for stage, count in enumerate(counts):
        for number in range(count):
            stride = 2 if stage > 0 and number == 0 else 1
            block = _bottleneck if bottleneck else _basic
            x = block(x, settings.widths[stage], stride, settings)
    x = _pooled(x, settings)
    if settings.dropout:
        x = layers.Dropout(settings.dropout)(x)
    logit = layers.Dense(1, name="logits", dtype="float32")(x)
    both = ops.concatenate([ops.zeros_like(logit), logit], axis=-1)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(both)
    name = f"resnet{settings.depth}_{settings.dimensions}d"
    return keras.Model(strain, probabilities, name=name)


def _check(settings: Settings) -> None:
    if len(settings.widths) != _STAGES:
        raise ValueError(f"widths must be one for each of {_STAGES} stages, not {settings.widths}")
    if settings.depth not in BLOCKS:
        raise ValueError(f"there is no depth {settings.depth}, only {', '.join(map(str, BLOCKS))}")
    if settings.dimensions not in (1, 2):
        raise ValueError(f"dimensions must be 1 or 2, not {settings.dimensions}")
    fronts = ("joint", "shared") if settings.dimensions == 1 else ("joint",)
    if settings.front not in fronts:
        raise ValueError(f"front must be one of {fronts} here, not {settings.front!r}")
    if settings.head not in ("mean", "both"):
        raise ValueError(f'head must be "mean" or "both", not {settings.head!r}')


def _convolve(
    x: keras.KerasTensor, filters: int, kernel: int, settings: Settings, stride: int = 1
) -> keras.KerasTensor:
    kind = layers.Conv2D if settings.dimensions == 2 else layers.Conv1D  # noqa: PLR2004 - a plane
    return kind(filters, kernel, strides=stride, padding="same", use_bias=False)(x)


def _normalise(
    x: keras.KerasTensor, settings: Settings, *, activate: bool = True
) -> keras.KerasTensor:
    if settings.quick:
        from models.training.fused_normalization import FusedNormalization

        x = FusedNormalization(momentum=settings.momentum)(x)
    else:
        x = layers.BatchNormalization(momentum=settings.momentum)(x)
    return layers.ReLU()(x) if activate else x


def _stem(strain: keras.KerasTensor, settings: Settings) -> keras.KerasTensor:
    """Halve twice: a convolution that fits inside the input, and a maximum over three."""
    if settings.dimensions == 1:
        x = layers.Conv1D(settings.widths[0], settings.stem, strides=2, use_bias=False)(strain)
        return layers.MaxPooling1D(3, 2, padding="same")(_normalise(x, settings))
    x = layers.Conv2D(settings.widths[0], settings.stem, strides=2, use_bias=False)(strain)
    return layers.MaxPooling2D(3, 2, padding="same")(_normalise(x, settings))


def _shared_front(strain: keras.KerasTensor, settings: Settings) -> keras.KerasTensor:
    """Put every detector through the same layers, from 2048 samples to 256, then side by side.

    The detectors are an axis that no kernel reaches along.
    """
    samples, detectors = settings.input_shape
    filters = settings.front_filters
    x = layers.Reshape((detectors, samples, 1))(layers.Permute((2, 1))(strain))
    for kernel, stride in ((settings.stem, 2), (settings.stem // 2, 1)):
        size, steps = (1, kernel), (1, stride)
        x = layers.Conv2D(filters, size, strides=steps, padding="same", use_bias=False)(x)
        x = _normalise(layers.MaxPooling2D((1, 2))(x), settings)  # the pool first: half to do
    x = layers.Permute((2, 1, 3))(x)
    return layers.Reshape((samples // 8, detectors * filters))(x)


def _bottleneck(
    x: keras.KerasTensor, filters: int, stride: int, settings: Settings
) -> keras.KerasTensor:
    """Narrow, convolve, widen; the shortcut is always projected, and not normalised."""
    y = _normalise(_convolve(x, filters, 1, settings), settings)
    y = _normalise(_convolve(y, filters, settings.kernel, settings, stride), settings)
    y = _normalise(_convolve(y, filters * _WIDEN, 1, settings), settings, activate=False)
    shortcut = _convolve(x, filters * _WIDEN, 1, settings, stride)
    return layers.ReLU()(layers.Add()([y, shortcut]))


def _basic(
    x: keras.KerasTensor, filters: int, stride: int, settings: Settings
) -> keras.KerasTensor:
    """Convolve twice; the shortcut is projected only where the shape changes."""
    y = _normalise(_convolve(x, filters, settings.kernel, settings, stride), settings)
    y = _normalise(_convolve(y, filters, settings.kernel, settings), settings, activate=False)
    same = stride == 1 and x.shape[-1] == filters
    shortcut = x if same else _convolve(x, filters, 1, settings, stride)
    return layers.ReLU()(layers.Add()([y, shortcut]))


def _pooled(x: keras.KerasTensor, settings: Settings) -> keras.KerasTensor:
    plane = settings.dimensions == 2  # noqa: PLR2004 - a plane
    mean = layers.GlobalAveragePooling2D if plane else layers.GlobalAveragePooling1D
    most = layers.GlobalMaxPooling2D if plane else layers.GlobalMaxPooling1D
    if settings.head == "mean":
        return mean()(x)
    return layers.Concatenate()([most()(x), mean()(x)])
