"""Cross-validation as the original's: 20,000 images, every one judged by a network that never saw it.

The images are cut into folds of equal size; one network is trained on all but a fold and judged on
that fold, with the weights of its last step, so nothing is chosen by what it is judged on. Blocks
of the simulator are cut nowhere else, and no other split shares a seed with them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy import ndarray

from models.evaluation.rates import auc, rate
from models.maxi_flare.blocks import draw_sample, turn
from models.maxi_flare.network import build
from models.maxi_flare.scoring import predict_with
from models.training.fit import fit
from models.training.pool import Block
from models.training.recipe import Recipe

__all__ = ["cross_validate", "draw_batches", "fold_of"]

_DRAWS = 98
"""Sets the draws of batches apart from the simulator, which is seeded with (seed, split, index)."""


def fold_of(images: int, folds: int) -> ndarray:
    """Return the fold of each image, in equal runs: ``(images,)``.

    Examples
    --------
    >>> fold_of(10, 5).tolist()
    [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    """
    return np.arange(images) * folds // images


def draw_batches(
    inputs: ndarray, labels: ndarray, *, seed: int, batch: int
) -> Callable[[int], Iterator[Block]]:
    """Return batches of fixed images, turned at random; that of a step depends on the seed alone.

    Every image comes once before any comes again.
    """

    def batches(first_step: int) -> Iterator[Block]:
        step = first_step
        while True:
            places = np.arange(step * batch, (step + 1) * batch)
            rows = np.empty(batch, np.intp)
            for epoch in np.unique(places // len(labels)):
                order = np.random.default_rng([seed, _DRAWS, epoch]).permutation(len(labels))
                here = places // len(labels) == epoch
                rows[here] = order[places[here] % len(labels)]
            rng = np.random.default_rng([seed, _DRAWS, 0, step])
            yield turn(rng, inputs[rows], labels[rows])
            step += 1

    return batches


def cross_validate(
    recipe: Recipe, *, seed: int, images: int, folds: int, batch: int, runs: Path, resume: bool
) -> dict[str, Any]:
    """Train a network for each fold and judge it there.

    Returns
    -------
    :
        The accuracy over all images and in each fold, with counts and 95 % intervals.
    """
    sample = draw_sample(seed, "folds", images)
    fold, score = fold_of(len(sample.labels), folds), np.empty(len(sample.labels), np.float32)
    for number in range(folds):
        rest, held = fold != number, fold == number
        fitted = fit(
            build,
            draw_batches(sample.inputs[rest], sample.labels[rest], seed=seed, batch=batch),
            recipe,
            runs / f"fold{number + 1}",
            loss="sparse_categorical_crossentropy",
            resume=resume,
            title=f"maxi_flare fold {number + 1} of {folds}",
        )
        network = build()
        network.set_weights(fitted.weights)
        score[held] = predict_with(network)(sample.inputs[held])
        keras.backend.clear_session()
    truth = sample.labels == 1
    right = (score >= 1 / 2) == truth
    return {
        "images": int(truth.size),
        "folds": folds,
        "accuracy": rate(right),
        "accuracyByFold": {str(n + 1): rate(right[fold == n]) for n in range(folds)},
        "auc": auc(score[truth], score[~truth]),
    }
