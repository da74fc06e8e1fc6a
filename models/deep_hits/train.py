"""Train Deep-HiTS on simulated candidates: ``skytriage train deep-hits``.

Two stages, because a rotation costs as much as a candidate. First the convolutions and the dense
layers learn on one orientation, which is nearly four times as fast. Then the four rotations are
joined: arch7 starts as the mean over the rotations of what was learnt, because every block of
features gets a quarter of the dense weights; the cyclically pooled relative takes the weights as
they are. Last come temperature and threshold, from the validation split, and the figures, from
the test split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from models.artifact import Artifact, save
from models.deep_hits import DEEP_HITS
from models.deep_hits.evaluate import calibrate, judge, table
from models.deep_hits.network import Settings as Layers
from models.deep_hits.network import build
from models.deep_hits.original import train_from_file
from models.deep_hits.preprocess import preprocess
from models.deep_hits.simulate import SPLITS, VERSION, joined, simulate
from models.deep_hits.surveys import HITS, MIXED
from models.training.devices import limit_threads
from models.training.fit import Fitted, fit
from models.training.pool import Block, Pool
from models.training.recipe import Recipe

__all__ = ["VARIANTS", "Settings", "train", "train_from_file"]

_BLOCK = 1024
"""Candidates that the simulator hands over at once."""

_BRIGHT = 0.1
"""Share of the real candidates of the mixed survey that are brighter than those of HiTS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters. The manifest has those of the weights in ``weights/``."""

    layers: Layers = field(default_factory=Layers)

    steps: int = 34_000
    """Updates of both stages together."""

    first: float = 0.65
    """Share of them that sees one orientation."""

    batch: tuple[int, int] = (256, 128)
    """Candidates of a batch in each stage."""

    rate: tuple[float, float] = (1e-3, 4e-4)
    """Initial learning rate of each stage; it decays to zero along a cosine."""

    pool: int = 128
    """Blocks to draw from, of 1,024 candidates (3.5 kB each)."""

    reuse: int = 4
    """How often a candidate is drawn, each time in a random orientation of eight."""

    judged: tuple[int, int] = (20_000, 40_000)
    """Candidates of each survey in the validation split and in the test split."""

    processes: int = 1
    """That simulate."""

    threads: int = 2
    """Cores for the network."""

    precision: str = "mixed_bfloat16"
    """Keras policy: with AMX about twice as fast as ``float32``; without, use that."""

    seed: int = 20261122


VARIANTS: Mapping[str, Settings] = {
    "arch7": Settings(),
    "cyclic": Settings(layers=Layers(pooled=True, activation="ReLU")),
    "short": Settings(
        steps=150,
        first=0.8,
        batch=(64, 64),
        rate=(2e-3, 5e-4),
        pool=16,
        reuse=3,
        judged=(500, 1_000),
        precision="float32",
    ),
}
"""By name; the first is the one whose weights are shipped, ``short`` is for tests."""


def train(
    settings: Settings, *, out: Path, runs: Path, version: str, resume: bool = False
) -> Artifact:
    """Train, calibrate, judge and save.

    Parameters
    ----------
    out
        Where `models.artifact.save` puts the weights; made if need be.
    runs
        Where the checkpoints and the learning curves of both stages go.
    version
        What to call the result, such as ``"2026.11.1"``.
    resume
        Go on where a run in ``runs`` stopped.
    """
    limit_threads(settings.threads)
    one = _stage(settings, 0, None, runs, resume=resume)
    four = _stage(settings, 1, one.weights, runs, resume=resume)
    network = build(settings.layers)
    network.set_weights(four.weights)
    temperature, threshold = calibrate(network, settings.seed, settings.judged[0])
    metrics = table(judge(network, settings.seed, "test", settings.judged[1]), threshold)
    return save(
        DEEP_HITS,
        network,
        out,
        version=version,
        training={
            "data": "simulated",
            "simulator": f"models.deep_hits.simulate {VERSION}",
            **asdict(settings),
            "learningCurve": [*one.history, *_later(four.history, one.history[-1]["step"])],
        },
        metrics=metrics,
        threshold=threshold,
        false_positive_rate=metrics["mixed"]["falsePositiveRate"]["value"],
        temperature=temperature,
        layers=None if settings.layers == Layers() else asdict(settings.layers),
    )


def block(seed: int, index: int) -> Block:
    """Simulate a block of the training split, half of it of HiTS, half of all surveys."""
    rng = np.random.default_rng([seed, SPLITS["train"], index])
    half = _BLOCK // 2
    both = joined([simulate(rng, half, _BRIGHT, MIXED), simulate(rng, half, 0.0, HITS)])
    made = preprocess(both.samples)
    usable = np.ones(_BLOCK, bool)
    usable[list(made.rejected)] = False
    return made.inputs[usable].astype(np.float16), both.labels[usable]


def turn(rng: Generator, inputs: ndarray, labels: ndarray) -> Block:
    """Turn every stamp of a batch into one of its eight orientations."""
    turned = np.empty_like(inputs)
    orientation = rng.integers(0, 8, len(inputs))
    for number in range(8):
        rows = orientation == number
        images = np.rot90(inputs[rows], number % 4, axes=(1, 2))
        turned[rows] = images[:, :, ::-1] if number >= 4 else images  # noqa: PLR2004 - mirrored
    return turned, labels


def _stage(
    settings: Settings, stage: int, start: list[ndarray] | None, runs: Path, *, resume: bool
) -> Fitted:
    """Train with one orientation or with all."""
    first = round(settings.first * settings.steps)
    steps = (first, settings.steps - first)[stage]
    layers = settings.layers if stage else replace(settings.layers, rotations=1)

    def untrained() -> keras.Model:
        network = build(layers)
        if start is not None:
            network.set_weights(join(start, network.get_weights()))
        return network

    recipe = Recipe(
        steps=steps,
        rate=settings.rate[stage],
        precision=settings.precision,
        seed=settings.seed + stage,
        checkpoint_every=250,
        log_every=max(1, steps // 100),
    )
    with Pool(
        block,
        seed=settings.seed + stage,
        batch=settings.batch[stage],
        block=_BLOCK,
        size=settings.pool,
        reuse=settings.reuse,
        processes=settings.processes,
        augment=turn,
    ) as pool:
        return fit(
            untrained,
            pool.batches,
            recipe,
            runs / f"stage{stage + 1}",
            loss="sparse_categorical_crossentropy",
            resume=resume,
            title=f"deep_hits stage {stage + 1} of 2",
        )


def _later(history: Sequence[Mapping[str, Any]], steps: int) -> list[dict[str, Any]]:
    """Count the steps of a second stage on from those of the first."""
    return [{**point, "step": point["step"] + steps} for point in history]


def join(one: list[ndarray], four: list[ndarray]) -> list[ndarray]:
    """Start the four rotations as the mean of what one orientation learnt."""
    joined_weights = []
    for old, new in zip(one, four, strict=True):
        times = new.shape[0] // old.shape[0]
        joined_weights.append(old if times == 1 else np.tile(old, (times, 1)) / times)
    return joined_weights
