"""Judge the network on simulated candidates that it never saw, and calibrate it.

The splits of `models.deep_hits.simulate` share no seed. The temperature comes from the validation
split, the threshold and every figure from the test split. All figures are of *simulated*
candidates: they say how well the network learnt the simulation, not how it does on a survey.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

import keras
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from models.deep_hits.preprocess import preprocess
from models.deep_hits.simulate import blocks

__all__ = ["FALSE_POSITIVE_RATE", "calibrate", "figures", "interval", "roc_auc"]

FALSE_POSITIVE_RATE = 0.01
"""Share of artefacts that the threshold lets through: where Deep-HiTS quotes its missed transients."""

_EVEN = 0.5
"""Probability from which a candidate counts as real in an accuracy."""

_SNR_BINS = (7, 15)
"""Bounds of the SNR bins in which Deep-HiTS gives its accuracy."""

_BLOCK = 500


class _Judged(NamedTuple):
    """What the network said of candidates, and the truth; each ``(n,)``."""

    score: ndarray
    real: ndarray
    snr: ndarray
    kinds: ndarray


def calibrate(network: keras.Model, seed: int, n: int) -> float:
    """Fit the temperature on the validation split and fold it into the last dense layer.

    The network then gives ``softmax(logits / temperature)``, the probabilities with the lowest
    negative log-likelihood of that form.

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599.
    """
    judged = _judge(network, seed, "validation", n)
    score = np.clip(judged.score.astype(np.float64), 1e-7, 1 - 1e-7)
    odds = np.log(score) - np.log1p(-score)
    sign = np.where(judged.real, 1, -1)
    candidates = np.exp(np.linspace(np.log(0.2), np.log(5), 401))
    loss = [np.logaddexp(0, -sign * odds / temperature).mean() for temperature in candidates]
    temperature = float(candidates[int(np.argmin(loss))])
    layer = network.get_layer("logits")
    layer.set_weights([weight / temperature for weight in layer.get_weights()])
    return temperature


def figures(network: keras.Model, seed: int, n: int) -> dict[str, Any]:
    """Accuracy, AUC, missed transients and threshold on the test split.

    Returns
    -------
    :
        What the manifest keeps: each rate with its count and its 95 % interval.
    """
    score, real, snr, kinds = _judge(network, seed, "test", n)
    right = (score >= _EVEN) == real
    threshold = float(np.quantile(score[~real], 1 - FALSE_POSITIVE_RATE))
    return {
        "data": "simulated",
        "candidates": int(real.size),
        "real": int(real.sum()),
        "accuracy": _rate(right),
        "auc": roc_auc(score[real], score[~real]),
        "threshold": threshold,
        "falsePositiveRate": FALSE_POSITIVE_RATE,
        "missed": _rate(score[real] < threshold),
        "accuracyByKind": {str(kind): _rate(right[kinds == kind]) for kind in np.unique(kinds)},
        "accuracyBySnr": {name: _rate(right[rows]) for name, rows in _bins(snr).items()},
        "calibrationError": _calibration_error(score, real),
    }


def roc_auc(positive: Float[ndarray, " p"], negative: Float[ndarray, " n"]) -> float:
    """Probability that a positive scores above a negative; a tie counts one half.

    Examples
    --------
    >>> roc_auc(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
    0.875
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    ties = np.searchsorted(ordered, positive, side="right") - below
    return float((below + ties / 2).mean() / len(negative))


def interval(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a binomial rate, 95 % by default.

    Examples
    --------
    >>> low, high = interval(5, 10)
    >>> round(low, 3), round(high, 3)
    (0.237, 0.763)
    """
    rate = successes / trials
    centre = rate + z**2 / (2 * trials)
    half = z * np.sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z**2 / trials
    return float((centre - half) / scale), float((centre + half) / scale)


def _judge(network: keras.Model, seed: int, split: str, n: int) -> _Judged:
    """Score ``n`` candidates of a split, rounded up to whole blocks; the stamps are not kept."""
    parts = []
    for block in islice(blocks(seed, split, _BLOCK), -(-n // _BLOCK)):
        inputs = preprocess(block.samples).inputs
        score = np.asarray(network.predict_on_batch(inputs))[:, 1]
        parts.append((score, block.labels == 1, block.snr, block.kinds))
    return _Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _rate(hits: ndarray) -> Mapping[str, Any]:
    low, high = interval(int(hits.sum()), hits.size)
    return {"value": float(hits.mean()), "n": int(hits.size), "low95": low, "high95": high}


def _bins(snr: ndarray) -> dict[str, ndarray]:
    (low, high), size = _SNR_BINS, np.abs(snr)
    return {
        f"below {low}": size < low,
        f"{low} to {high}": (size >= low) & (size < high),
        f"from {high}": size >= high,
    }


def _calibration_error(score: ndarray, real: ndarray, bins: int = 15) -> float:
    """Mean distance of score from frequency, over bins of equal width weighted by their counts."""
    which = np.minimum((score * bins).astype(int), bins - 1)
    total = sum(abs(score[which == b].sum() - real[which == b].sum()) for b in range(bins))
    return float(total / score.size)
