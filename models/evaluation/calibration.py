"""Make probabilities mean what they say: of all events at 0.8, eight in ten are real.

Fit on the validation split, report on the test split. A temperature divides the logits, so it is
folded into the last layer (`models.training.calibrate`) and no score changes its rank.
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

__all__ = ["calibration_error", "cooled", "fit_temperature", "log_odds"]

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


def cooled(score: Float[ndarray, " n"], temperature: float) -> Float[ndarray, " n"]:
    """Return what scores of the positive class become once a temperature divides the logits.

    Examples
    --------
    >>> cooled(np.array([0.5, 0.9]), 2.0).tolist()
    [0.5, 0.75]
    """
    return np.asarray(1 / (1 + np.exp(-log_odds(score)[:, 1] / temperature)))


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
