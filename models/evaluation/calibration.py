"""Make probabilities mean what they say: of all events at 0.8, eight in ten are real.

Fit on the validation split, report on the test split. A temperature divides the logits, so it is
folded into the last layer and no score changes its rank. An isotonic fit follows any monotonic
curve, but needs many samples, and a function after the network.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

__all__ = ["Isotonic", "calibration_error", "fit_isotonic", "fit_temperature", "log_odds"]

_COLDEST, _HOTTEST = 1 / 50, 50.0


def log_odds(score: Float[ndarray, " n"]) -> Float[ndarray, "n 2"]:
    """Return logits whose softmax gives back the scores of the positive class.

    A score closer to 0 or 1 than 1e-7 is no better known than that.
    """
    clipped = np.clip(score.astype(np.float64), 1e-7, 1 - 1e-7)
    odds = np.log(clipped) - np.log1p(-clipped)
    return np.stack([np.zeros_like(odds), odds], axis=1)


def fit_temperature(logits: Float[ndarray, "n classes"], labels: Int[ndarray, " n"]) -> float:
    """Return the temperature whose ``softmax(logits / temperature)`` is the most likely.

    Notes
    -----
    The negative log-likelihood is convex in 1/temperature; its slope there is the mean logit that
    the probabilities expect less the mean logit of the true class, and we bisect to its zero.
    The result stays within 1/50 and 50.

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599.
    """
    centred = logits - logits.max(axis=1, keepdims=True)
    true = centred[np.arange(len(labels)), labels].mean()
    low, high = np.log(1 / _HOTTEST), np.log(1 / _COLDEST)
    for _ in range(50):
        middle = (low + high) / 2
        weights = np.exp(centred * np.exp(middle))
        expected = ((weights * centred).sum(axis=1) / weights.sum(axis=1)).mean()
        low, high = (low, middle) if expected > true else (middle, high)
    return float(np.exp(-(low + high) / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Isotonic:
    """A rising curve from scores to probabilities, straight between its knots."""

    score: Float[ndarray, " knots"]
    """Ascending."""

    probability: Float[ndarray, " knots"]

    def __call__(self, score: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
        """Return the calibrated probabilities."""
        return np.asarray(np.interp(score, self.score, self.probability))


def fit_isotonic(score: Float[ndarray, " n"], truth: Bool[ndarray, " n"]) -> Isotonic:
    """Return the rising step curve with the least squared distance from the truth.

    Neighbouring scores whose frequencies fall are pooled until none does; each pool gives the
    knots at its first and last score.

    References
    ----------
    Zadrozny & Elkan 2002, KDD '02, 694.

    Examples
    --------
    >>> curve = fit_isotonic(np.array([0.1, 0.2, 0.6, 0.9]), np.array([False, True, False, True]))
    >>> curve(np.array([0.0, 0.2, 0.6, 1.0])).tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    values, where, counts = np.unique(score, return_inverse=True, return_counts=True)
    hits = np.bincount(where, weights=truth)
    pools: list[tuple[float, int, int]] = []  # hits, samples, distinct scores
    for hit, count in zip(hits.tolist(), counts.tolist(), strict=True):
        pool = (hit, count, 1)
        while pools and pools[-1][0] * pool[1] >= pool[0] * pools[-1][1]:
            last = pools.pop()
            pool = (last[0] + pool[0], last[1] + pool[1], last[2] + pool[2])
        pools.append(pool)
    last_of = np.cumsum([distinct for _, _, distinct in pools]) - 1
    first_of = np.concatenate([[0], last_of[:-1] + 1])
    share = np.array([hit / count for hit, count, _ in pools])
    knots = np.stack([values[first_of], values[last_of]], axis=1).ravel()
    return Isotonic(score=knots.astype(np.float64), probability=np.repeat(share, 2))


def calibration_error(
    score: Float[ndarray, " n"], truth: Bool[ndarray, " n"], bins: int = 15
) -> float:
    """Mean distance of score from frequency, over bins of equal width weighted by their counts.

    Examples
    --------
    >>> round(calibration_error(np.array([0.8, 0.8, 0.8, 0.8]), np.array([1, 1, 0, 1]) > 0), 3)
    0.05
    """
    which = np.minimum((score * bins).astype(int), bins - 1)
    excess = np.bincount(which, weights=score - truth, minlength=bins)
    return float(np.abs(excess).sum() / score.size)
