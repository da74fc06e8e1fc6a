"""Train one of the pulse networks, and let it judge what it never saw."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy import ndarray

from models.evaluation.rates import rate
from models.network import FloatArray
from models.training.devices import host_share
from models.training.fit import Fitted, fit
from models.training.pool import Block, Pool
from models.training.recipe import Recipe
from models.xgamma_pulse.evaluate import PIECE, Judged, Score, judge
from models.xgamma_pulse.network import VARIANTS as LAYERS
from models.xgamma_pulse.network import build
from models.xgamma_pulse.settings import Settings
from models.xgamma_pulse.simulate import BLOCK, training_block

__all__ = ["Trained", "learn", "score_with"]


class Trained(NamedTuple):
    """One network after its training, not calibrated."""

    model: keras.Model
    fitted: Fitted
    validation: Judged
    test: Judged
    row: dict[str, Any]


def learn(name: str, settings: Settings, folder: Path, *, resume: bool) -> Trained:
    """Train one network and let it judge both splits.

    Parameters
    ----------
    name
        A key of `models.xgamma_pulse.network.VARIANTS`.
    folder
        Of this run.
    """
    with Pool(
        training_block,
        seed=settings.seed,
        batch=settings.batch,
        block=BLOCK,
        size=settings.pool,
        reuse=settings.reuse,
        processes=settings.processes,
    ) as pool:
        fitted = fit(
            lambda: build(LAYERS[name]),
            _timed(pool.batches, folder / "seconds.txt"),
            _recipe(settings),
            folder,
            loss="sparse_categorical_crossentropy",
            resume=resume,
            validate=lambda model: _loss(
                judge(score_with(model), settings.seed, "validation", settings.validated)
            ),
            title=f"xgamma_pulse {name}",
        )
    model = build(LAYERS[name])
    model.set_weights(fitted.weights)
    score = score_with(model)
    validation, test = (
        judge(score, settings.seed, split, n)
        for split, n in zip(("validation", "test"), settings.judged, strict=True)
    )
    row = {
        "parameters": model.count_params(),
        "validationLoss": _loss(validation),
        "validationAccuracy": _accuracy(validation),
        "testLoss": _loss(test),
        "testAccuracy": _accuracy(test),
        "trainingSeconds": float((folder / "seconds.txt").read_text(encoding="ascii")),
    }
    return Trained(model=model, fitted=fitted, validation=validation, test=test, row=row)


def _recipe(settings: Settings) -> Recipe:
    return Recipe(
        steps=settings.steps,
        rate=settings.rate,
        decay="exponential",
        factor=settings.last,
        decay_steps=settings.steps,
        precision=settings.precision,
        seed=settings.seed,
        checkpoint_every=250,
        validate_every=settings.validate_every,
        log_every=min(100, settings.steps // 4),
    )


def _timed(
    batches: Callable[[int], Iterator[Block]], path: Path
) -> Callable[[int], Iterator[Block]]:
    """Keep count of the seconds between batches, which are those of the training [s].

    A run that was killed and goes on adds to the count, so steps that were lost count too. Of
    several hosts, which share the folder and wait for each other, the first counts.
    """
    if host_share()[0]:
        return batches

    def counted(first_step: int) -> Iterator[Block]:
        spent = float(path.read_text(encoding="ascii")) if first_step and path.exists() else 0.0
        started = time.monotonic()
        for batch in batches(first_step):
            path.write_text(f"{spent + time.monotonic() - started:.1f}", encoding="ascii")
            yield batch

    return counted


def score_with(model: keras.Model) -> Score:
    """Make the function that scores with layers of Keras."""

    def score(inputs: FloatArray) -> ndarray:
        assert len(inputs) <= PIECE  # noqa: S101 - what judge promises
        return np.asarray(model.predict_on_batch(inputs))[:, 1]

    return score


def _loss(judged: Judged) -> float:
    """Binary cross-entropy."""
    right = np.where(judged.gamma, judged.score, 1 - judged.score)
    return float(-np.log(np.maximum(right.astype(np.float64), 1e-7)).mean())


def _accuracy(judged: Judged) -> dict[str, Any]:
    return rate((judged.score >= 1 / 2) == judged.gamma)
