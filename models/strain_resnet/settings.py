"""What is trained on simulated strain, and how: the variants by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from models.strain_resnet.augment import Augmentation
from models.strain_resnet.network import SHIPPED
from models.strain_resnet.network import Settings as Layers

__all__ = ["VARIANTS", "Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters. The manifest has those of the weights in ``weights/``."""

    layers: Layers
    """Which network."""

    steps: int
    """Updates of the weights."""

    batch: int = 128

    rate: float = 2e-3
    """Largest learning rate; it decays to zero along a cosine after a warm-up of 200 steps."""

    weight_decay: float = 1e-3

    precision: str = "mixed_bfloat16"
    """Keras policy."""

    quick: bool = True
    """Train with `~models.training.fused_normalization`, which is for CPUs."""

    seed: int = 20261122
    """Of the weights and of the segments."""

    pool: int = 64
    """Blocks of 512 segments to draw from: 6 MB each of series, 27 MB of images. Of 16 blocks, whose
    images come back after 60 steps, networks learn by heart what they saw last."""

    reuse: int = 4
    """How often a segment is drawn on average, changed as `augmentation` says."""

    processes: int = 1
    """That simulate."""

    augmentation: Augmentation = field(default_factory=Augmentation)

    validated: int = 8_000
    """Segments of the validation split that choose the best weights."""

    validate_every: int = 1_000

    judged: tuple[int, int] = (20_000, 20_000)
    """Segments of the validation split, for temperature and thresholds, and of the test split."""

    loudness: float = 1.0
    """What every SNR is multiplied by, in training and in the figures: 1, but in short tests."""

    threads: int = 2
    """Cores for the network."""


_IMAGES: Mapping[str, Any] = {
    "batch": 64,
    "rate": 1e-3,
    "validated": 2_048,
    "validate_every": 500,
}
"""What differs where images are learnt at the seed's widths, which takes ten times as long."""

_NARROW = replace(SHIPPED, widths=(16, 32, 64, 128))
"""What the deeper networks on series are made of: they have bottlenecks or many blocks."""

VARIANTS: Mapping[str, Settings] = {
    "resnet10-1d": Settings(layers=SHIPPED, steps=14_000),
    **{
        f"resnet{depth}-1d": Settings(layers=replace(_NARROW, depth=depth), steps=2_500)
        for depth in (16, 18, 34)
    },
    "resnet16-2d-narrow": Settings(
        layers=Layers(depth=16, widths=_NARROW.widths), steps=2_500, validate_every=500
    ),
    **{
        f"resnet{depth}-2d": Settings(layers=Layers(depth=depth), steps=20_000, **_IMAGES)
        for depth in (16, 18, 34, 50, 101, 152)
    },
    **{
        f"resnet{depth}-1d": Settings(layers=replace(_NARROW, depth=depth), steps=20_000)
        for depth in (50, 101, 152)
    },
    **{
        f"resnet{depth}-2d-short": Settings(
            layers=Layers(depth=depth, momentum=0.9),
            **{**_IMAGES, "batch": 32, "validated": 512, "validate_every": 60},
            steps=60,
            pool=8,
            judged=(1_000, 1_000),
            loudness=4.0,
        )
        for depth in (50, 101, 152)
    },
}
"""By name; the first is the one whose weights are shipped. Steps are for two cores in the first five,
of which the last four learn from the same 80,000 segments, and for a GPU in the others, which are ten
times as dear and more. The short ones show on two cores that the deepest learn, from signals four times
as loud."""
