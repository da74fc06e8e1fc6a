"""How the pulse networks are trained: values, by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.xgamma_pulse.network import VARIANTS as LAYERS

__all__ = ["VARIANTS", "Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters. The manifest has those of the weights in ``weights/``."""

    networks: tuple[str, ...] = tuple(LAYERS)
    """Keys of `models.xgamma_pulse.network.VARIANTS`. The one that is served is saved, or else the
    first."""

    steps: int = 6_000
    """Updates of the weights of each network: with 128 pulses each, 50 epochs of 15,360."""

    batch: int = 128
    """As LSTM-FCN."""

    rate: float = 1e-3
    """Initial learning rate. A fixed 1e-4 was unstable in the thesis."""

    last: float = 0.01
    """What is left of the rate at the last step; the thesis does not state its decay."""

    precision: str = "mixed_bfloat16"
    """Keras policy: with AMX about twice as fast as ``float32``; without, use that."""

    seed: int = 20261122
    """Of the weights and of the pulses of all splits."""

    pool: int = 64
    """Blocks of 1,024 pulses to draw from (0.4 MB each)."""

    reuse: int = 1
    """How often a pulse is drawn on average: simulating is thirty times as fast as learning."""

    processes: int = 1
    """That simulate."""

    validated: int = 5_000
    """Pulses of the validation split that choose the best weights."""

    validate_every: int = 1_000

    judged: tuple[int, int] = (20_000, 20_000)
    """Pulses of the validation split, for temperature and threshold, and of the test split."""

    threads: int = 2
    """Cores for the network."""


VARIANTS: Mapping[str, Settings] = {
    "all": Settings(),
    **{name: Settings(networks=(name,)) for name in LAYERS},
    "short": Settings(
        networks=("resnet10", "lstm"),
        steps=120,
        batch=64,
        rate=3e-3,
        precision="float32",
        pool=8,
        processes=0,
        validated=500,
        validate_every=60,
        judged=(1_000, 1_000),
    ),
}
"""By name; the first makes the table and the weights that are shipped, ``short`` is for tests."""
