"""Train the network on simulated images: ``skytriage train maxi-flare``.

First the cross-validation on 20,000 fixed images, as the original has one; then the network that is
shipped, which learns from images that never end. Both by the same recipe: Adam, sparse categorical
cross-entropy, which on these outputs is the original's loss. The weights with the lowest loss on
the validation split are kept; temperature and threshold come from it too, the figures from the
test split.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from models import artifact as artifacts
from models.artifact import Artifact
from models.evaluation.rates import threshold_at
from models.evaluation.table import FALSE_POSITIVE_RATE
from models.maxi_flare import MAXI_FLARE
from models.maxi_flare.blocks import BLOCK, Sample, draw_sample, simulate_block, turn
from models.maxi_flare.figures import table
from models.maxi_flare.folds import cross_validate
from models.maxi_flare.network import build
from models.maxi_flare.scoring import calibrate, predict_with
from models.maxi_flare.simulate import VERSION
from models.training.devices import limit_threads
from models.training.fit import Fitted, fit
from models.training.pool import Pool
from models.training.recipe import Recipe

__all__ = ["VARIANTS", "Settings", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters. The manifest has those of the weights in ``weights/``."""

    seed: int = 20261122

    steps: int = 8_000
    """Updates of the network that is shipped."""

    batch: int = 128

    rate: float = 2e-3
    """Largest learning rate; it decays to zero along a cosine after a warm-up."""

    precision: str = "mixed_bfloat16"
    """Keras policy: on a CPU with AMX a third faster than ``float32``; without, use that."""

    pool: int = 48
    """Blocks of 512 images to draw from: 1 MB each."""

    reuse: int = 4
    """How often an image is drawn on average, each time in a random orientation of eight."""

    processes: int = 1
    """That simulate."""

    folds: int = 5
    """Of the cross-validation; 0 leaves it out."""

    fold_images: int = 20_000

    fold_steps: int = 1_500
    """Updates of each of its networks: twelve times every image."""

    validated: int = 8_000
    """Images of the validation split that choose the best weights."""

    validate_every: int = 500

    judged: tuple[int, int] = (20_000, 40_000)
    """Images of the validation split, for temperature and threshold, and of the test split."""

    threads: int = 2
    """Cores for the network."""


VARIANTS: Mapping[str, Settings] = {
    "default": Settings(),
    "without-folds": Settings(folds=0),
}
"""By name; the first is the one whose weights are shipped."""


def train(
    settings: Settings, *, out: Path, runs: Path, version: str, resume: bool = False
) -> Artifact:
    """Cross-validate, train, calibrate, judge and save.

    Parameters
    ----------
    out
        Where `models.artifact.save` puts the weights; made if need be.
    runs
        Where the checkpoints and the learning curves go, a folder for each network.
    version
        What to call the result, such as ``"2026.11.1"``.
    resume
        Go on where a run in ``runs`` stopped.
    """
    limit_threads(settings.threads)
    folds = _cross_validate(settings, runs, resume=resume) if settings.folds else None
    held = draw_sample(settings.seed, "validation", settings.judged[0])
    with _pool(settings) as pool:
        fitted = fit(
            build,
            pool.batches,
            _recipe(settings, settings.steps, settings.validate_every),
            runs / "network",
            loss="sparse_categorical_crossentropy",
            resume=resume,
            validate=_validation(held, settings.validated),
            title="maxi_flare",
        )
    network = build()
    network.set_weights(fitted.weights)
    temperature = calibrate(network, held.inputs, held.labels)
    predict = predict_with(network)
    threshold = threshold_at(predict(held.inputs[held.labels == 0]), FALSE_POSITIVE_RATE)
    metrics = table(predict, settings.seed, settings.judged[1], threshold)
    if folds is not None:
        metrics["crossValidation"] = folds
    return artifacts.save(
        MAXI_FLARE,
        network,
        out,
        version=version,
        training=_account(settings, fitted),
        metrics=metrics,
        threshold=threshold,
        false_positive_rate=metrics["falsePositiveRate"]["value"],
        temperature=temperature,
    )


def _cross_validate(settings: Settings, runs: Path, *, resume: bool) -> dict[str, Any]:
    return cross_validate(
        _recipe(settings, settings.fold_steps, 0),
        seed=settings.seed,
        images=settings.fold_images,
        folds=settings.folds,
        batch=settings.batch,
        runs=runs,
        resume=resume,
    )


def _pool(settings: Settings) -> Pool:
    return Pool(
        simulate_block,
        seed=settings.seed,
        batch=settings.batch,
        block=BLOCK,
        size=settings.pool,
        reuse=settings.reuse,
        processes=settings.processes,
        augment=turn,
    )


def _recipe(settings: Settings, steps: int, validate_every: int) -> Recipe:
    return Recipe(
        steps=steps,
        rate=settings.rate,
        warmup=min(100, steps // 10),
        precision=settings.precision,
        seed=settings.seed,
        checkpoint_every=250,
        validate_every=validate_every,
    )


def _validation(held: Sample, n: int) -> Callable[[keras.Model], float]:
    """Return what gives the mean cross-entropy of a network on the first validation images."""

    def loss(network: keras.Model) -> float:
        score = predict_with(network)(held.inputs[:n]).astype(np.float64)
        likelihood = np.where(held.labels[:n] == 1, score, 1 - score)
        return float(-np.log(np.maximum(likelihood, 1e-7)).mean())

    return loss


def _account(settings: Settings, fitted: Fitted) -> dict[str, Any]:
    """Return what the manifest says of the training."""
    return {
        "data": "simulated",
        "simulator": f"models.maxi_flare.simulate {VERSION}",
        "images": settings.steps * settings.batch // settings.reuse,
        "validationLoss": fitted.best,
        **asdict(settings),
        "learningCurve": fitted.history,
    }
